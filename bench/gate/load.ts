/** The load: wrk with 32 connections, as fast as they go. paced.ts has that of a given rate. */

import { join } from 'node:path';
import { programOnPath } from './peers';
import { cpuSeconds, run } from './processes';

export const CONNECTIONS = 32;

export interface Load {
  readonly url: string;
  readonly path: string;
  readonly key: string;
  /** Seconds. */
  readonly seconds: number;
  readonly connections?: number;
  /** A text that no other load has: each request gets a credential and a client address of its own. */
  readonly distinct?: string;
  /** The number of the first of them. */
  readonly first?: number;
  /** Sent beside the key. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST, without a key. */
  readonly body?: string;
  /** Process group of what is measured. */
  readonly group?: number;
}

export interface Result {
  readonly requests: number;
  /** Requests a second. */
  readonly throughput: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Microseconds of CPU that the measured group used for one request; NaN without a group. */
  readonly cpu: number;
}

/** @throws Error when any request was refused or failed: a benchmark of refusals would say nothing. */
export async function load(given: Load): Promise<Result> {
  const connections = given.connections ?? CONNECTIONS;
  const env = {
    PATH: process.env.PATH,
    BENCH_PATH: given.path,
    BENCH_KEY: given.key,
    ...(given.distinct && { BENCH_DISTINCT: given.distinct, BENCH_FIRST: String(given.first ?? 0) }),
    ...(given.headers && {
      BENCH_HEADERS: Object.entries(given.headers)
        .map(([name, value]) => `${name}: ${value}\n`)
        .join(''),
    }),
    ...(given.body && { BENCH_BODY: given.body }),
  };
  const script = join(import.meta.dirname, 'programs/wrk.lua');
  const args = ['-t1', `-c${connections}`, `-d${given.seconds}s`, '--timeout', '5s', '-s', script, given.url];
  const before = given.group === undefined ? Number.NaN : cpuSeconds(given.group);
  const output = await run(programOnPath('wrk', 'wrk'), args, { env, timeout: given.seconds * 1000 + 20_000 });
  const after = given.group === undefined ? Number.NaN : cpuSeconds(given.group);
  const found = /^RESULT (.*)$/m.exec(output)?.[1];
  if (found === undefined) throw new Error(`wrk said nothing that can be read: ${output}`);
  const result = JSON.parse(found) as Readonly<
    Record<'requests' | 'seconds' | 'refused' | 'failed' | 'p50' | 'p99' | 'p999', number>
  >;
  if (result.requests === 0) throw new Error(`no request to ${given.url} was answered within ${given.seconds} s`);
  if (result.refused + result.failed > 0) {
    throw new Error(
      `of ${result.requests} requests to ${given.url} ${result.refused} were refused, ${result.failed} failed`,
    );
  }
  const { requests, seconds, p50, p99, p999 } = result;
  return { requests, throughput: requests / seconds, p50, p99, p999, cpu: ((after - before) * 1e6) / requests };
}
