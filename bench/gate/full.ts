/** Everything that docs/benchmarks.md tells. */

import { loadavg } from 'node:os';
import { type FirstBytes, firstByte } from './first-byte';
import type { Load, Result } from './load';
import { interleaved, missLatency, prove } from './measures';
import { type Memory, memory } from './memory';
import { type PacedResult, pacedLoad } from './paced';
import { Missing } from './processes';
import { type Figures, figures, QUICK_STACKS } from './quick';
import type { Running, Stack } from './stack';
import { caddyStack } from './stacks/caddy';
import { envoyStack } from './stacks/envoy';
import { fastifyStack } from './stacks/fastify';
import { flaskStack } from './stacks/flask';
import { gateStack, keptGateStack } from './stacks/gate';
import { haproxyCacheStack, haproxyStack } from './stacks/haproxy';
import {
  authRequestCacheStack,
  authRequestStack,
  bareKeepAliveStack,
  bareStack,
  emptyHandlerStack,
} from './stacks/nginx';
import { traefikStack } from './stacks/traefik';
import { RESPONSES, type World } from './world';

const STACKS: readonly Stack[] = [
  gateStack,
  keptGateStack,
  bareStack,
  emptyHandlerStack,
  bareKeepAliveStack,
  authRequestCacheStack,
  authRequestStack,
  flaskStack,
  caddyStack,
  traefikStack,
  envoyStack,
  haproxyStack,
  haproxyCacheStack,
  fastifyStack,
];

const MILLION = 1_000_000;
/** Seconds for each of the two fillings of a cache, unless BENCH_FILL_SECONDS says otherwise. */
const PATIENCE = 900;
/** Bytes: enough for a million decisions, and far too little for as many as are then asked for. */
const LARGE_CACHE = 2 * 1024 ** 3;
const SMALL_CACHE = 4 * 1024 ** 2;

export interface Row {
  readonly stack: Stack;
  /** A result, or why there is none. */
  readonly result: Result | string;
}

export interface Report {
  readonly figures: Figures;
  /** How many processes wanted a core before the benchmark began, on average over a minute. */
  readonly otherLoad: number;
  readonly tables: Readonly<Record<keyof typeof RESPONSES, readonly Row[]>>;
  readonly paced: Readonly<Record<'gate' | 'bare', PacedResult>> & { readonly rate: number };
  readonly misses: Readonly<Record<'miss' | 'authorizer' | 'bare', Result>>;
  readonly firstByte: FirstBytes;
  readonly memory: readonly Memory[];
}

export async function full(world: World): Promise<Report> {
  const patience = readPatience();
  const [otherLoad = Number.NaN] = loadavg();
  const running = new Map<Stack, Running>();
  const absent = new Map<Stack, string>();
  try {
    for (const stack of STACKS) {
      try {
        const started = await stack.start(world);
        running.set(stack, started);
        await prove(started, world, !stack.isOpen);
      } catch (error) {
        if (!(error instanceof Missing) || process.env.CI === 'true') throw error;
        absent.set(stack, error.message);
        process.stderr.write(`${stack.name}: not measured, ${error.message}\n`);
      }
    }
    const table = async (response: keyof typeof RESPONSES): Promise<readonly Row[]> => {
      const stacks = STACKS.filter((stack) => response === 'small' || !stack.isApp);
      const rounds = response === 'small' ? 5 : 3;
      const results = await throughput(world, running, stacks, RESPONSES[response], rounds);
      return stacks.map((stack) => ({ stack, result: results[stack.name] ?? absent.get(stack) ?? 'not measured' }));
    };
    const tables = {
      small: await table('small'),
      browser: await table('browser'),
      speech: await table('speech'),
      stream: await table('stream'),
    };
    const speed = speedOf(tables.small);
    process.stderr.write('measuring latencies\n');
    const both = { gate: need(running, gateStack), bare: need(running, bareStack) };
    const rate = Math.round(speed.gate.throughput / 2);
    const urls = { gate: both.gate.url, bare: both.bare.url };
    const paced = await pacedLoad({ urls, key: world.key, rate, slices: 150 });
    const misses = await missLatency(world, both, { rounds: 7, seconds: 2 });
    const first = await firstByte(world);
    process.stderr.write('filling caches\n');
    const memories = [
      await memory(world, MILLION, LARGE_CACHE, patience),
      await memory(world, MILLION / 4, SMALL_CACHE, patience),
    ];
    return {
      figures: figures(speed, paced, misses),
      otherLoad,
      tables,
      paced: { ...paced, rate },
      misses,
      firstByte: first,
      memory: memories,
    };
  } finally {
    await Promise.all([...running.values()].map((started) => started.stop()));
  }
}

function throughput(
  world: World,
  running: ReadonlyMap<Stack, Running>,
  stacks: readonly Stack[],
  asked: Pick<Load, 'path' | 'headers'>,
  rounds: number,
): Promise<Readonly<Record<string, Result>>> {
  const loads = stacks.flatMap((stack) => {
    const started = running.get(stack);
    if (started === undefined) return [];
    const { url, group } = started;
    const { path, headers } = asked;
    return [[stack.name, () => ({ url, path, key: world.key, group, ...(headers && { headers }) })] as const];
  });
  process.stderr.write(`measuring ${asked.path} with ${loads.length} stacks\n`);
  return interleaved(Object.fromEntries(loads), { rounds, seconds: 1 });
}

export function resultOf(rows: readonly Row[], stack: Stack): Result {
  const result = rows.find((row) => row.stack === stack)?.result;
  if (result === undefined || typeof result === 'string') throw new Error(`${stack.name} was not measured: ${result}`);
  return result;
}

function need(running: ReadonlyMap<Stack, Running>, stack: Stack): Running {
  const started = running.get(stack);
  if (started === undefined) throw new Error(`${stack.name} does not run`);
  return started;
}

function speedOf(rows: readonly Row[]): Readonly<Record<keyof typeof QUICK_STACKS, Result>> {
  const entries = Object.entries(QUICK_STACKS).map(([name, stack]) => [name, resultOf(rows, stack)]);
  return Object.fromEntries(entries) as Record<keyof typeof QUICK_STACKS, Result>;
}

/** @throws Error when BENCH_FILL_SECONDS is no whole number of seconds. */
function readPatience(): number {
  const given = process.env.BENCH_FILL_SECONDS;
  if (given === undefined || given === '') return PATIENCE;
  if (!/^[1-9]\d{0,4}$/.test(given)) {
    throw new Error(`BENCH_FILL_SECONDS must be a whole number of seconds from 1 to 99999, got "${given}"`);
  }
  return Number(given);
}
