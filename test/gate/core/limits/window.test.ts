import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { takeToken } from '../../../../gate/core/limits/bucket';
import { giveBack, takeFromWindow, takePlace } from '../../../../gate/core/limits/window';
import { MemoryCounter } from '../../support/fake-dict';

const START = 1_795_000_000_000;

describe('takeFromWindow', () => {
  it('agrees with a sliding log: at most N in any window, and never fewer than possible', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 120 }),
        (limit, gaps) => {
          const clock = { now: START };
          const dict = new MemoryCounter(clock);
          let log: number[] = [];
          for (const gap of gaps) {
            clock.now += gap;
            log = log.filter((at) => at > clock.now - 2000);
            const expected = log.length < limit;
            const taken = takeFromWindow(dict, 'k', { limit, length: 2000 }, clock.now);
            expect(taken.allowed).toBe(expected);
            if (expected) log.push(clock.now);
            else expect(taken.retryAfter).toBe(Math.max(1, Math.ceil(((log[0] ?? 0) + 2000 - clock.now) / 1000)));
          }
        },
      ),
    );
  });

  it('lets exactly the limit pass when workers interleave at every step', () => {
    const clock = { now: START };
    const dict = new MemoryCounter(clock);
    // Another worker takes a slot between this one's look at the pointer and its own try.
    class Interleaved extends MemoryCounter {
      override get(key: string): number | undefined {
        const value = dict.get(key);
        if (key.endsWith('#') && takeFromWindow(dict, 'k', { limit: 10, length: 1000 }, clock.now).allowed) count++;
        return value;
      }
      override add(key: string, value: number, timeout?: number): boolean {
        return dict.add(key, value, timeout);
      }
      override incr(key: string, delta: number, init?: number, timeout?: number): number {
        return dict.incr(key, delta, init, timeout);
      }
    }
    let count = 0;
    const other = new Interleaved(clock);
    for (let i = 0; i < 20; i++) {
      if (takeFromWindow(other, 'k', { limit: 10, length: 1000 }, clock.now).allowed) count++;
    }
    expect(count).toBe(10);
  });

  it('finds a slot that was given back', () => {
    const clock = { now: START };
    const dict = new MemoryCounter(clock);
    const slots = Array.from(
      { length: 5 },
      () => takeFromWindow(dict, 'k', { limit: 5, length: 1000 }, clock.now).slot,
    );
    giveBack(dict, slots[2] ?? '');
    expect(takeFromWindow(dict, 'k', { limit: 5, length: 1000 }, clock.now)).toMatchObject({
      allowed: true,
      slot: slots[2],
    });
    expect(takeFromWindow(dict, 'k', { limit: 5, length: 1000 }, clock.now).allowed).toBe(false);
  });
});

describe('takePlace', () => {
  it('gives each place once, until it is freed or its time is over', () => {
    const clock = { now: START };
    const dict = new MemoryCounter(clock);
    const places = Array.from({ length: 3 }, () => takePlace(dict, 'p', 3, clock.now, 500));
    expect(new Set(places)).toEqual(new Set(['p0', 'p1', 'p2']));
    expect(takePlace(dict, 'p', 3, clock.now, 500)).toBeUndefined();
    dict.delete('p1');
    expect(takePlace(dict, 'p', 3, clock.now, 500)).toBe('p1');
    clock.now += 500;
    expect(takePlace(dict, 'p', 3, clock.now, 500)).toBeDefined();
  });
});

describe('takeToken', () => {
  it('agrees with a token bucket that is refilled without pause', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3000 })), { minLength: 1, maxLength: 150 }),
        (requestsPerMinute, burst, gaps) => {
          const clock = { now: START };
          const dict = new MemoryCounter(clock);
          const perMs = requestsPerMinute / 60_000;
          let tokens = burst;
          for (const gap of gaps) {
            clock.now += gap;
            tokens = Math.min(burst, tokens + gap * perMs);
            // Too near the edge for the sums of fractions to agree: leave that request out.
            if (Math.abs(tokens - 1) < 0.001) continue;
            const taken = takeToken(dict, 'k', { requestsPerMinute, burst }, clock.now);
            expect(taken.allowed).toBe(tokens >= 1);
            if (taken.allowed) tokens -= 1;
            else
              expect(
                Math.abs(taken.retryAfter - Math.max(1, Math.ceil((1 - tokens) / perMs / 1000))),
              ).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });

  it('is full again, and no more than full, after any idle time', () => {
    const clock = { now: START };
    const dict = new MemoryCounter(clock);
    const plan = { requestsPerMinute: 60, burst: 3 };
    for (const idle of [0, 3000, 60_000, 86_400_000]) {
      clock.now += idle;
      const allowed = Array.from({ length: 5 }, () => takeToken(dict, 'k', plan, clock.now).allowed);
      expect(allowed).toEqual([true, true, true, false, false]);
    }
  });
});
