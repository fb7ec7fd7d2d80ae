/**
 * Quotas in a simulated fleet: whether any is ever exceeded, what dead gates forfeit, and what leases cost in
 * invocations. `npx tsx test/slow/quota-simulation.ts [faults|cost]`; without argument both. Exit code 1: a quota was
 * exceeded, or more was forfeited than dead gates held.
 */

import type { Quota } from '../../contract/quota';
import { simulate } from './quota/world';
import { ALL_FAULTS, type Faults, NO_FAULTS, type WorldOptions, type WorldReport } from './quota/world-options';

const NOON = Date.UTC(2026, 10, 24, 12) / 1000;
/** Half of the traffic lies before midnight, half behind it. */
const MIDNIGHT = Date.UTC(2026, 10, 25) / 1000;
const SECONDS = 1800;

/** Quotas around what the traffic needs: some keys stay below, most reach a limit, of whatever window. */
function scarce(_key: number, expected: number, random: () => number): Quota {
  const part = () => 0.1 + random() * 0.7;
  const perMinute = expected / (SECONDS / 60);
  return {
    minute: { requests: Math.ceil(1 + perMinute * 2 * part()), characters: Math.ceil(500 + perMinute * 500 * part()) },
    hour: { requests: Math.ceil(1 + expected * part()), characters: Math.ceil(500 + expected * 250 * part()) },
    day: { requests: Math.ceil(1 + expected * part()), characters: Math.ceil(500 + expected * 250 * part()) },
    month: { requests: Math.ceil(2 + expected * 2 * part()) },
  };
}

/** Never reached. */
const ample = (): Quota => ({ day: { requests: 1e9 }, month: { characters: 1e12 } });
/** Twice what the key needs on average: reached now and then by chance, where that is little. */
const perMinute = (seconds: number) => (_key: number, expected: number) => ({
  minute: { requests: Math.ceil((2 * expected) / (seconds / 60)) },
});

async function faults(): Promise<number> {
  console.log('100 gates, 1,000 keys, one million requests in half an hour around midnight');
  const cases: readonly (readonly [string, Faults])[] = [
    ['no fault', NO_FAULTS],
    ['every fault', ALL_FAULTS],
    ['every fault, clocks that jump', { ...ALL_FAULTS, clockJumpsPerHour: 6 }],
  ];
  let violations = 0;
  for (const [name, given] of cases) {
    const requests = 1_000_000;
    const report = await timed(name, {
      seed: 7,
      gates: 100,
      keys: 1000,
      requests,
      requestsPerSecond: requests / SECONDS,
      quota: scarce,
      faults: given,
      start: MIDNIGHT - SECONDS / 2,
    });
    violations += report.violations.length;
    for (const violation of report.violations.slice(0, 20)) console.log(`  EXCEEDED ${violation}`);
    console.log(
      [
        `  requests paid ${n(report.paid)}, refused by a limit ${n(report.limited)}, 503 ${n(report.failed)}, died with their gate ${n(report.died)}`,
        `  gates that crashed and restarted ${n(report.crashes)}; invocations ${n(report.invocations)}; table writes ${n(report.writes)}, of them second to another ${n(report.lostWriteRaces)}`,
        `  forfeited ${n(report.forfeited.requests)} requests (${percent(report.forfeited.requests, report.spent.requests)} of what was spent); the last leases of dead gates held ${n(report.mayForfeit.requests)}`,
        `  quotas exceeded: ${report.violations.length}`,
      ].join('\n'),
    );
  }
  return violations;
}

async function cost(): Promise<number> {
  console.log(
    'For a million requests, no fault (keys used by Zipf’s law): decisions alone would take so many invocations;',
  );
  console.log('quotas of day and month, never reached; quotas of a minute, twice what the key needs on average');
  console.log('  gates   keys   requests/s   decisions   day, month    minute   refused   table writes (minute)');
  const cases: readonly (readonly [gates: number, keys: number, perSecond: number])[] = [
    [2, 10, 10],
    [2, 10, 100],
    [2, 1000, 100],
    [10, 100, 100],
    [10, 1000, 1000],
    [100, 1000, 1000],
    [100, 1000, 10_000],
  ];
  let violations = 0;
  for (const [gates, keys, perSecond] of cases) {
    const requests = Math.min(1_000_000, perSecond * 1200);
    const options = { seed: 7, gates, keys, requests, requestsPerSecond: perSecond, faults: NO_FAULTS, start: NOON };
    const long = await simulate({ ...options, quota: ample });
    const short = await simulate({ ...options, quota: perMinute(requests / perSecond) });
    violations += long.violations.length + short.violations.length;
    const perMillion = (count: number) => n(Math.round((count / requests) * 1e6));
    console.log(
      [
        n(gates).padStart(7),
        n(keys).padStart(6),
        n(perSecond).padStart(12),
        perMillion(long.decisionInvocations).padStart(11),
        perMillion(long.invocations).padStart(12),
        perMillion(short.invocations).padStart(9),
        perMillion(short.limited).padStart(9),
        perMillion(short.writes).padStart(14),
      ].join(' '),
    );
  }
  return violations;
}

async function timed(name: string, options: WorldOptions): Promise<WorldReport> {
  const start = Date.now();
  const report = await simulate(options);
  console.log(`${name} (${((Date.now() - start) / 1000).toFixed(0)} s)`);
  return report;
}

function n(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(2)} %`;
}

async function main(): Promise<void> {
  const [what, ...rest] = process.argv.slice(2);
  if (rest.length > 0 || (what !== undefined && what !== 'faults' && what !== 'cost')) {
    console.error(`unknown argument "${[what, ...rest].join(' ')}"; allowed: nothing, "faults" or "cost"`);
    process.exit(2);
  }
  let violations = 0;
  if (what !== 'cost') violations += await faults();
  if (what !== 'faults') violations += await cost();
  process.exitCode = violations === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
