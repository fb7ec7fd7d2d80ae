/** What is measured, always in rounds in which all that is compared takes its turn. */

import { call } from '../../test/gate/support/http';
import { type Load, load, type Result } from './load';
import type { Running } from './stack';
import type { World } from './world';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Medians of several results, figure by figure. */
export function medians(results: readonly Result[]): Result {
  const of = (name: keyof Result) => median(results.map((result) => result[name]));
  return {
    requests: of('requests'),
    throughput: of('throughput'),
    p50: of('p50'),
    p99: of('p99'),
    p999: of('p999'),
    cpu: of('cpu'),
  };
}

export interface Rounds {
  readonly rounds: number;
  /** Seconds of each load. */
  readonly seconds: number;
  /** Milliseconds since the epoch after which no further round begins; one is always run. */
  readonly until?: number;
}

/** Runs each load once a round, and gives the medians under the same names. */
export async function interleaved<Name extends string>(
  loads: Readonly<Record<Name, (round: number) => Omit<Load, 'seconds'>>>,
  { rounds, seconds, until = Number.POSITIVE_INFINITY }: Rounds,
): Promise<Readonly<Record<Name, Result>>> {
  const names = Object.keys(loads) as Name[];
  const results = new Map<Name, Result[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds && (round === 0 || Date.now() < until); round++) {
    // Every other round runs backwards, so that nobody always follows the same neighbour.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      results.get(name)?.push(await load({ ...loads[name](round), seconds }));
    }
  }
  return Object.fromEntries(names.map((name) => [name, medians(results.get(name) ?? [])])) as Record<Name, Result>;
}

/** Sees that the stack refuses who has no key and lets the key through. @throws Error when it does not. */
export async function prove(running: Running, world: World, authorizes: boolean): Promise<void> {
  const statuses: number[] = [];
  const credentials: readonly Readonly<Record<string, string>>[] = [{}, { 'X-API-Key': world.key }];
  for (const headers of credentials) {
    statuses.push((await call(running.url, '/', { headers })).status);
  }
  const expected = authorizes ? 401 : 200;
  if (statuses[0] !== expected || statuses[1] !== 200) {
    throw new Error(`answers ${statuses[0]} without a key and ${statuses[1]} with one, not ${expected} and 200`);
  }
}

/** Latency of requests that must ask the authorizer, and of the authorizer asked alone over TLS, one at a time. */
export async function missLatency(
  world: World,
  stacks: { readonly gate: Running; readonly bare: Running },
  rounds: Rounds,
): Promise<Readonly<Record<'miss' | 'authorizer' | 'bare', Result>>> {
  const shared = { path: '/', key: world.key, connections: 1 };
  const stamp = Date.now();
  const body = JSON.stringify({ version: '2.0', type: 'REQUEST', padding: 'x'.repeat(700) });
  return interleaved(
    {
      miss: (round) => ({ ...shared, url: stacks.gate.url, distinct: `m${stamp}r${round}x` }),
      authorizer: () => ({
        ...shared,
        url: world.secureAuthorizer,
        path: '/2015-03-31/functions/authorizer/invocations',
        body,
      }),
      bare: () => ({ ...shared, url: stacks.bare.url }),
    },
    rounds,
  );
}
