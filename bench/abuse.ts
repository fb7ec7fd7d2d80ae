/**
 * What a flood of unknown, well-formed keys costs: `npx tsx bench/abuse.ts` sends a million of them from one and from a
 * thousand addresses to the gate as it ships, with the default limits, and prints the table of docs/abuse.md.
 */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatApiKey, generateApiKey } from '../contract/api-key';
import { resolveGateLimits } from '../lib/gate/gate-limits';
import { App } from '../test/gate/support/app';
import { buildGate, gateOptions } from '../test/gate/support/bundle';
import { type GateContainers, startGate } from '../test/gate/support/gate';
import { call } from '../test/gate/support/http';
import { allow, deny, LambdaEndpoint } from '../test/gate/support/lambda-endpoint';

const REQUESTS = Number(process.argv[2] ?? 1_000_000);
const CONNECTIONS = 64;
/** Milliseconds of one invocation, as of a warm function with its look-up. */
const INVOCATION = 15;
/** Milliseconds between two calls of each honest caller. */
const CACHED_EVERY = 20;
const NEW_EVERY = 250;

interface Honest {
  readonly milliseconds: number[];
  readonly statuses: Record<string, number>;
}

const good = new Map<string, string>();

function issue(): string {
  const key = generateApiKey(randomBytes);
  good.set(formatApiKey(key), key.keyId);
  return formatApiKey(key);
}

/** A first-time caller tries again after as long as it is told. */
async function callAs(gate: GateContainers, key: string, address: string, honest: Honest): Promise<void> {
  const began = performance.now();
  const headers = { 'x-api-key': key, 'x-forwarded-for': address };
  for (let first = true; ; first = false) {
    const { status, headers: answered } = await call(gate.url, '/voices', { headers });
    const name = first ? String(status) : `${status} after a retry`;
    honest.statuses[name] = (honest.statuses[name] ?? 0) + 1;
    if (status !== 429 || performance.now() - began > 10_000) break;
    await sleep(Number(answered['retry-after'] ?? 1) * 1000);
  }
  honest.milliseconds.push(performance.now() - began);
}

function every(milliseconds: number, work: () => Promise<void>): () => Promise<void> {
  const running = new Set<Promise<void>>();
  const timer = setInterval(() => {
    const one = work().finally(() => running.delete(one));
    running.add(one);
  }, milliseconds);
  return async () => {
    clearInterval(timer);
    await Promise.all(running);
  };
}

/** Resident memory of the gate's processes, in MiB. */
function resident(gate: GateContainers): number {
  let pages = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const group = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')[2];
      if (Number(group) === gate.pid) pages += Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    } catch {
      // It has ended in the meantime.
    }
  }
  return (pages * 4096) / 1024 ** 2;
}

async function measure(addresses: number) {
  const [bundle, app, lambda] = await Promise.all([buildGate(), App.start(), LambdaEndpoint.start()]);
  lambda.reset(async ({ event }) => {
    await sleep(INVOCATION);
    const keyId = good.get(event.identitySource[0] ?? '');
    return keyId === undefined ? deny(401) : allow({ keyId, rate: { requestsPerMinute: 100_000, burst: 1000 } });
  });
  const limits = resolveGateLimits('bench');
  const options = gateOptions({ cacheBytes: 16 * 1024 ** 2, limits });
  const gate = await startGate(bundle.packGate, options, { upstreamPort: app.port, lambdaUrl: lambda.url });
  // Their lines are not kept: the flood alone writes hundreds of megabytes.
  const forget = setInterval(() => {
    gate.stdout = '';
    gate.stderr = '';
    app.reset();
  }, 100);
  try {
    const known = issue();
    const cached: Honest = { milliseconds: [], statuses: {} };
    const fresh: Honest = { milliseconds: [], statuses: {} };
    await callAs(gate, known, '203.0.113.1', { milliseconds: [], statuses: {} });
    const before = resident(gate);
    let most = before;
    let honestCalls = 0;
    const stops = [
      every(CACHED_EVERY, () => callAs(gate, known, '203.0.113.1', cached)),
      every(NEW_EVERY, () => callAs(gate, issue(), `203.0.113.${2 + (honestCalls++ % 200)}`, fresh)),
      every(500, async () => {
        most = Math.max(most, resident(gate));
      }),
    ];
    lambda.invocations.length = 0;
    const flood = spawn(
      process.execPath,
      ['--import', 'tsx', `${__dirname}/abuse/flood.ts`, new URL(gate.url).port, REQUESTS, addresses, CONNECTIONS].map(
        String,
      ),
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const result = JSON.parse(await text(flood.stdout)) as {
      readonly seconds: number;
      readonly statuses: Readonly<Record<string, number>>;
    };
    for (const stop of stops) await stop();
    const strangers = lambda.invocations.filter(({ event }) => !good.has(event.identitySource[0] ?? '')).length;
    return { addresses, ...result, strangers, memory: { before, most }, cached: tell(cached), fresh: tell(fresh) };
  } finally {
    clearInterval(forget);
    await gate.stop();
    await Promise.all([app.stop(), lambda.stop()]);
  }
}

function tell({ milliseconds, statuses }: Honest) {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (part: number) => Math.round((sorted[Math.floor(part * (sorted.length - 1))] ?? 0) * 10) / 10;
  return { calls: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1), statuses };
}

async function main(): Promise<void> {
  for (const addresses of [1, 1000]) console.log(JSON.stringify(await measure(addresses), null, 2));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
