/** Strangers who keep connections to a gate going, and the gate at its default limits that they meet. */

import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { GATE_DEFAULTS } from '../../../contract/gate-ranges';
import type { GateContainers } from './gate';
import { gateWorld } from './gate-world';
import { call, newKey, withKey } from './http';
import { allow, deny } from './lambda-endpoint';

/** As lib gives them where nobody says otherwise. */
export const DEFAULTS = { ...GATE_DEFAULTS, loadBalancerIdleTimeout: 125, webSession: { lifetime: 43_200 } };

export const spaces = (length: number) => ' '.repeat(length);
export const headers = (line: string, address: string) =>
  `GET /x HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\n${line}\r\n\r\n`;
export const body = (head: string, address: string, length = 60_000) =>
  `${head} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n{"text":"`;
export const slow = (head: string, address: string, ...fields: readonly string[]) =>
  `${[head, 'Host: x', `X-Forwarded-For: ${address}`, ...fields].join('\r\n')}\r\n\r\nx`;
/** Of a form for the sign-in page. */
export const FORM = [
  'Content-Type: application/x-www-form-urlencoded',
  'Content-Length: 1800',
  'Sec-Fetch-Site: same-origin',
];

/** Keeps some of that kind going until it is told to stop, and goes on sending what seems to be a body. */
export function stranger(
  gate: GateContainers,
  kind: (address: string) => string,
  address: string,
  connections = 4,
): { sent(): number; stop(): void } {
  const sockets = new Set<Socket>();
  let isOver = false;
  let sent = 0;
  const open = () => {
    if (isOver) return;
    const socket = connect(gate.port, '127.0.0.1', () => {
      socket.write(Buffer.from(kind(address), 'latin1'));
      sent++;
    });
    sockets.add(socket);
    socket.on('data', () => undefined);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      setTimeout(open, 100);
    });
  };
  for (let i = 0; i < connections; i++) open();
  const trickle = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x');
  }, 200);
  // Answers without a body left to come leave the connection open.
  const renew = setInterval(() => {
    for (const socket of sockets) socket.destroy();
  }, 1000);
  return {
    sent: () => sent,
    stop() {
      isOver = true;
      clearInterval(trickle);
      clearInterval(renew);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Connections on which requests come as fast as they are taken, and none of whose answers is read. */
export function flood(gate: GateContainers, request: string, connections: number): () => void {
  const sockets = new Set<Socket>();
  const many = request.repeat(500);
  let isOver = false;
  const open = () => {
    if (isOver) return;
    const socket = connect(gate.port, '127.0.0.1').pause();
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      setTimeout(open, 20);
    });
  };
  for (let i = 0; i < connections; i++) open();
  // Many times what the gate can answer, though not so much that this machine does nothing else.
  const more = setInterval(() => {
    for (const socket of sockets) if (socket.writable && socket.writableLength === 0) socket.write(many);
  }, 10);
  return () => {
    isOver = true;
    clearInterval(more);
    for (const socket of sockets) socket.destroy();
  };
}

/** A gate in front of an app that needs 50 ms and an authorizer that needs 15, for the tests of the file that calls. */
export function crowdedWorld() {
  const good = new Set<string>();
  const { app, startGate } = gateWorld(async ({ event }) => {
    await sleep(15);
    const key = event.identitySource[0] ?? '';
    return good.has(key) ? allow({ keyId: key.slice(3, 15) }, 60) : deny(401, 10);
  });
  const issue = () => {
    const key = newKey();
    good.add(key);
    return key;
  };
  return { issue, honestGate };

  /** A gate, and a key that it has learnt before strangers come. */
  async function honestGate(): Promise<{ gate: GateContainers; cached: string }> {
    const gate = await startGate(DEFAULTS as never, {
      env: { VOICEGATE_SESSION_SECRET: 'a-secret-of-sessions-0123456789abcdefghijklmnop' },
    });
    app.handler = async (_, response) => {
      await sleep(50);
      response.end('spoken');
      return true;
    };
    const cached = issue();
    expect((await call(gate.url, '/voices', withKey(cached, { 'X-Forwarded-For': '203.0.113.1' }))).status).toBe(200);
    return { gate, cached };
  }
}
