/** Strangers with many connections, or with much on one, while those who have a key go on. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { call, withKey } from './support/http';
import { crowdedWorld, FORM, flood, headers, slow, stranger } from './support/strangers';

const { issue, honestGate } = crowdedWorld();

const from = (n: number) => ({ 'X-Forwarded-For': `203.0.113.${n}` });

/** What one connection holds at once: nginx answers the next request of it before it looks at other connections. */
const PIPELINED: Readonly<Record<string, (address: string) => string>> = {
  'requests without a key': (address) => headers('', address),
  'requests for the sign-in page': (address) =>
    `GET /.voicegate/session HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\n\r\n`,
  'requests for what nginx itself refuses': (address) =>
    `GET /.voicegate/answer HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\n\r\n`,
};

it.each(Object.entries(PIPELINED))(
  'callers with a key are served while connections are full of %s',
  async (_, request) => {
    const { gate, cached } = await honestGate();
    const times: number[] = [];
    const stop = flood(gate, request('198.51.100.1'), 24);
    try {
      for (let round = 0; round < 5; round++) {
        await sleep(300);
        const fresh = issue();
        const began = performance.now();
        const calls = [withKey(cached, from(1)), withKey(fresh, from(2))].map((one) => call(gate.url, '/voices', one));
        expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200]);
        times.push(performance.now() - began);
        expect(await gate.health()).toBe(200);
      }
    } finally {
      stop();
    }
    // Each took seconds when nginx answered all that is on a connection first, or no answer came.
    expect(times.sort((a, b) => a - b)[2]).toBeLessThan(1000);
  },
  60_000,
);

it('callers with a key are served, and people can sign in, while four addresses send its form slowly', async () => {
  const { gate } = await honestGate();
  const kind = (address: string) => slow('POST /.voicegate/session HTTP/1.1', address, ...FORM);
  const crowd = [1, 2, 3, 4].map((n) => stranger(gate, kind, `198.51.101.${n}`, 12));
  onTestFinished(() => {
    for (const one of crowd) one.stop();
  });
  const signIn = async () => {
    const fields = { 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin' };
    return (await call(gate.url, '/.voicegate/session', { method: 'POST', headers: fields, body: `key=${issue()}` }))
      .status;
  };
  // Each has four slow forms a minute, for five seconds.
  await gate.line(({ reason }) => reason === 'slow-forms');
  await expect.poll(signIn, { interval: 500 }).toBe(303);
  for (let round = 0; round < 5; round++) {
    await sleep(300);
    expect(await signIn()).toBe(303);
  }
}, 60_000);

it('every call is served while a hundred addresses begin two refused bodies each in the same moment, again and again', async () => {
  const { gate, cached } = await honestGate();
  const calls: Promise<number>[] = [];
  for (let round = 0; round < 20; round++) {
    const sockets = Array.from({ length: 200 }, () => connect(gate.port, '127.0.0.1').resume());
    for (const socket of sockets) socket.on('error', () => undefined);
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const [n, socket] of sockets.entries()) {
      socket.write(slow('POST /tts HTTP/1.1', `198.51.102.${n % 100}`, 'Content-Length: 60000'));
      if (n % 50 !== 49) continue;
      const key = n < 100 ? cached : issue();
      calls.push(call(gate.url, '/voices', withKey(key, from(calls.length))).then(({ status }) => status));
    }
    await sleep(250);
    for (const socket of sockets) socket.destroy();
  }
  expect(await Promise.all(calls)).toEqual(Array(80).fill(200));
  expect(await gate.health()).toBe(200);
}, 60_000);
