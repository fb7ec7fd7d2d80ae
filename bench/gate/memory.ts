/** What a cache full of decisions takes, and what it still knows. */

import { call } from '../../test/gate/support/http';
import { CONNECTIONS, load } from './load';
import { prove } from './measures';
import { residentBytes } from './processes';
import type { Running } from './stack';
import { startGate } from './stacks/gate';
import { LASTING_FUNCTION, type World } from './world';

/** Keys asked for again, and how many of them the gate still knew: for the others it called the authorizer. */
export interface Sample {
  readonly asked: number;
  readonly hits: number;
}

export interface Memory {
  /** Distinct keys whose first request was answered. */
  readonly keys: number;
  readonly cacheBytes: number;
  /** Resident bytes of the gate's processes, shared zones counted once. */
  readonly before: number;
  readonly after: number;
  /** First requests of keys, a second. */
  readonly misses: number;
  /** Of the keys sent last. */
  readonly newest: Sample;
  /** Of keys at the same distance from one another over all of them. */
  readonly spread: Sample;
  /** Requests a second of a key that is cached, afterwards. */
  readonly hits: number;
}

const NEWEST = 100;
const SPREAD = 1000;

/** Numbers of keys that were sent one after another: the first, and how many. */
interface Range {
  readonly first: number;
  readonly count: number;
}

/**
 * Fills a gate's cache with so many keys, or as many as `patience` seconds are enough for, and asks for some of them
 * again. The authorizer allows each for an hour, so that none leaves the cache but by eviction.
 * @throws Error when any request is not answered by the app: evicting, the gate goes on serving.
 */
export async function memory(world: World, keys: number, cacheBytes: number, patience: number): Promise<Memory> {
  const gate = await startGate(world, { cacheBytes, authorizer: { positiveTtl: 3600 } }, LASTING_FUNCTION);
  try {
    await prove(gate, world, true);
    const before = residentBytes(gate.group);
    const stamp = `k${Date.now()}x`;
    const ranges: Range[] = [];
    let answered = 0;
    let next = 0;
    const start = Date.now();
    while (answered < keys && Date.now() - start < patience * 1000) {
      const { requests } = await load({
        ...{ url: gate.url, path: '/', key: world.key, seconds: 5 },
        ...{ distinct: stamp, first: next },
      });
      // wrk makes one request without sending it, and up to one a connection was under way when the time was up.
      ranges.push({ first: next + 2, count: requests - CONNECTIONS });
      answered += requests;
      next += requests + 2 * CONNECTIONS;
    }
    const misses = answered / ((Date.now() - start) / 1000);
    const after = residentBytes(gate.group);
    const numbers = ranges.flatMap(({ first, count }) => Array.from({ length: count }, (_, index) => first + index));
    const newest = await ask(world, gate, stamp, numbers.slice(-NEWEST));
    const step = Math.max(1, Math.floor(numbers.length / SPREAD));
    const spread = await ask(world, gate, stamp, numbers.filter((_, index) => index % step === 0).slice(0, SPREAD));
    const { throughput } = await load({ url: gate.url, path: '/', key: world.key, seconds: 3 });
    return { keys: answered, cacheBytes, before, after, misses, newest, spread, hits: throughput };
  } finally {
    await gate.stop();
  }
}

async function ask(world: World, gate: Running, stamp: string, numbers: readonly number[]): Promise<Sample> {
  const before = await world.authorizerCalls();
  for (const number of numbers) {
    const address = `172.16.${(number >> 8) & 255}.${number & 255}`;
    const headers = { Authorization: `Bearer e30.${stamp}${number}.c2ln`, 'X-Forwarded-For': address };
    const { status } = await call(gate.url, '/', { headers });
    if (status !== 200) throw new Error(`key ${number}, once allowed, was answered ${status} when it came again`);
  }
  return { asked: numbers.length, hits: numbers.length - ((await world.authorizerCalls()) - before) };
}
