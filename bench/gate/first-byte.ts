/** How long after the app has sent the first byte of a chunked response that byte reaches the client. */

import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { startGate } from './stacks/gate';
import type { World } from './world';

/** Milliseconds. */
export interface FirstByte {
  readonly p50: number;
  readonly p99: number;
}

export interface FirstBytes {
  readonly gate: FirstByte;
  readonly direct: FirstByte;
}

const REQUESTS = 500;

/** App and client are this process, so that one clock tells; the way without a gate shows what that alone costs. */
export async function firstByte(world: World): Promise<FirstBytes> {
  let sent = 0;
  const app = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'audio/mpeg' });
    sent = performance.now();
    response.write('first');
    setTimeout(() => response.end('last'), 10);
  });
  app.listen(0, '127.0.0.1');
  await new Promise((resolve) => app.once('listening', resolve));
  const { port: appPort } = app.address() as AddressInfo;
  const gate = await startGate({ ...world, appPort });
  try {
    const gatePort = Number(new URL(gate.url).port);
    const times: { readonly gate: number[]; readonly direct: number[] } = { gate: [], direct: [] };
    for (let i = 0; i < REQUESTS; i++) {
      times.gate.push((await arrival(gatePort, world.key)) - sent);
      times.direct.push((await arrival(appPort, world.key)) - sent);
    }
    return { gate: percentiles(times.gate), direct: percentiles(times.direct) };
  } finally {
    await gate.stop();
    app.closeAllConnections();
    await new Promise((resolve) => app.close(resolve));
  }
}

/** When the first byte came. @throws Error when the response is another or comes not whole within 5 s. */
function arrival(port: number, key: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let at = 0;
    let text = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`GET / HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\nX-API-Key: ${key}\r\n\r\n`);
    });
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer within 5 s')));
    socket.on('data', (data) => {
      at ||= performance.now();
      text += data;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const whole = text.startsWith('HTTP/1.1 200') && text.includes('first') && text.includes('last');
      if (whole) resolve(at);
      else reject(new Error(`the app's answer did not come whole: ${text.slice(0, 100)}`));
    });
  });
}

function percentiles(times: readonly number[]): FirstByte {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
