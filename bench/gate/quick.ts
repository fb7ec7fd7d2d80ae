/** The figures that tell most, in less than a minute. */

import type { Result } from './load';
import { interleaved, missLatency, prove } from './measures';
import { type PacedResult, pacedLoad } from './paced';
import type { Running, Stack } from './stack';
import { flaskStack } from './stacks/flask';
import { gateStack, keptGateStack } from './stacks/gate';
import { authRequestCacheStack, bareKeepAliveStack, bareStack, emptyHandlerStack } from './stacks/nginx';
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
  /** Throughput of a gate and of a bare nginx that both keep their connections to the app. */
  readonly keptCachedVsBare: number;
  readonly keptVsFlask: number;
  /** What an njs handler that decides nothing leaves of bare nginx's throughput. */
  readonly emptyHandlerVsBare: number;
}

export const QUICK_STACKS = {
  gate: gateStack,
  bare: bareStack,
  cache: authRequestCacheStack,
  flask: flaskStack,
  empty: emptyHandlerStack,
  keptGate: keptGateStack,
  keptBare: bareKeepAliveStack,
};
type Name = keyof typeof QUICK_STACKS;

export async function quick(world: World, begun: number): Promise<Figures> {
  const names = Object.keys(QUICK_STACKS) as Name[];
  const starting = await Promise.allSettled(names.map((name) => started(QUICK_STACKS[name], world)));
  const running = starting.flatMap((settled) => (settled.status === 'fulfilled' ? [settled.value] : []));
  try {
    for (const settled of starting) if (settled.status === 'rejected') throw settled.reason;
    const stacks = Object.fromEntries(names.map((name, index) => [name, running[index]])) as Record<Name, Running>;
    const load = (name: Name) => [name, () => ({ url: stacks[name].url, path: '/', key: world.key })] as const;
    const loads = Object.fromEntries(names.map(load)) as Record<Name, ReturnType<typeof load>[1]>;
    const speed = await interleaved(loads, { rounds: 3, seconds: 1, until: begun + 24_000 });
    const paced = await pacedLoad({
      urls: { gate: stacks.gate.url, bare: stacks.bare.url },
      key: world.key,
      rate: speed.gate.throughput / 2,
      slices: 40,
      until: begun + 38_000,
    });
    const misses = await missLatency(world, stacks, { rounds: 3, seconds: 1, until: begun + 50_000 });
    return rounded(figures(speed, paced, misses));
  } finally {
    await Promise.all(running.map((each) => each.stop()));
  }
}

/** From throughputs and latencies. */
export function figures(
  speed: Readonly<Record<Name, Result>>,
  paced: Readonly<Record<'gate' | 'bare', PacedResult>>,
  misses: Readonly<Record<'miss' | 'authorizer', Result>>,
): Figures {
  const ratio = (one: Name, other: Name) => speed[one].throughput / speed[other].throughput;
  return {
    cachedVsBare: ratio('gate', 'bare'),
    vsAuthRequestCache: ratio('gate', 'cache'),
    vsFlask: ratio('gate', 'flask'),
    addedP99Ms: paced.gate.p99 - paced.bare.p99,
    missAddedP99Ms: misses.miss.p99 - misses.authorizer.p99,
    keptCachedVsBare: ratio('keptGate', 'keptBare'),
    keptVsFlask: ratio('keptGate', 'flask'),
    emptyHandlerVsBare: ratio('empty', 'bare'),
  };
}

async function started(stack: Stack, world: World): Promise<Running> {
  const running = await stack.start(world);
  try {
    await prove(running, world, !stack.isOpen);
  } catch (error) {
    await running.stop();
    throw new Error(`${stack.name} ${error instanceof Error ? error.message : error}`);
  }
  return running;
}

function rounded(given: Figures): Figures {
  const entries = Object.entries(given).map(([name, value]) => [name, Math.round(value * 1000) / 1000]);
  return Object.fromEntries(entries) as Figures;
}
