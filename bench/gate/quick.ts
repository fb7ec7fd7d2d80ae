/** The five figures that tell most, in less than a minute. */

import { interleaved, missLatency, pacedLatency, prove } from './measures';
import type { Running, Stack } from './stack';
import { flaskStack } from './stacks/flask';
import { gateStack } from './stacks/gate';
import { authRequestCacheStack, bareStack } from './stacks/nginx';
import type { World } from './world';

export interface Figures {
  /** Throughput of an allowed request whose decision is cached, as ratios. */
  readonly cachedVsBare: number;
  readonly vsAuthRequestCache: number;
  readonly vsFlask: number;
  /** Milliseconds that the gate adds at the 99th percentile, at half of its own capacity. */
  readonly addedP99Ms: number;
  /** Milliseconds at the 99th percentile that a request which must ask takes longer than the authorizer alone. */
  readonly missAddedP99Ms: number;
}

export async function quick(world: World, begun: number): Promise<Figures> {
  const [gate, bare, cache, flask] = await Promise.all([
    started(gateStack, world),
    started(bareStack, world),
    started(authRequestCacheStack, world),
    started(flaskStack, world),
  ]);
  try {
    const full = (running: Running) => () => ({ url: running.url, path: '/', key: world.key });
    const loads = { gate: full(gate), bare: full(bare), cache: full(cache), flask: full(flask) };
    const speed = await interleaved(loads, { rounds: 3, seconds: 1, until: begun + 22_000 });
    const half = speed.gate.throughput / 2;
    const paced = await pacedLatency(world, { gate, bare }, half, { rounds: 3, seconds: 2, until: begun + 38_000 });
    const misses = await missLatency(world, { gate, bare }, { rounds: 3, seconds: 1, until: begun + 48_000 });
    return {
      cachedVsBare: rounded(speed.gate.throughput / speed.bare.throughput),
      vsAuthRequestCache: rounded(speed.gate.throughput / speed.cache.throughput),
      vsFlask: rounded(speed.gate.throughput / speed.flask.throughput),
      addedP99Ms: rounded(paced.gate.p99 - paced.bare.p99),
      missAddedP99Ms: rounded(misses.miss.p99 - misses.authorizer.p99),
    };
  } finally {
    await Promise.all([gate, bare, cache, flask].map((running) => running.stop()));
  }
}

async function started(stack: Stack, world: World): Promise<Running> {
  const running = await stack.start(world);
  try {
    await prove(running, world, stack !== bareStack);
  } catch (error) {
    await running.stop();
    throw new Error(`${stack.name} ${error instanceof Error ? error.message : error}`);
  }
  return running;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
