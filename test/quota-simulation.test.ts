import { describe, expect, it } from 'vitest';
import type { Quota } from '../contract/quota';
import { simulate } from './slow/quota/world';
import { ALL_FAULTS, NO_FAULTS, type WorldOptions } from './slow/quota/world-options';

const MIDNIGHT = Date.UTC(2026, 10, 25) / 1000;

/** Quotas around what the traffic needs, so that most keys reach a limit. */
function scarce(_key: number, expected: number, random: () => number): Quota {
  const part = () => 0.1 + random() * 0.7;
  return {
    day: { requests: Math.ceil(1 + expected * part()), characters: Math.ceil(500 + expected * 250 * part()) },
    month: { requests: Math.ceil(2 + expected * 2 * part()) },
  };
}

const fleet = (seed: number): WorldOptions => ({
  seed,
  gates: 20,
  keys: 40,
  requests: 30_000,
  requestsPerSecond: 50,
  quota: scarce,
  faults: ALL_FAULTS,
  start: MIDNIGHT - 300,
});

describe('a fleet of gates that crash, lose, repeat and delay messages, with clocks that are wrong', () => {
  it.each([1, 2, 3])(
    'exceeds no quota and forfeits no more than the last leases of dead gates (seed %i)',
    async (seed) => {
      const report = await simulate(fleet(seed));
      expect(report.violations).toEqual([]);
      // The faults did happen, and limits were reached.
      expect(report.crashes).toBeGreaterThan(5);
      expect(report.failed).toBeGreaterThan(0);
      expect(report.limited).toBeGreaterThan(1000);
      expect(report.paid).toBeGreaterThan(5000);
    },
  );

  it('exceeds no quota either when clocks jump', async () => {
    const report = await simulate({ ...fleet(4), faults: { ...ALL_FAULTS, clockJumpsPerHour: 60 } });
    expect(report.violations).toEqual([]);
  });
});

describe('a fleet without faults', () => {
  it('gives all keys their whole quota', async () => {
    const report = await simulate({
      ...fleet(5),
      faults: NO_FAULTS,
      start: MIDNIGHT - 86_400,
      quota: () => ({ day: { requests: 100 } }),
    });
    expect(report.violations).toEqual([]);
    expect(report.failed).toBe(0);
    expect(report.forfeited).toEqual({ requests: 0, characters: 0 });
    // Each of the forty keys has far more than a hundred requests; what another gate holds may be missing.
    expect(report.paid).toBeGreaterThan(40 * 100 * 0.9);
  });

  it('needs little more than the invocations that decisions need anyway', async () => {
    const report = await simulate({ ...fleet(6), faults: NO_FAULTS, quota: () => ({ month: { requests: 1e9 } }) });
    expect(report.paid).toBe(30_000);
    expect(report.invocations).toBeLessThan(report.decisionInvocations * 2);
  });
});
