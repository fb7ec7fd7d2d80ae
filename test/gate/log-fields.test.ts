import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, newKey, withKey } from './support/http';
import { allow } from './support/lambda-endpoint';

describe('a line of the log', () => {
  const { lambda, gateForTest } = gateWorld();
  let app: Server;

  beforeAll(async () => {
    app = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        const path = data.toString('latin1').split(' ')[1] ?? '';
        if (path === '/close') socket.destroy();
        else if (path === '/own') socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
        else if (path !== '/hang') socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    app.close();
  });

  const portOf = (server: Server) => (server.address() as { readonly port: number }).port;
  const lineOf = (gate: GateContainers, path: string) =>
    expect.poll(() => gate.lines().find((line) => line.path === path));

  it('tells why a request that was let through got no answer', async () => {
    const gate = await gateForTest({ longestRequest: 1 }, { upstreamPort: portOf(app) });
    const key = newKey();
    for (const path of ['/close', '/hang', '/own', '/fine']) await call(gate.url, path, withKey(key));
    await lineOf(gate, '/close').toMatchObject({ decision: 'allow', status: 502, failure: 'closed' });
    await lineOf(gate, '/hang').toMatchObject({ decision: 'allow', status: 504, failure: 'timeout' });
    await lineOf(gate, '/own').toMatchObject({ decision: 'allow', status: 502, failure: '' });
    await lineOf(gate, '/fine').toMatchObject({ decision: 'allow', status: 200, failure: '' });
    await new Promise((resolve) => app.close(resolve));
    await call(gate.url, '/gone', withKey(key));
    await lineOf(gate, '/gone').toMatchObject({ decision: 'allow', status: 502, failure: 'refused' });
  });

  it('tells whose it is, unless that is masked; never a key', async () => {
    const [open, masked] = [await gateForTest(), await gateForTest({ masksPrincipal: true })];
    const stolen = newKey();
    lambda.behaviour = () => allow({ principal: `alice "a" ${stolen}` });
    for (const gate of [open, masked]) await call(gate.url, '/voices', withKey(newKey()));
    await lineOf(open, '/voices').toMatchObject({ principal: expect.stringMatching(/^alice "a" /) });
    await lineOf(masked, '/voices').toMatchObject({ decision: 'allow' });
    expect(masked.lines().some((line) => 'principal' in line)).toBe(false);
    expect(JSON.stringify(open.lines())).not.toContain(stolen.slice(20));
  });
});
