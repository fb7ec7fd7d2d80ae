/** Who reads slowly holds places in the app, though never all of them. */

import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, newKey, withKey } from './support/http';
import { allow } from './support/lambda-endpoint';

const LIMITS = { inFlight: 8, queue: 16, requestsPerMinute: 10_000, synthesisPerMinute: 10_000 };
/** More than all buffers on the way hold. */
const LARGE = Buffer.alloc(24 * 1024 ** 2, 'x');

const { app, startGate, gateForTest } = gateWorld(({ event }) =>
  allow({ keyId: (event.identitySource[0] ?? '').slice(3, 15) }, 600),
);
let gate: GateContainers;

beforeAll(async () => {
  gate = await startGate({ limits: LIMITS, publicRoutes: [{ method: 'GET', path: '/open/*' }] });
});

beforeEach(() => {
  app.handler = async ({ url }, response) => {
    if (url.includes('large')) response.end(LARGE);
    else {
      await sleep(20);
      response.end('small');
    }
    return true;
  };
});

/** A connection that asks, and reads nothing of the answer. */
function unread(path: string, headers: Readonly<Record<string, string>>, port = gate.port): Socket {
  const fields = Object.entries({ Host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\n${fields.join('')}\r\n`));
  socket.pause();
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

const from = (n: number) => ({ 'X-Forwarded-For': `203.0.113.${n}` });
/** Each test has a path of its own: what the one before has given up may still arrive. */
const reached = (path: string) => app.received.filter(({ url }) => url === path).length;

it('a key leaves a quarter of the places to others, whether they came before or not', async () => {
  const [slow, early, late] = [newKey(), newKey(), newKey()];
  expect((await call(gate.url, '/voices', withKey(early))).status).toBe(200);
  const sockets = Array.from({ length: 12 }, (_, n) => unread('/large', { 'X-API-Key': slow, ...from(n) }));
  await expect.poll(() => reached('/large')).toBe(6);
  for (let round = 0; round < 5; round++) {
    const keys = [early, late, newKey(), newKey()];
    const answers = await Promise.all(keys.map((key) => call(gate.url, '/voices', withKey(key))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  }
  expect(reached('/large')).toBe(6);
  // Its own come later, as soon as others have ended.
  for (const socket of sockets.slice(0, 6)) socket.destroy();
  await expect.poll(() => reached('/large')).toBeGreaterThan(6);
  for (const socket of sockets) socket.destroy();
});

it('a key alone is served whatever it asks at once, though others were there lately', async () => {
  const key = newKey();
  await expect.poll(async () => (await call(gate.url, '/voices', withKey(key))).status).toBe(200);
  const answers = await Promise.all(Array.from({ length: 18 }, () => call(gate.url, '/voices', withKey(key))));
  expect(answers.map(({ status }) => status)).toEqual(Array(18).fill(200));
});

it('those without a key leave room for who has one, and one address for the others', async () => {
  // Somebody with a key is about.
  expect((await call(gate.url, '/voices', withKey(newKey(), from(2)))).status).toBe(200);
  const sockets = Array.from({ length: 12 }, () => unread('/open/large', from(1)));
  await expect.poll(() => reached('/open/large')).toBe(5);
  expect((await call(gate.url, '/open/page', { headers: from(2) })).status).toBe(200);
  for (let n = 3; n < 9; n++) sockets.push(unread('/open/large', from(n)));
  await expect.poll(() => reached('/open/large')).toBe(6);
  expect((await call(gate.url, '/voices', withKey(newKey(), from(2)))).status).toBe(200);
  for (const socket of sockets) socket.destroy();
});

it('of two places those without a key leave one, though others of them wait and nobody with a key was about', async () => {
  const small = await gateForTest({
    limits: { ...LIMITS, inFlight: 2 },
    publicRoutes: [{ method: 'GET', path: '/open/*' }],
  });
  const sockets = [1, 2, 3, 4].map((n) => unread('/open/large-of-two', from(n), small.port));
  await expect.poll(() => reached('/open/large-of-two')).toBe(1);
  for (let round = 0; round < 3; round++) {
    expect((await call(small.url, '/voices', withKey(newKey(), from(9)))).status).toBe(200);
  }
  expect(reached('/open/large-of-two')).toBe(1);
  for (const socket of sockets) socket.destroy();
});
