import { describe, expect, it } from 'vitest';
import type { Quota } from '../contract/quota';
import { simulate } from './slow/quota/world';
import { ALL_FAULTS, NO_FAULTS, type WorldOptions } from './slow/quota/world-options';

const MIDNIGHT = Date.UTC(2026, 10, 25) / 1000;
const SECONDS = 600;

/** Quotas around what the traffic needs, so that most keys reach a limit, of whatever window. */
function scarce(_key: number, expected: number, random: () => number): Quota {
  const part = () => 0.1 + random() * 0.7;
  const perMinute = (expected * 60) / SECONDS;
  return {
    minute: { requests: Math.ceil(1 + perMinute * 2 * part()), characters: Math.ceil(500 + perMinute * 500 * part()) },
    hour: { requests: Math.ceil(1 + expected * part()), characters: Math.ceil(500 + expected * 250 * part()) },
    day: { requests: Math.ceil(1 + expected * part()), characters: Math.ceil(500 + expected * 250 * part()) },
    month: { requests: Math.ceil(2 + expected * 2 * part()) },
  };
}

/** Small ones here, each with every kind of fault hundreds of times; test/slow/quota-simulation.ts has a large one. */
const fleet = (seed: number, requests: number): WorldOptions => ({
  seed,
  gates: 20,
  keys: 20,
  requests,
  requestsPerSecond: requests / SECONDS,
  quota: scarce,
  faults: ALL_FAULTS,
  start: MIDNIGHT - SECONDS / 2,
});

describe('a fleet of gates that crash, lose, repeat and delay messages, with clocks that are wrong', () => {
  it.each([1, 2, 3])(
    'exceeds no quota and forfeits no more than the last leases of dead gates (seed %i)',
    async (seed) => {
      const report = await simulate(fleet(seed, 6000));
      expect(report.violations).toEqual([]);
      // The faults did happen, and limits were reached.
      expect(report.crashes).toBeGreaterThan(5);
      expect(report.failed).toBeGreaterThan(0);
      expect(report.limited).toBeGreaterThan(1000);
      expect(report.paid).toBeGreaterThan(1500);
    },
  );

  it('exceeds no quota either when clocks jump', async () => {
    const report = await simulate({ ...fleet(4, 6000), faults: { ...ALL_FAULTS, clockJumpsPerHour: 60 } });
    expect(report.violations).toEqual([]);
  });
});

describe('a fleet without faults', () => {
  it('gives all keys their whole quota', async () => {
    const report = await simulate({
      ...fleet(5, 6000),
      faults: NO_FAULTS,
      start: MIDNIGHT - 86_400,
      quota: () => ({ day: { requests: 100 } }),
    });
    expect(report.violations).toEqual([]);
    expect(report.failed).toBe(0);
    expect(report.forfeited).toEqual({ requests: 0, characters: 0 });
    // Each of the twenty keys has far more than a hundred requests; what another gate holds may be missing.
    expect(report.paid).toBeGreaterThan(20 * 100 * 0.9);
  });

  it.each([
    ['minute', 15_000],
    ['hour', 6000],
  ] as const)('gives all keys their whole quota of each %s, and not one request more', async (period, requests) => {
    const quota = () => ({ [period]: { requests: 10 } });
    const report = await simulate({ ...fleet(7, requests), faults: NO_FAULTS, quota });
    expect(report.violations).toEqual([]);
    expect(report.failed).toBe(0);
    // The traffic meets eleven minutes, the first and the last in part, or two hours.
    expect(report.paid).toBeGreaterThan(period === 'minute' ? 2000 : 20 * 2 * 10 * 0.9);
    expect(report.paid).toBeLessThanOrEqual(20 * 10 * (period === 'minute' ? 11 : 2));
  });

  it('needs little more than the invocations that decisions need anyway', async () => {
    const report = await simulate({
      ...fleet(6, 6000),
      faults: NO_FAULTS,
      quota: () => ({ month: { requests: 1e9 } }),
    });
    expect(report.paid).toBe(6000);
    expect(report.invocations).toBeLessThan(report.decisionInvocations * 2);
  });
});
