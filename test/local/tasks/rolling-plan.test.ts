import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlannedTask, planNext, type Wanted } from '../../../local/tasks/rolling-plan.js';

const wanted = (desired: number, minimumHealthyPercent = 100, maximumPercent = 200): Wanted => ({
  desired,
  minimumHealthyPercent,
  maximumPercent,
});
const task = (id: string, current: boolean, healthy: boolean, createdAt = 0): PlannedTask => ({
  id,
  current,
  healthy,
  createdAt,
});
const stopped = (plan: ReturnType<typeof planNext>) => plan.stop.map(({ id }) => id);

describe('the next step of a service', () => {
  it('starts what is missing', () => {
    expect(planNext(wanted(2), [task('a', true, true)])).toEqual({ start: 1, stop: [] });
  });

  it('stops the unhealthy and the newest of too many', () => {
    const tasks = [task('a', true, true, 1), task('b', true, true, 2), task('c', true, false, 0)];
    expect(stopped(planNext(wanted(1), tasks))).toEqual(['c', 'b']);
  });

  it('starts new ones before it stops old ones', () => {
    const old = [task('a', false, true), task('b', false, true)];
    expect(planNext(wanted(2), old)).toEqual({ start: 2, stop: [] });
    const half = [...old, task('c', true, true), task('d', true, false)];
    expect(stopped(planNext(wanted(2), half))).toHaveLength(1);
    const done = [...old, task('c', true, true), task('d', true, true)];
    expect(stopped(planNext(wanted(2), done))).toEqual(['a', 'b']);
  });

  it('stops old ones first where no more than desired may exist', () => {
    const old = [task('a', false, true), task('b', false, true)];
    expect(planNext(wanted(2, 50, 100), old)).toMatchObject({ start: 0, stop: [{}] });
  });

  it('keeps what works while a new deployment fails', () => {
    const tasks = [task('a', false, true), task('new', true, false)];
    expect(planNext(wanted(1), tasks)).toEqual({ start: 0, stop: [] });
  });

  it('stops everything at a desired count of zero', () => {
    expect(stopped(planNext(wanted(0), [task('a', true, true), task('b', false, false)])).sort()).toEqual(['a', 'b']);
  });

  const tasks = fc.uniqueArray(
    fc.record({ id: fc.string(), current: fc.boolean(), healthy: fc.boolean(), createdAt: fc.nat() }),
    { selector: ({ id }) => id, maxLength: 12 },
  );
  const anyWanted = fc.record({
    desired: fc.nat(6),
    minimumHealthyPercent: fc.constantFrom(0, 50, 100),
    maximumPercent: fc.constantFrom(100, 150, 200),
  });

  it('never starts beyond the maximum, and never replaces below the minimum', () => {
    fc.assert(
      fc.property(anyWanted, tasks, (service, now) => {
        const plan = planNext(service, now);
        const maximum = Math.floor((service.desired * service.maximumPercent) / 100);
        expect(plan.start === 0 || now.length + plan.start <= maximum).toBe(true);
        const ids = new Set(stopped(plan));
        expect(ids.size).toBe(plan.stop.length);
        const healthy = (all: readonly PlannedTask[]) => all.filter((one) => one.healthy).length;
        const left = healthy(now.filter(({ id }) => !ids.has(id)));
        const minimum = Math.ceil((service.desired * service.minimumHealthyPercent) / 100);
        expect(left >= Math.min(minimum, healthy(now))).toBe(true);
      }),
    );
  });

  it('comes to rest with exactly the desired tasks of the new deployment', () => {
    fc.assert(
      fc.property(anyWanted, tasks, (service, initial) => {
        // With 100 % to 100 % (or rounded to that) Amazon ECS cannot replace anything either.
        const maximum = Math.floor((service.desired * service.maximumPercent) / 100);
        const minimum = Math.ceil((service.desired * service.minimumHealthyPercent) / 100);
        fc.pre(service.desired === 0 || minimum < maximum);
        let now: PlannedTask[] = initial.map((one) => ({ ...one, healthy: true }));
        for (let step = 0; step < 40; step += 1) {
          const plan = planNext(service, now);
          const ids = new Set(stopped(plan));
          const started = Array.from({ length: plan.start }, (_, i) => task(`new ${step} ${i}`, true, true, step));
          now = [...now.filter(({ id }) => !ids.has(id)), ...started];
        }
        expect(now.map(({ current }) => current)).toEqual(Array.from({ length: service.desired }, () => true));
      }),
    );
  });
});
