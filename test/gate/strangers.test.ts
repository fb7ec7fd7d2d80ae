/** What strangers can make the gate do in real nginx, and what they cannot. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { bodiesOfClient } from '../../contract/gate-memory';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, newKey, raw, withKey } from './support/http';
import { allow, deny, HANG } from './support/lambda-endpoint';

const LIMITS = { inFlight: 4, queue: 4, requestsPerMinute: 10_000, synthesisPerMinute: 10_000, missesPerMinute: 5000 };
const good = new Set<string>();
/** Keys about which is decided anew each second. */
const brief = new Set<string>();
const { app, lambda, startGate, gateForTest } = gateWorld(({ event }) => {
  const key = event.identitySource[0] ?? '';
  if (brief.has(key)) return allow({}, 1);
  return good.has(key) ? allow({ keyId: key.slice(3, 15) }, 600) : deny(401, 0);
});
let gate: GateContainers;

beforeAll(async () => {
  gate = await startGate({
    publicRoutes: [
      { method: 'GET', path: '/' },
      { method: 'GET', path: '/static/*' },
      { method: 'POST', path: '/open' },
    ],
    maxBodyBytes: 1_048_576,
    maxTextBytes: 65_536,
    limits: LIMITS,
  });
});

beforeEach(() => good.clear());

function issue(): string {
  const key = newKey();
  good.add(key);
  return key;
}

/** A connection that says this and then waits; what it is answered is kept. */
function open(head: readonly string[], body = '', port = gate.port): Socket & { answer(): string } {
  let text = '';
  const socket = connect(port, '127.0.0.1', () => socket.write(`${head.join('\r\n')}\r\n\r\n${body}`));
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return Object.assign(socket, { answer: () => text });
}

const post = (path: string, key: string, address: string, length = 60_000) => [
  `POST ${path} HTTP/1.1`,
  'Host: x',
  `X-API-Key: ${key}`,
  `X-Forwarded-For: ${address}`,
  'Content-Type: application/json',
  `Content-Length: ${length}`,
];

/** Kilobytes that nginx's processes hold together. */
function memory(of: GateContainers): number {
  const master = readFileSync(join(of.directory, 'nginx.pid'), 'utf8').trim();
  const workers = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ');
  return workers.reduce(
    (sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
    0,
  );
}

describe('the body of a stranger', () => {
  it('is not read: an unknown key is refused as soon as its headers are there', async () => {
    const socket = open(post('/tts', newKey(), '192.0.2.1'), '{"text":"');
    await expect.poll(() => socket.answer()).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('is held by nobody, however many of them come', async () => {
    const before = memory(gate);
    const sockets = Array.from({ length: 300 }, (_, i) =>
      open(post('/tts', newKey(), `192.0.3.${i % 250}`), `{"text":"${'x'.repeat(50_000)}`),
    );
    await expect
      .poll(() => sockets.filter((socket) => /^HTTP\/1\.1 (401|429|503) /.test(socket.answer())).length, {
        timeout: 30_000,
      })
      .toBe(300);
    // Contexts of njs grow to what is asked at once; the bodies would be 15 MB of their own.
    expect(memory(gate) - before).toBeLessThan(150_000);
    expect(app.received).toEqual([]);
  });

  it('is held for those who may, as far as there are places for it, and others find some', async () => {
    const key = issue();
    expect((await call(gate.url, '/voices', withKey(key))).status).toBe(200);
    const most = bodiesOfClient(LIMITS);
    const held = Array.from({ length: most }, () => open(post('/tts', key, '192.0.2.2'), '{"text":"'));
    await sleep(500);
    const refused = open(post('/tts', key, '192.0.2.2'), '{"text":"');
    await expect.poll(() => refused.answer()).toMatch(/^HTTP\/1\.1 429 [\s\S]*Retry-After: 1\r\n/);
    const line = await gate.line(({ client, status }) => client === '192.0.2.2' && status === 429);
    expect(line.reason).toBe('bodies');
    // Neither what needs no body to be counted nor another key is in their way, and another address helps nobody.
    expect((await call(gate.url, '/voices', withKey(key, { 'X-Forwarded-For': '192.0.2.2' }))).status).toBe(200);
    const moved = open(post('/tts', key, '192.0.2.3'), '{"text":"');
    await expect.poll(() => moved.answer()).toMatch(/^HTTP\/1\.1 429 /);
    const body = '{"text":"hello"}';
    const json = { 'Content-Type': 'application/json', 'X-Forwarded-For': '192.0.2.3' };
    const other = { method: 'POST', body, ...withKey(issue(), json) };
    expect((await call(gate.url, '/tts', other)).status).toBe(200);
    for (const socket of held) socket.destroy();
    const again = () =>
      call(gate.url, '/tts', { method: 'POST', body, ...withKey(key, { ...json, 'X-Forwarded-For': '192.0.2.2' }) });
    await expect.poll(async () => (await again()).status).toBe(200);
  });

  it('is 413 beyond what may be counted, before it is read, in one piece and in many', async () => {
    const key = issue();
    const socket = open(post('/tts', key, '192.0.2.4', 65_537));
    await expect.poll(() => socket.answer()).toMatch(/^HTTP\/1\.1 413 [\s\S]*more than 65536 bytes/);
    const chunks = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
    const body = JSON.stringify({ text: 'x'.repeat(65_536) });
    expect((await call(gate.url, '/tts', { method: 'POST', body, ...withKey(key, chunks) })).status).toBe(413);
    // What is not counted may be as large as bodies may be.
    expect((await call(gate.url, '/voices', { method: 'POST', body, ...withKey(key) })).status).toBe(200);
    expect(app.received).toHaveLength(1);
  });
});

describe('a place in the app', () => {
  it('is not given to a GET or HEAD of a public path that has a body', async () => {
    for (const method of ['GET', 'HEAD']) {
      const socket = open([`${method} / HTTP/1.1`, 'Host: x', 'Content-Length: 9000'], 'x');
      await expect.poll(() => socket.answer()).toMatch(/^HTTP\/1\.1 400 /);
    }
    const chunked = await raw(
      gate.url,
      'GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 400 /);
    const empty = await raw(gate.url, 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    expect(empty).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('is free soon after the answer, whatever the client still sends', async () => {
    // Answers before the body has come, as an app may.
    const hasty = createServer((_, response) => response.end('fine')).listen(0, '127.0.0.1');
    await once(hasty, 'listening');
    onTestFinished(() => void hasty.close());
    const { port } = hasty.address() as AddressInfo;
    const publicRoutes = [{ method: '*', path: '/*' }];
    // Two of three places are for those without a key.
    const own = await gateForTest({ publicRoutes, limits: { inFlight: 3, queue: 0 } }, { upstreamPort: port });
    const sockets = [0, 1].map(() => open(['POST /open HTTP/1.1', 'Host: x', 'Content-Length: 9000'], 'x', own.port));
    const trickle = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('x');
    }, 100);
    onTestFinished(() => clearInterval(trickle));
    await expect.poll(() => sockets.every((socket) => /^HTTP\/1\.1 200 /.test(socket.answer()))).toBe(true);
    // Two seconds later at most; on a busy machine a little more.
    const status = async () => (await call(own.url, '/voices')).status;
    await expect.poll(status, { timeout: 8000 }).toBe(200);
    await expect.poll(() => sockets.every((socket) => socket.closed), { timeout: 8000 }).toBe(true);
  });
});

describe('a body that is slow to come', () => {
  const body = '{"text":"hello"}';

  it('is waited for no longer than a request may take, and nothing else suffers', async () => {
    const own = await gateForTest({ longestRequest: 2, limits: LIMITS });
    const keys = [issue(), issue()];
    const began = Date.now();
    const sockets = Array.from({ length: 6 }, (_, i) =>
      open(post('/tts', keys[i % 2] as string, '192.0.2.20'), '{"text":"', own.port),
    );
    const trickle = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('x');
    }, 100);
    onTestFinished(() => clearInterval(trickle));
    await expect.poll(() => sockets.every((socket) => socket.closed)).toBe(true);
    expect(Date.now() - began).toBeGreaterThan(1500);
    const line = await own.line(({ status }) => status === 408);
    expect(line).toMatchObject({ decision: 'deny', path: '/tts' });
    // The places for bodies are free again, the worker lives, and what comes in time is served.
    const key = keys[0] as string;
    const json = { 'Content-Type': 'application/json' };
    expect((await call(own.url, '/tts', { method: 'POST', body, ...withKey(key, json) })).status).toBe(200);
    expect(own.stderr).not.toMatch(/exited on signal/);
  });

  it('outlives no decision: a key that was revoked meanwhile is refused', async () => {
    const key = newKey();
    brief.add(key);
    const asked = lambda.invocations.length;
    const socket = open(post('/tts', key, '192.0.2.9', body.length), body.slice(0, 1));
    // It is let in for a second, and not later than the calls that tell when that is over.
    await expect.poll(() => lambda.invocations.length).toBe(asked + 1);
    const status = async () => (await call(gate.url, '/voices', withKey(key))).status;
    await expect.poll(status).toBe(200);
    brief.delete(key);
    await expect.poll(status).toBe(401);
    socket.write(body.slice(1));
    await expect.poll(() => socket.answer()).toMatch(/^HTTP\/1\.1 401 /);
    expect(app.received.filter(({ url }) => url === '/tts')).toEqual([]);
  });

  it('is spoken as long as its key holds', async () => {
    const key = newKey();
    brief.add(key);
    const socket = open(post('/tts', key, '192.0.2.10', body.length), body.slice(0, 1));
    await sleep(1100);
    socket.write(body.slice(1));
    await expect.poll(() => socket.answer()).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a placeholder instead of a key', () => {
  let banning: GateContainers;
  beforeAll(async () => {
    banning = await startGate({ limits: { requestsPerMinute: 10_000, failuresPerMinute: 30, missesPerMinute: 10 } });
  });
  const ask = (headers: Readonly<Record<string, string>>, address: string) =>
    call(banning.url, '/voices', { headers: { ...headers, 'X-Forwarded-For': address } });

  beforeEach(async () => {
    // Failures are counted by the minute of the clock: a test must not begin at the end of one.
    const left = 60_000 - (Date.now() % 60_000);
    if (left < 8000) await sleep(left);
  });

  it('bans nobody who shares its address, however often it is sent', async () => {
    for (let i = 0; i < 35; i++) {
      expect((await ask({ Authorization: 'Bearer undefined' }, '198.51.100.1')).status).toBe(401);
      expect((await ask({ 'X-API-Key': 'YOUR_API_KEY' }, '198.51.100.1')).status).toBe(401);
    }
    expect((await ask({ 'X-API-Key': issue() }, '198.51.100.1')).status).toBe(200);
  });

  it('that is another each time bans, yet a colleague with a good key is let in', async () => {
    const from = '198.51.100.2';
    for (let i = 0; i < 31; i++) await ask({ Authorization: `Bearer guess${i}` }, from);
    expect((await ask({ Authorization: 'Bearer guess' }, from)).status).toBe(429);
    expect((await ask({ 'X-API-Key': issue() }, from)).status).toBe(200);
    // Unknown keys share the look-ups of a minute; then nobody new is let in.
    const before = lambda.invocations.length;
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await ask({ 'X-API-Key': newKey() }, from)).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    expect(lambda.invocations.length - before).toBe(10);
    const late = await ask({ 'X-API-Key': issue() }, from);
    expect(late.status).toBe(429);
    expect(Number(late.headers['retry-after'])).toBeLessThanOrEqual(60);
  });
});

describe('what is told once', () => {
  const session = { webSession: { lifetime: 600 } };
  const setup = { env: { VOICEGATE_SESSION_SECRET: 'a-secret-of-sessions-0123456789abcdefghijklmnop' } };

  it('a query that is not in ASCII is 400 in JSON, never passed on and never an error of the gate', async () => {
    const browsing = await gateForTest(session, setup);
    for (const query of ['\xed\xa0\x80', '\xff', '\u00e4\u00bd\u00a0']) {
      for (const accept of ['text/html', '*/*']) {
        const head = `GET /nosuch?text=${query} HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\nX-API-Key: ${issue()}\r\nConnection: close\r\n\r\n`;
        const text = await raw(browsing.url, Buffer.from(head, 'latin1'));
        expect(text).toMatch(/^HTTP\/1\.1 400 [\s\S]*Content-Type: application\/json[\s\S]*"error":"Bad Request"/);
      }
    }
    expect(app.received).toEqual([]);
    expect(lambda.invocations).toEqual([]);
  });

  it('a session cookie beside a good key is 400, with control characters too', async () => {
    const browsing = await gateForTest(session, setup);
    const key = issue();
    expect((await call(browsing.url, '/voices', withKey(key))).status).toBe(200);
    for (const cookie of ['__Host-voicegate=x', '__Host-voicegate=x\x01', 'a=b\x01; __Host-voicegate=x']) {
      const head = `GET /voices HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`;
      expect(await raw(browsing.url, head)).toMatch(/^HTTP\/1\.1 400 /);
    }
  });

  it('a header reaches the app as it came, or is 400', async () => {
    const key = issue();
    const send = async (bytes: string, name = 'X-Title') => {
      const head = `GET /voices HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\n${name}: ${bytes}\r\nConnection: close\r\n\r\n`;
      const text = await raw(gate.url, Buffer.from(head, 'latin1'));
      const body = text.slice(text.indexOf('\r\n\r\n') + 4);
      // Node's server reads headers as latin1 and answers JSON in UTF-8.
      const received = app.received.at(-1)?.headers[name.toLowerCase()];
      return { status: Number(text.split(' ')[1]), received, body };
    };
    for (const bytes of ['M\xc3\xbcller', '\xe4\xbd\xa0', '\xf0\x9f\x98\x80', '\xef\xbf\xbd', '\xed\xa0\x80', 'a\tb']) {
      expect(await send(bytes)).toMatchObject({ status: 200, received: bytes });
    }
    app.reset();
    for (const bytes of ['M\xfcller', '\xff', '\xc0\xaf', '\xed\xa0\xbd\xed\xb8\x80', '\xf4\x90\x80\x80', 'a\x01']) {
      const { status, body } = await send(bytes);
      expect([bytes, status]).toEqual([bytes, 400]);
      expect(JSON.parse(body)).toHaveProperty('requestId');
    }
    expect((await send('a=\xff', 'Cookie')).status).toBe(400);
    expect(app.received).toEqual([]);
  });

  it('refused targets and methods, and the own pages, count for the overall limit', async () => {
    const strict = await gateForTest({ ...session, limits: { requestsPerMinute: 4 } }, setup);
    const from = (n: number) => ({ 'X-Forwarded-For': `203.0.113.${n}` });
    const cases: readonly (readonly [string, string, number])[] = [
      ['GET', '/a%2fb', 400],
      ['GET', '/a?\u00e9', 400],
      ['BREW', '/a', 405],
      ['PROPFIND', '/a', 405],
      ['GET', '/.voicegate/session', 200],
      ['GET', '/.voicegate/session.css', 200],
    ];
    for (const [i, [method, path, status]] of cases.entries()) {
      const ask = async () => {
        const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${from(i)['X-Forwarded-For']}\r\nConnection: close\r\n\r\n`;
        return Number((await raw(strict.url, head)).split(' ')[1]);
      };
      const statuses: number[] = [];
      for (let n = 0; n < 5; n++) statuses.push(await ask());
      expect([path, ...statuses]).toEqual([path, status, status, status, status, 429]);
    }
  });
});

it('more requests at once than the gate has room for are 503 of their own client, and others are served', async () => {
  const key = issue();
  const small = await gateForTest({ limits: { ...LIMITS, inFlight: 1, queue: 0 }, authorizer: { timeout: 5000 } });
  expect((await call(small.url, '/voices', withKey(key))).status).toBe(200);
  const known = newKey();
  brief.add(known);
  expect((await call(small.url, '/voices', withKey(known))).status).toBe(200);
  await sleep(1100);
  lambda.reset(() => HANG);
  // All wait for one invocation, which renews a decision; a client has room for 25.
  const answers = Array.from({ length: 60 }, () =>
    call(small.url, '/voices', withKey(known, { 'X-Forwarded-For': '192.0.2.77' })),
  );
  const early: number[] = [];
  for (const answer of answers)
    void answer.then(({ status, headers }) => early.push(status, Number(headers['retry-after'])));
  await expect.poll(() => early.length / 2).toBe(35);
  expect(new Set(early)).toEqual(new Set([503, 1]));
  expect((await call(small.url, '/voices', withKey(key))).status).toBe(200);
  const line = await small.line(({ status }) => status === 503);
  expect(line).toMatchObject({ reason: 'overload', path: '/voices', method: 'GET' });
  await Promise.all(answers);
});

it('requests that wait for the decision about an unknown key are few, and others are served', async () => {
  const key = issue();
  const slow = await gateForTest({ limits: { ...LIMITS, inFlight: 8, queue: 16 }, authorizer: { timeout: 5000 } });
  expect((await call(slow.url, '/voices', withKey(key))).status).toBe(200);
  lambda.reset(() => HANG);
  const unknown = newKey();
  // More than the 128 that the gate serves at the same time, from more addresses than could fill it.
  const answers = Array.from({ length: 240 }, (_, i) =>
    call(slow.url, '/voices', withKey(unknown, { 'X-Forwarded-For': `192.0.4.${i % 5}` })),
  );
  const early: number[] = [];
  for (const answer of answers) void answer.then(({ status }) => early.push(status));
  await expect.poll(() => early.length, { timeout: 4000 }).toBe(240 - 64);
  expect((await call(slow.url, '/voices', withKey(key, { 'X-Forwarded-For': '192.0.5.1' }))).status).toBe(200);
  expect((await slow.line(({ reason }) => reason === 'invocations')).status).toBe(429);
  for (const status of (await Promise.all(answers)).map((answer) => answer.status))
    expect([429, 503]).toContain(status);
});
