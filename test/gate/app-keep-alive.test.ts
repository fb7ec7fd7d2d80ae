import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { GateBundle } from '../../contract/gate-options';
import { buildGate, gateOptions } from './support/bundle';
import { type GateContainers, startGate } from './support/gate';
import { call, newKey, withKey } from './support/http';
import { LambdaEndpoint } from './support/lambda-endpoint';

let bundle: GateBundle;
let lambda: LambdaEndpoint;
let gate: GateContainers | undefined;
let app: Server | undefined;
/** Connections that clients of the app opened, the gate's look at its readiness included. */
let connections: Socket[] = [];
let requests: IncomingMessage[] = [];

beforeAll(async () => {
  [bundle, lambda] = await Promise.all([buildGate(), LambdaEndpoint.start()]);
});

afterAll(() => lambda?.stop());

afterEach(async () => {
  await gate?.stop();
  app?.closeAllConnections();
  await new Promise((resolve) => (app === undefined ? resolve(undefined) : app.close(resolve)));
});

async function begin(appKeepAlive: number | undefined, answer: (response: ServerResponse) => void): Promise<void> {
  connections = [];
  requests = [];
  app = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume();
    if (request.headers['user-agent'] !== 'voicegate-gate') requests.push(request);
    answer(response);
  });
  app.on('connection', (socket) => connections.push(socket));
  await new Promise<void>((resolve) => app?.listen(0, '127.0.0.1', resolve));
  const options = gateOptions({ ...(appKeepAlive !== undefined && { appKeepAlive }) });
  const { port } = app.address() as AddressInfo;
  gate = await startGate(bundle.packGate, options, { upstreamPort: port, lambdaUrl: lambda.url });
  connections = [];
}

const statusOf = async (method: string, key: string) =>
  (await call(gate?.url ?? '', '/static/a', { method, ...withKey(key) })).status;

describe('connections to the app', () => {
  it('are opened for each request unless it is told that the app keeps them', async () => {
    await begin(undefined, (response) => response.end('ok'));
    const key = newKey();
    for (let i = 0; i < 5; i++) expect(await statusOf('GET', key)).toBe(200);
    expect(requests.map(({ headers }) => headers.connection)).toEqual(Array(5).fill('close'));
    expect(new Set(requests.map(({ socket }) => socket)).size).toBe(5);
  });

  it('are kept with appKeepAlive, and closed by the gate a second before the app would', async () => {
    await begin(2, (response) => response.end('ok'));
    const key = newKey();
    for (let i = 0; i < 20; i++) expect(await statusOf('GET', key)).toBe(200);
    const [socket, ...others] = new Set(requests.map((request) => request.socket));
    expect(others).toEqual([]);
    let closed = false;
    socket?.once('end', () => {
      closed = true;
    });
    await sleep(500);
    expect(closed).toBe(false);
    await expect.poll(() => closed).toBe(true);
    expect(await statusOf('POST', key)).toBe(200);
  });

  it('that the app has closed all the same cost a GET nothing, and no POST is sent twice', async () => {
    const sockets = new Set<Socket | null>();
    await begin(60, (response) => {
      // The second request on a connection finds nobody.
      if (sockets.has(response.socket)) {
        response.socket?.destroy();
        return;
      }
      sockets.add(response.socket);
      response.end('ok');
    });
    const key = newKey();
    for (let i = 0; i < 6; i++) expect(await statusOf('GET', key)).toBe(200);
    requests = [];
    expect(await statusOf('POST', key)).toBe(502);
    expect(requests).toHaveLength(1);
  });

  it('are few, however many requests: never more than requests that may be in flight', async () => {
    await begin(60, (response) => setTimeout(() => response.end('ok'), 5));
    const key = newKey();
    expect(await statusOf('GET', key)).toBe(200);
    const { inFlight } = gateOptions().limits;
    for (let i = 0; i < 5; i++) {
      const statuses = await Promise.all(Array.from({ length: inFlight }, () => statusOf('GET', key)));
      expect(statuses).toEqual(Array(inFlight).fill(200));
    }
    expect(new Set(requests.map(({ socket }) => socket)).size).toBeLessThanOrEqual(inFlight);
  });
});
