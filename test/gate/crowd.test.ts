/**
 * A gate at its default limits, filled with strangers of every kind, while two honest callers go on: one whose key the
 * gate knows, and one whose key is new each time.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { memoryLimitMiB } from '../../contract/gate-memory';
import { gateOptions } from './support/bundle';
import type { GateContainers } from './support/gate';
import { call, newKey, withKey } from './support/http';
import { body, crowdedWorld, DEFAULTS, FORM, headers, slow, spaces, stranger } from './support/strangers';

const SECONDS = 8;

const { issue, honestGate } = crowdedWorld();

/** What strangers send; each from an address that it shares with the others of its kind. */
const KINDS: readonly ((address: string) => string)[] = [
  (address) => headers(`Accept: text/html${spaces(15_900)};q=0`, address),
  (address) => headers(`Authorization: Bearer${spaces(15_900)}x\xe2\x80\xa8y`, address),
  (address) => headers(`Cookie: ${'__Host-voicegate=x; '.repeat(780)}`, address),
  (address) => headers(Array.from({ length: 60 }, (_, i) => `X-${i}: ${'y'.repeat(900)}`).join('\r\n'), address),
  (address) =>
    `GET /${'%41'.repeat(5000)}?${'api_key='.repeat(20)} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\n\r\n`,
  (address) => body(`POST /tts`, `${address}\r\nX-API-Key: ${newKey()}`),
  (address) => body('GET /', address, 9000),
  (address) => body('POST /', address),
  (address) => headers(`X-API-Key: ${newKey()}`, address),
  (address) => headers('Authorization: Bearer undefined', address),
  (address) => headers('', address),
];

/** Mebibytes that all of nginx's processes hold, what they share counted once. */
function memory(gate: GateContainers): number {
  const master = readFileSync(join(gate.directory, 'nginx.pid'), 'utf8').trim();
  const workers = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ');
  const kilobytes = [master, ...workers].map((pid) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]),
  );
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024;
}

/** What trickles in: more of it at the same time than the gate serves. */
const TRICKLES: Readonly<Record<string, (address: string) => string>> = {
  'a form for the sign-in page': (address) => slow('POST /.voicegate/session HTTP/1.1', address, ...FORM),
  'a form of another site': (address) => slow('POST /.voicegate/session HTTP/1.1', address, 'Content-Length: 1800'),
  'a body for the style of the sign-in page': (address) =>
    slow('POST /.voicegate/session.css HTTP/1.1', address, 'Content-Length: 1800'),
  'a text without a key': (address) => slow('POST /tts HTTP/1.1', address, 'Content-Length: 60000'),
  'a text with an unknown key': (address) =>
    slow('POST /tts HTTP/1.1', address, `X-API-Key: ${newKey()}`, 'Content-Length: 60000'),
  'a text in chunks': (address) =>
    slow('PUT /tts HTTP/1.1', address, 'Transfer-Encoding: chunked', 'Expect: 100-continue'),
  'a body that is too large': (address) => slow('POST /tts HTTP/1.1', address, 'Content-Length: 99999999'),
  'a body beside HTTP/1.0': (address) => slow('POST / HTTP/1.0', address, 'Content-Length: 9000'),
  'a body beside HEAD': (address) => slow('HEAD / HTTP/1.1', address, 'Content-Length: 9000'),
  'more after the last request': (address) => slow('GET /x HTTP/1.1', address, 'Connection: close'),
};

it('callers with a key are served while three addresses fill 144 connections with what trickles in', async () => {
  const { gate, cached } = await honestGate();
  const failures: string[] = [];
  let address = 0;
  const honest = async (kind: string, path: string, key: string, speech?: string) => {
    const from = { 'X-Forwarded-For': `203.0.113.${++address}` };
    const json = speech === undefined ? {} : { method: 'POST', body: JSON.stringify({ text: speech }) };
    const headers = { ...from, ...(speech === undefined ? {} : { 'Content-Type': 'application/json' }) };
    const { status, body: text } = await call(gate.url, path, { ...json, ...withKey(key, headers) });
    if (status !== 200) failures.push(`${kind}: ${path} ${status} ${text}`);
  };
  for (const [index, [name, kind]] of Object.entries(TRICKLES).entries()) {
    const crowd = [1, 2, 3].map((n) => stranger(gate, kind, `198.51.${index}.${n}`, 48));
    try {
      await expect.poll(() => crowd.every((one) => one.sent() >= 48), { message: name }).toBe(true);
      for (let round = 0; round < 3; round++) {
        await sleep(300);
        const fresh = issue();
        const calls = [
          honest(name, '/voices', cached),
          honest(name, '/tts', cached, 'hi'),
          honest(name, '/voices', fresh),
        ];
        // A page that anybody may see, and the sign-in page itself.
        await Promise.all([...calls, honest(name, '/', ''), honest(name, '/.voicegate/session', '')]);
      }
      expect(await gate.health()).toBe(200);
    } finally {
      for (const one of crowd) one.stop();
    }
  }
  expect(failures).toEqual([]);
}, 120_000);

it('a gate full of strangers serves every call of those who have a key, stays green, and within its memory', async () => {
  const { gate, cached } = await honestGate();
  const strangers = KINDS.map((kind, i) => stranger(gate, kind, `192.0.2.${i + 1}`));
  const times: number[] = [];
  const failures: string[] = [];
  let most = 0;
  const honest = async (key: string, address: string) => {
    const began = performance.now();
    const { status, body: text } = await call(gate.url, '/voices', withKey(key, { 'X-Forwarded-For': address }));
    times.push(performance.now() - began);
    if (status !== 200) failures.push(`${status} ${text}`);
  };
  try {
    for (let second = 0; second < SECONDS; second++) {
      const fresh = issue();
      await Promise.all([honest(cached, '203.0.113.1'), honest(fresh, '203.0.113.2'), sleep(1000)]);
      expect(await gate.health()).toBe(200);
      most = Math.max(most, memory(gate));
    }
  } finally {
    for (const one of strangers) one.stop();
  }
  times.sort((a, b) => a - b);
  const p99 = times[Math.ceil(times.length * 0.99) - 1] ?? Number.NaN;
  const sent = strangers.map((one) => one.sent());
  console.info(
    `${sent.reduce((sum, one) => sum + one, 0)} requests of strangers; honest calls: median ${times[times.length >> 1]?.toFixed(0)} ms, 99 % ${p99.toFixed(0)} ms; ${most.toFixed(0)} MiB`,
  );
  expect(failures).toEqual([]);
  expect(times).toHaveLength(2 * SECONDS);
  for (const one of sent) expect(one).toBeGreaterThan(SECONDS);
  // A second beside everything else that this machine does: what strangers did before took several.
  expect(p99).toBeLessThan(2000);
  expect(most).toBeLessThan(memoryLimitMiB(gateOptions(DEFAULTS as never)));
}, 120_000);
