/** Search engines are asked to list nothing, by every answer. */

import { beforeAll, describe, expect, it } from 'vitest';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, newKey, raw, withKey } from './support/http';
import { allow, deny } from './support/lambda-endpoint';

const good = newKey();
const { app, startGate } = gateWorld(({ event }) => (event.identitySource[0] === good ? allow() : deny(401, 0)));
const env = { VOICEGATE_SESSION_SECRET: 'a-secret-of-sessions-0123456789abcdefghijklmnop' };
const options = { webSession: { lifetime: 600 }, cors: { allowOrigins: ['https://a.test'], maxAge: 60 } };

/** What is asked, and with which status it is answered: by the app, by the program, and by nginx alone. */
const REQUESTS: readonly (readonly [what: string, status: number, request: string])[] = [
  ['a public page', 200, 'GET / HTTP/1.1\r\nHost: x'],
  ['an app with a key', 200, `GET /voices HTTP/1.1\r\nHost: x\r\nX-API-Key: ${good}`],
  ['what the app does not have', 404, `GET /none HTTP/1.1\r\nHost: x\r\nX-API-Key: ${good}`],
  ['nobody', 401, 'GET /voices HTTP/1.1\r\nHost: x'],
  ['nobody who calls as OpenAI does', 401, 'GET /v1/models HTTP/1.1\r\nHost: x'],
  ['who opens a page', 303, 'GET /x HTTP/1.1\r\nHost: x\r\nAccept: text/html'],
  ['the sign-in page', 200, 'GET /.voicegate/session HTTP/1.1\r\nHost: x'],
  ['its style', 200, 'GET /.voicegate/session.css HTTP/1.1\r\nHost: x'],
  ['a form of another site', 403, 'POST /.voicegate/session HTTP/1.1\r\nHost: x\r\nContent-Length: 0'],
  [
    'a preflight',
    204,
    'OPTIONS /tts HTTP/1.1\r\nHost: x\r\nOrigin: https://a.test\r\nAccess-Control-Request-Method: POST',
  ],
  ['two readings of a path', 400, 'GET /a%2fb HTTP/1.1\r\nHost: x'],
  ['no request at all', 400, 'GET / HTTP/1.1\r\nHost x'],
  ['a body too large', 413, 'POST /tts HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999'],
  ['a line too long', 414, `GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: x`],
  ['a version that nobody speaks', 505, 'GET / HTTP/3.0\r\nHost: x'],
];
const tags = (text: string) => [...text.matchAll(/^x-robots-tag: (.*)\r$/gim)].map(([, value]) => value);

async function ask(gate: GateContainers, request: string): Promise<string> {
  return raw(gate.url, `${request}\r\nConnection: close\r\n\r\n`);
}

describe('X-Robots-Tag', () => {
  let gate: GateContainers;
  let listed: GateContainers;
  beforeAll(async () => {
    gate = await startGate(options, { env });
    listed = await startGate({ ...options, allowIndexing: true }, { env });
  });

  it.each(REQUESTS)('is on the answer to %s', async (_, status, request) => {
    app.handler = async ({ url }, response) => {
      response.writeHead(url === '/none' ? 404 : 200, { 'X-Robots-Tag': 'all' }).end();
      return true;
    };
    const text = await ask(gate, request);
    expect([text.split(' ')[1], tags(text)]).toEqual([String(status), ['noindex, nofollow']]);
    // Where the service may be listed the app alone says what it likes.
    const own = tags(await ask(listed, request));
    expect(own).toEqual(/GET \/(voices|none)? /.test(request) && [200, 404].includes(status) ? ['all'] : []);
  });

  it('is on what the gate answers while the app is gone or too many call', async () => {
    app.handler = async (_, response) => {
      response.destroy();
      return true;
    };
    const broken = await call(gate.url, '/', withKey(good));
    expect([broken.status, broken.headers['x-robots-tag']]).toEqual([502, 'noindex, nofollow']);
  });
});
