/** Guessing in real nginx: what it costs the guesser, and what it does not cost others. */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatApiKey, generateApiKey } from '../../contract/api-key';
import type { Deny } from '../../contract/decision';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call } from './support/http';
import { allow, answer } from './support/lambda-endpoint';

const FAILURES = 5;
const BAN = 3;
/** Of unknown keys, in a minute, of a client that is banned. */
const LOOKUPS = 10;

const good = new Map<string, string>();
const refused = new Map<string, Deny['reason']>();
/** Strangers' invocations wait for this. */
let gateOfStrangers: Promise<void> = Promise.resolve();

const { lambda, startGate } = gateWorld(async ({ event }) => {
  const [key = ''] = event.identitySource;
  const keyId = good.get(key);
  if (keyId === undefined) await gateOfStrangers;
  return keyId === undefined
    ? answer({ outcome: 'deny', status: 401, reason: refused.get(key) ?? 'unknown', ttl: 10 })
    : allow({ keyId });
});
let gate: GateContainers;

beforeAll(async () => {
  gate = await startGate({
    cacheBytes: 65_536,
    authorizer: { positiveTtl: 600, negativeTtl: 10 },
    limits: { missesPerMinute: 100_000, requestsPerMinute: 100_000, failuresPerMinute: FAILURES, banSeconds: BAN },
  });
});

const newKey = () => {
  const key = generateApiKey(randomBytes);
  return { text: formatApiKey(key), keyId: key.keyId };
};

function issue(): string {
  const { text, keyId } = newKey();
  good.set(text, keyId);
  return text;
}

const ask = (key: string | undefined, address: string, path = '/voices') =>
  call(gate.url, path, { headers: { ...(key && { 'x-api-key': key }), 'x-forwarded-for': address } });

/** Failures are counted by the minute of the clock: a test must not begin at the end of one. */
async function awayFromMinuteEnd(): Promise<void> {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 5_000) await sleep(left);
}

beforeEach(awayFromMinuteEnd);

async function guess(address: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await ask(newKey().text, address);
}

describe('a client with many failed attempts', () => {
  it('is banned for a while: 429 that says for how long, without an invocation, and free afterwards', async () => {
    const address = '192.0.2.1';
    await guess(address, FAILURES + 1 + LOOKUPS);
    const before = lambda.invocations.length;
    const banned = await ask(issue(), address);
    expect(banned.status).toBe(429);
    expect(Number(banned.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(banned.headers['retry-after'])).toBeLessThanOrEqual(BAN);
    expect(lambda.invocations.length).toBe(before);
    const line = await gate.line((entry) => entry.client === address && entry.status === 429);
    expect(line.reason).toBe('banned');
    await sleep(BAN * 1000 + 200);
    expect((await ask(issue(), address)).status).toBe(200);
  });

  it('does not lock out callers behind its address whom the gate knows, nor anybody elsewhere', async () => {
    const address = '192.0.2.2';
    const colleague = issue();
    expect((await ask(colleague, address)).status).toBe(200);
    await guess(address, FAILURES + 1 + LOOKUPS);
    expect((await ask(newKey().text, address)).status).toBe(429);
    expect((await ask(colleague, address)).status).toBe(200);
    expect((await ask(undefined, address, '/')).status).toBe(200);
    expect((await ask(issue(), '192.0.2.3')).status).toBe(200);
  });

  it('does not lock out a colleague with a good key, as long as there are look-ups left', async () => {
    const address = '192.0.2.6';
    await guess(address, FAILURES + LOOKUPS);
    expect((await ask(issue(), address)).status).toBe(200);
    // A match costs none.
    expect((await ask(issue(), address)).status).toBe(200);
    expect((await ask(newKey().text, address)).status).toBe(401);
    expect((await ask(newKey().text, address)).status).toBe(429);
  });

  it('is not one that goes on with one expired key, or sends none', async () => {
    const address = '192.0.2.4';
    const expired = newKey();
    refused.set(expired.text, 'expired');
    for (let i = 0; i < 3 * FAILURES; i++) {
      expect((await ask(expired.text, address)).status).toBe(401);
      expect((await ask(undefined, address)).status).toBe(401);
    }
    expect((await ask(issue(), address)).status).toBe(200);
    const line = await gate.line((entry) => entry.reason === 'expired');
    expect(line.keyId).toBe(expired.keyId);
  });

  it('is counted by its network when it has IPv6, so that it cannot change its address', async () => {
    for (let i = 0; i <= FAILURES + LOOKUPS; i++) await ask(newKey().text, `2001:db8::${i + 1}`);
    expect((await ask(newKey().text, '2001:db8::ffff')).status).toBe(429);
    expect((await ask(newKey().text, '2001:db8:0:1::1')).status).toBe(401);
  });

  it('counts what is no key at all as well', async () => {
    for (let i = 0; i <= FAILURES; i++) expect((await ask(`vg_guess${i}`, '192.0.2.5')).status).toBe(401);
    expect((await ask('vg_guess', '192.0.2.5')).status).toBe(429);
  });
});

it('clients that have failed use half of the invocations at most, so newcomers find one', async () => {
  const addresses = Array.from({ length: 12 }, (_, i) => `192.0.2.${100 + i}`);
  for (const address of addresses) await guess(address, 1);
  let open = () => {};
  gateOfStrangers = new Promise((resolve) => {
    open = resolve;
  });
  try {
    const before = lambda.invocations.length;
    const guesses = addresses.map((address) => ask(newKey().text, address));
    await expect.poll(() => lambda.invocations.length - before).toBe(4);
    expect((await ask(issue(), '192.0.2.120')).status).toBe(200);
    // The others wait a little, in vain.
    let turnedAway = 0;
    for (const one of guesses) void one.then(({ status }) => status === 429 && turnedAway++);
    await expect.poll(() => turnedAway).toBe(8);
    open();
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(4);
    expect(statuses.filter((status) => status === 429)).toHaveLength(8);
  } finally {
    open();
  }
});

it('a flood of unknown keys that fills the memory of refusals evicts no allow', async () => {
  const known = Array.from({ length: 20 }, issue);
  for (const key of known) expect((await ask(key, '198.51.100.1')).status).toBe(200);
  // Far more than fit into 64 KB, each from an address of its own.
  for (let i = 0; i < 2000; i += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, j) => ask(newKey().text, `10.1.${(i + j) >> 8}.${(i + j) & 255}`)),
    );
  }
  const before = lambda.invocations.length;
  for (const key of known) expect((await ask(key, '198.51.100.1')).status).toBe(200);
  expect(lambda.invocations.length).toBe(before);
}, 60_000);

it('the log line of a synthesis request holds the number of characters, also of a key without a quota, never the text', async () => {
  const key = issue();
  const headers = { 'x-api-key': key, 'x-forwarded-for': '198.51.100.9', 'content-type': 'application/json' };
  await call(gate.url, '/tts', { method: 'POST', headers, body: '{"text":"你好😀"}' });
  await call(gate.url, '/tts?text=hush-hush', { headers });
  await call(gate.url, '/voices?text=hush-hush', { headers });
  const logged = async (method: string, path: string) =>
    (await gate.line((entry) => entry.client === '198.51.100.9' && entry.method === method && entry.path === path))
      .characters;
  expect(await logged('POST', '/tts')).toBe(3);
  expect(await logged('GET', '/tts')).toBe(9);
  expect(await logged('GET', '/voices')).toBeNull();
  expect(gate.stdout + gate.stderr).not.toMatch(/hush|你好/);
});
