import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { type ReservedPort, reservePort } from '../../local/reserved-port.js';

/** Listens on 127.0.0.1 until the test is over. */
async function listenOn(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
}

async function reserve(): Promise<ReservedPort> {
  const reserved = await reservePort();
  onTestFinished(() => reserved.release());
  return reserved;
}

it('a reserved port can be listened on', async () => {
  await listenOn((await reserve()).port);
});

it('a port is reserved for one alone, however many ask at once, and none that the system gives away by itself', async () => {
  const ports = (await Promise.all(Array.from({ length: 200 }, reserve))).map(({ port }) => port);
  expect(new Set(ports).size).toBe(ports.length);
  expect(Math.max(...ports)).toBeLessThan(32_768);
});

it('what is reserved or listened on is passed over, and given again once it is free', async () => {
  const { port, release } = await reserve();
  const random = Math.random;
  onTestFinished(() => {
    Math.random = random;
  });
  // Whoever asks now begins with that very port.
  Math.random = () => (port - 20_000) / 12_000 + 1e-9;
  expect((await reserve()).port).not.toBe(port);
  release();
  const again = await reserve();
  expect(again.port).toBe(port);
  again.release();
  await listenOn(port);
  expect((await reserve()).port).not.toBe(port);
});
