/** The load at a given rate: Poisson arrivals, by programs/poisson-load.mjs. */

import { join } from 'node:path';
import { CONNECTIONS } from './load';
import { run } from './processes';

export interface Paced<Name extends string> {
  readonly urls: Readonly<Record<Name, string>>;
  readonly key: string;
  /** Requests a second, all connections together. */
  readonly rate: number;
  /** For each server: how often it has its turn of a tenth of a second. */
  readonly slices: number;
  /** Milliseconds since the epoch after which it is not tried again. */
  readonly until?: number;
}

export interface PacedResult {
  readonly requests: number;
  /** Milliseconds; the first two are medians over the slices, the last is of all requests. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** How late the generator itself sent although a connection was free: 99th percentile, median over the slices. */
  readonly late: number;
}

interface Said extends PacedResult {
  readonly refused: number;
  readonly inTime: number;
}

/** Milliseconds that the generator may be late. */
const LATE = 0.2;
/** The part of the requests that must be answered before the slice is over. */
const IN_TIME = 0.9;
const ATTEMPTS = 3;

/**
 * @throws Error when a request was refused or failed, and when each time that it was tried a server did not keep up with
 * the rate or the generator could not keep it: figures of any of these would say nothing.
 */
export async function pacedLoad<Name extends string>(given: Paced<Name>): Promise<Readonly<Record<Name, PacedResult>>> {
  const until = given.until ?? Number.POSITIVE_INFINITY;
  for (let attempt = 1; ; attempt++) {
    const results = await once(given, attempt);
    const names = Object.keys(given.urls) as Name[];
    const flaw = names.map((name) => flawOf(name, results[name], given.rate)).find((found) => found !== undefined);
    if (flaw === undefined) return results;
    if (attempt === ATTEMPTS || Date.now() > until)
      throw new Error(`${flaw}: measure again while no other program runs`);
    process.stderr.write(`${flaw}: once more\n`);
  }
}

function flawOf(name: string, { inTime, late }: Said, rate: number): string | undefined {
  if (inTime < IN_TIME) {
    return `${name} answered ${Math.round(inTime * 100)} % of ${Math.round(rate)} requests a second in time`;
  }
  return late > LATE ? `the load generator was ${late.toFixed(2)} ms late, more than ${LATE} ms` : undefined;
}

async function once<Name extends string>(
  { urls, key, rate, slices }: Paced<Name>,
  seed: number,
): Promise<Readonly<Record<Name, Said>>> {
  const program = join(import.meta.dirname, 'programs/poisson-load.mjs');
  const args = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128', program];
  const names = Object.keys(urls) as Name[];
  const env = {
    BENCH_URLS: names.map((name) => urls[name]).join(','),
    BENCH_KEY: key,
    BENCH_RATE: String(rate),
    BENCH_SLICES: String(slices),
    BENCH_SEED: String(seed),
    BENCH_CONNECTIONS: String(CONNECTIONS),
  };
  const timeout = names.length * slices * 100 + 20_000;
  const output = await run(process.execPath, args, { env, timeout });
  const found = /^RESULT (.*)$/m.exec(output)?.[1];
  if (found === undefined) throw new Error(`the load generator said nothing that can be read: ${output}`);
  const results = JSON.parse(found) as readonly Said[];
  for (const [index, { refused, requests }] of results.entries()) {
    if (refused > 0) throw new Error(`${names[index]} refused ${refused} of ${requests} requests`);
  }
  return Object.fromEntries(names.map((name, index) => [name, results[index]])) as Record<Name, Said>;
}
