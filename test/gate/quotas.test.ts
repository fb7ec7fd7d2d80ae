/** Quotas in real nginx, against the authorizer's own handler. */

import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatApiKey, generateApiKey } from '../../contract/api-key';
import type { AuthorizerEvent } from '../../contract/authorizer-event';
import type { KeyRecord } from '../../contract/key-record';
import { type Amounts, NOTHING, type Quota } from '../../contract/quota';
import { monthUse, type QuotaCounter } from '../../contract/quota-counter';
import { readConfig } from '../../lambda/authorizer/config';
import { createHandler } from '../../lambda/authorizer/handler';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { type Answer, call } from './support/http';
import { RawAnswer } from './support/lambda-endpoint';

const WORKERS = 3;
const POSITIVE_TTL = 3;

let keys: Map<string, KeyRecord>;
let counters: Map<string, QuotaCounter>;

const authorize = createHandler(readConfig({ KEY_TABLE_NAME: 'keys', POSITIVE_TTL: String(POSITIVE_TTL) }), {
  keys: { get: async (keyId) => keys.get(keyId), markUsed: async () => undefined },
  quotas: {
    read: async (keyId, month) => counters.get(`${keyId} ${month}`),
    async write(keyId, month, counter) {
      const name = `${keyId} ${month}`;
      if ((counters.get(name)?.version ?? 0) !== counter.version - 1) return false;
      counters.set(name, counter);
      return true;
    },
  },
  clock: () => Date.now() / 1000,
  log: () => undefined,
});
const authorizer = ({ event }: { readonly event: unknown }) => authorize(event as AuthorizerEvent);

const { app, lambda, startGate, gateForTest } = gateWorld(authorizer);
let gate: GateContainers;

beforeAll(async () => {
  gate = await startGate({
    workers: WORKERS,
    authorizer: { timeout: 8000, positiveTtl: POSITIVE_TTL },
    limits: {
      requestsPerMinute: 100_000,
      synthesisPerMinute: 100_000,
      missesPerMinute: 10_000,
      inFlight: 100,
      queue: 500,
    },
  });
});

beforeEach(() => {
  keys = new Map();
  counters = new Map();
});

interface Key {
  readonly text: string;
  readonly keyId: string;
}

function issue(quota: Quota, changes: Partial<KeyRecord> = {}): Key {
  const key = generateApiKey(randomBytes);
  const hash = createHash('sha256').update(key.secret).digest('hex');
  const record = { keyId: key.keyId, hash, owner: 'alice', label: '', scopes: [], createdAt: 0, quota, ...changes };
  keys.set(key.keyId, record);
  return { text: formatApiKey(key), keyId: key.keyId };
}

function used({ keyId }: Key): Amounts {
  const counter = [...counters].find(([name]) => name.startsWith(keyId))?.[1];
  return counter === undefined ? NOTHING : monthUse(counter);
}

function speak(key: Key, text: string): Promise<Answer> {
  return post(key, JSON.stringify({ text }), { 'content-type': 'application/json' });
}

function post(
  key: Key,
  body: string | Buffer,
  headers: Readonly<Record<string, string>>,
  path = '/tts',
): Promise<Answer> {
  return call(gate.url, path, { method: 'POST', body, headers: { 'x-api-key': key.text, ...headers } });
}

const get = (key: Key, path: string) => call(gate.url, path, { headers: { 'x-api-key': key.text } });

describe('a quota of requests', () => {
  it('is given in full and not exceeded, by all workers together', async () => {
    const key = issue({ day: { requests: 100 } });
    const answers = await Promise.all(Array.from({ length: 200 }, () => get(key, '/voices')));
    const statuses = answers.map(({ status }) => status);
    const passed = statuses.filter((status) => status === 200).length;
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(passed).toBe(100);
    expect(app.received).toHaveLength(100);
    expect(used(key).requests).toBe(100);
    expect(lambda.invocations.length).toBeLessThan(100);
    expect(lambda.problems).toEqual([]);
  });

  it('tells in every answer where it stands, and in a refusal which limit it was and when it resets', async () => {
    const key = issue({ day: { requests: 2 }, month: { requests: 1000, characters: 5000 } });
    const first = await get(key, '/voices');
    expect(first.status).toBe(200);
    const day = 86_400;
    expect(first.headers['ratelimit-policy']).toMatch(
      /^"requests-per-day";q=2;w=86400, "requests-per-month";q=1000;w=\d{7}, "characters-per-month";q=5000;qu="characters";w=\d{7}$/,
    );
    expect(first.headers.ratelimit).toMatch(
      /^"requests-per-day";r=1;t=\d{1,5}, "requests-per-month";r=999;t=\d{1,7}, "characters-per-month";r=5000;t=\d{1,7}$/,
    );
    await get(key, '/voices');
    const refused = await get(key, '/voices');
    expect(refused.status).toBe(429);
    expect(refused.headers.ratelimit).toMatch(/^"requests-per-day";r=0;t=\d{1,5}, "requests-per-month";r=998;/);
    const resets = Number(refused.headers['retry-after']);
    expect(resets).toBeGreaterThan(0);
    expect(resets).toBeLessThanOrEqual(day);
    expect(refused.headers['x-should-retry']).toBe(resets > 60 ? 'false' : undefined);
    expect(refused.json()).toMatchObject({
      error: 'Too Many Requests',
      limit: 'requests-per-day',
      resetsIn: resets,
    });
    const line = await gate.line((entry) => entry.status === 429 && entry.keyId === key.keyId);
    expect(line.reason).toBe('quota');
  });

  it('of a minute is one for all gates, and tells when the minute is over', async () => {
    const other = await startGate({ authorizer: { positiveTtl: POSITIVE_TTL } });
    const key = issue({ minute: { requests: 10 } });
    const inMinute = new Map<number, Answer[]>();
    for (let i = 0; i < 24; i++) {
      const url = i % 2 === 0 ? gate.url : other.url;
      const minute = Math.floor(Date.now() / 60_000);
      const answer = await call(url, '/voices', { headers: { 'x-api-key': key.text } });
      // One that straddles two minutes says nothing.
      if (Math.floor(Date.now() / 60_000) === minute) {
        inMinute.set(minute, [...(inMinute.get(minute) ?? []), answer]);
      }
    }
    const answers = [...inMinute.values()].sort((a, b) => b.length - a.length)[0] ?? [];
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(10);
    expect(refused.length).toBeGreaterThan(0);
    for (const { headers, json } of refused.slice(0, 1)) {
      expect(json()).toMatchObject({ limit: 'requests-per-minute' });
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
      expect(headers['x-should-retry']).toBeUndefined();
      expect(headers['ratelimit-policy']).toBe('"requests-per-minute";q=10;w=60');
    }
  });

  it('leaves keys without a quota alone', async () => {
    const key = issue({ day: { requests: 1 } }, { quota: undefined });
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(key, '/voices')));
    expect(answers.every(({ status, headers }) => status === 200 && headers.ratelimit === undefined)).toBe(true);
    expect(used(key)).toEqual(NOTHING);
  });
});

describe('a quota of characters', () => {
  it('counts what is spoken in JSON, form and query, and passes the body on untouched', async () => {
    const key = issue({ day: { characters: 1000 } });
    expect((await speak(key, '你好😀')).status).toBe(200);
    const form = 'text=%E4%BD%A0%0A+x&voice=zh';
    expect((await post(key, form, { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(200);
    expect((await get(key, '/tts?text=a%20b&voice=zh')).status).toBe(200);
    const input = JSON.stringify({ model: 'tts-1', input: '12345', text: 'not this' });
    const last = await post(key, input, { 'content-type': 'application/json; charset=utf-8' }, '/v1/audio/speech');
    expect(last.headers.ratelimit).toMatch(/^"characters-per-day";r=985;/);
    expect(app.received.map(({ body }) => body)).toEqual([JSON.stringify({ text: '你好😀' }), form, '', input]);
  });

  it('refuses a text that is longer than what is left, and speaks a shorter one', async () => {
    const key = issue({ day: { characters: 100 } });
    expect((await speak(key, 'x'.repeat(90))).status).toBe(200);
    const refused = await speak(key, 'x'.repeat(11));
    expect(refused.status).toBe(429);
    expect(refused.json()).toMatchObject({ limit: 'characters-per-day' });
    expect((await speak(key, 'x'.repeat(10))).status).toBe(200);
    expect((await speak(key, 'x')).status).toBe(429);
    expect(used(key)).toEqual({ requests: 2, characters: 100 });
  });

  it('does not read what other paths get', async () => {
    const key = issue({ day: { characters: 10 } });
    const answer = await post(key, 'text=1&text=2', { 'content-type': 'text/plain' }, '/other');
    expect(answer.status).toBe(200);
  });

  const JSON_BODY = { 'content-type': 'application/json' };

  it.each([
    ['a repeated parameter', '/tts?text=a&text=b', '', {}, 400],
    ['text in query and body', '/tts?text=a', 'text=b', { 'content-type': 'application/x-www-form-urlencoded' }, 400],
    ['a repeated JSON key', '/tts', '{"text":"a","\\u0074ext":"b"}', { 'content-type': 'application/json' }, 400],
    ['bytes that are no UTF-8', '/tts', Buffer.from([0x7b, 0xff, 0x7d]), { 'content-type': 'application/json' }, 400],
    ['a surrogate in UTF-8', '/tts', Buffer.from('{"text":"\xed\xa0\x80"}', 'latin1'), JSON_BODY, 400],
    ['another charset', '/tts', '{"text":"a"}', { 'content-type': 'application/json; charset=utf-16' }, 415],
    ['a form in parts', '/tts', '--b--', { 'content-type': 'multipart/form-data; boundary=b' }, 415],
    ['an encoding', '/tts', 'x', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 415],
  ] as const)('refuses %s, and says why', async (_, path, body, headers, status) => {
    const key = issue({ day: { characters: 100 } });
    const answer = await post(key, body, headers, path);
    expect(answer.status).toBe(status);
    expect(answer.json().detail).toMatch(/^The request (has|gives) /);
    expect(app.received).toEqual([]);
    expect(used(key).characters).toBe(0);
  });

  it('holds a body of the largest size, in pieces too, and refuses a larger one', async () => {
    const key = issue({ day: { characters: 1_000_000 } });
    const size = 65_536;
    const text = 'x'.repeat(size - '{"text":""}'.length);
    expect((await speak(key, text)).status).toBe(200);
    const chunked = (body: string) =>
      post(key, body, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    expect((await chunked(JSON.stringify({ text }))).status).toBe(200);
    expect(app.received.map(({ body }) => body.length)).toEqual([size, size]);
    expect((await speak(key, `${text}x`)).status).toBe(413);
    expect((await chunked(JSON.stringify({ text: `${text}x` }))).status).toBe(413);
  });

  it('waits for a body that comes late, also before it knows that the key has a quota', async () => {
    const key = issue({ day: { characters: 1000 } });
    for (const [text, left] of [
      ['first', 995],
      ['second', 989],
    ] as const) {
      const body = JSON.stringify({ text });
      const head = [
        'POST /tts HTTP/1.1',
        'Host: x',
        `X-API-Key: ${key.text}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        'Connection: close',
      ];
      const answer = await inPieces([`${head.join('\r\n')}\r\n\r\n`, body.slice(0, 5), body.slice(5)]);
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).toContain(`"characters-per-day";r=${left};`);
    }
    expect(app.received.map(({ body }) => body)).toEqual(['{"text":"first"}', '{"text":"second"}']);
  });

  it('leaves the text in no file and no log', async () => {
    const key = issue({ day: { characters: 1_000_000 } });
    const secret = 'quite-c0nfidential';
    await speak(key, secret + 'y'.repeat(40_000));
    await post(key, `{"text":"${secret}","text":"${secret}"}`, { 'content-type': 'application/json' });
    await post(key, secret, { 'content-type': 'application/json' });
    expect(gate.stdout + gate.stderr).not.toContain(secret);
    for (const path of filesIn(gate.directory)) expect(readFileSync(path).includes(secret)).toBe(false);
  });
});

describe('the authorizer is asked', () => {
  it('for decision and lease together once a key is known to have a quota', async () => {
    const key = issue({ day: { characters: 10_000 } });
    await speak(key, 'first');
    expect(lambda.invocations).toHaveLength(2);
    for (let second = 1; second <= 2; second++) {
      await new Promise((resolve) => setTimeout(resolve, POSITIVE_TTL * 1000 + 50));
      lambda.invocations.length = 0;
      expect((await speak(key, 'again')).status).toBe(200);
      expect(lambda.invocations).toHaveLength(1);
      // Its body is not read before that, so the lease holds what the key mostly needs.
      const lease = { need: { requests: 1 }, want: { characters: expect.toSatisfy((wanted) => wanted >= 5) } };
      expect(lambda.invocations[0]?.event.voicegate).toMatchObject({ lease });
    }
    expect(app.received).toHaveLength(3);
  }, 20_000);

  it('in vain: then keys with a quota get 503 while others are served from what is known', async () => {
    const key = issue({ day: { requests: 1000 } });
    const free = issue({ day: { requests: 1 } }, { quota: undefined });
    await get(key, '/voices');
    await get(free, '/voices');
    lambda.behaviour = () => new RawAnswer(500, '{"Message":"down"}');
    const refused = await get(key, '/voices');
    expect(refused.status).toBe(503);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, POSITIVE_TTL * 1000 + 50));
    expect((await get(free, '/voices')).status).toBe(200);
    expect((await get(key, '/voices')).status).toBe(503);
    lambda.behaviour = authorizer;
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await get(key, '/voices')).status).toBe(200);
  }, 20_000);

  it('and answers that the key is revoked: 401 at once, whatever is left of the quota', async () => {
    const key = issue({ day: { requests: 1000 } });
    expect((await get(key, '/voices')).status).toBe(200);
    const record = keys.get(key.keyId);
    if (record !== undefined) keys.set(key.keyId, { ...record, revokedAt: 1 });
    expect((await get(key, '/voices')).status).toBe(401);
    expect((await get(key, '/voices')).status).toBe(401);
    expect(app.received).toHaveLength(1);
  });
});

it('a request for which the app has no place is not paid', async () => {
  const key = issue({ day: { requests: 150 } });
  app.handler = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return false;
  };
  // A hundred places and five hundred in the queue: all are served in the end, and none twice.
  const answers = await Promise.all(Array.from({ length: 150 }, () => get(key, '/voices')));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect((await get(key, '/voices')).status).toBe(429);
});

it('a request whose client goes before it reaches the app is not paid', async () => {
  const small = await gateForTest({ limits: { inFlight: 1, queue: 8 } });
  const key = issue({ day: { requests: 1000 } });
  const ask = (path: string) => call(small.url, path, { headers: { 'x-api-key': key.text } });
  const left = async () => Number(/r=(\d+)/.exec(String((await ask('/voices')).headers.ratelimit))?.[1]);
  // Until the gate holds a lease from which all of it is paid.
  for (let i = 0; i < 20; i++) await left();
  const before = await left();
  app.reset();
  let answer = () => {};
  app.handler = (received, response) => {
    if (received.url === '/slow') answer = () => response.end('spoken');
    return received.url === '/slow';
  };
  const slow = ask('/slow');
  await expect.poll(() => app.received.length).toBe(1);
  // They are paid for while they wait for the place, which they never get.
  for (let i = 0; i < 3; i++) {
    const socket = connect(small.port, '127.0.0.1', () =>
      socket.write(`GET /gone HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key.text}\r\n\r\n`),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.destroy();
  }
  answer();
  expect((await slow).status).toBe(200);
  // Their turn comes, and nobody is there any more.
  await expect.poll(() => small.lines().filter(({ status }) => status === 499).length).toBe(3);
  expect(await left()).toBe(before - 2);
  expect(app.received.map(({ url }) => url)).toEqual(['/slow', '/voices']);
});

/** Sends the pieces one after another, with time between them, and returns the whole answer. */
function inPieces(pieces: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(gate.port, '127.0.0.1');
    socket.setTimeout(8000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
    const send = (index: number) => {
      const piece = pieces[index];
      if (piece === undefined) return;
      socket.write(piece);
      setTimeout(() => send(index + 1), 100);
    };
    send(0);
  });
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path);
    return stat.isDirectory() ? filesIn(path) : stat.isFile() ? [path] : [];
  });
}
