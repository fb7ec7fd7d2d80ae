import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Exchange, send } from './corpus/raw-client';
import { CASE, keyLine, raw, SMUGGLED } from './corpus/raw-request';
import { recordingApp } from './corpus/recording-app';
import { authorizerOf, KEYS, WORLDS } from './corpus/world';
import type { GateContainers } from './support/gate';
import { gateInFrontOf } from './support/gate-world';

const world = WORLDS.strict;
const BODY = 'what the app said\n'.repeat(300);

/** Headers by which an app would steer nginx. */
const STEERING: readonly string[] = [
  'X-Accel-Redirect: /tts',
  'X-Accel-Redirect: /.voicegate/answer',
  'X-Accel-Redirect: @tick',
  'X-Accel-Redirect: /static/../admin/keys',
  'X-Accel-Redirect: http://127.0.0.1:1/',
  'x-accel-redirect: /admin/keys',
  'X-Accel-Expires: 3600',
  'X-Accel-Limit-Rate: 1',
  'X-Accel-Buffering: yes',
  'X-Accel-Buffering: no',
  'X-Accel-Charset: utf-16',
  'X-Sendfile: /etc/passwd',
  'X-Reproxy-URL: http://127.0.0.1:1/',
  'X-LIGHTTPD-send-file: /etc/passwd',
];

describe('the gate in front of a hostile app', () => {
  /** What the app answers, by path. */
  const answers = new Map<string, string>();
  const app = recordingApp(({ target }) => answers.get(target) ?? respond([], 'other\n'));
  const { startGate } = gateInFrontOf(app, authorizerOf(world));
  let gate: GateContainers;

  beforeAll(async () => {
    gate = await startGate(world.options);
  });

  for (const [index, header] of STEERING.entries()) {
    it(`passes on the answer as it is with ${header}`, async () => {
      const target = `/static/steering-${index}`;
      answers.set(target, respond([header], BODY));
      const { answers: got } = await get(target);
      expect(got.map(({ status, body }) => [status, body])).toEqual([[200, BODY]]);
      expect(got[0]?.headers.filter(([name]) => /^(location|www-authenticate)$/i.test(name))).toEqual([]);
      expect(app.received(caseOf(target)).map((request) => request.target)).toEqual([target]);
    });
  }

  it('is not led from a public path to a protected one by a redirect: it passes that on to the client', async () => {
    const target = '/static/redirect';
    answers.set(target, respond(['Location: http://app.test/admin/keys'], '', '302 Found'));
    const { answers: got } = await get(target);
    expect(got.map(({ status }) => status)).toEqual([302]);
    expect(app.received(caseOf(target))).toHaveLength(1);
  });

  it('passes on the refusals of the app itself', async () => {
    for (const status of [
      '400 Bad Request',
      '401 Unauthorized',
      '403 Forbidden',
      '404 Not Found',
      '500 Error',
      '503 X',
    ]) {
      const target = `/static/status-${status.slice(0, 3)}`;
      answers.set(target, respond([], 'mine\n', status));
      const { answers: got } = await get(target);
      expect(got.map(({ status: code, body }) => [code, body])).toEqual([[Number(status.slice(0, 3)), 'mine\n']]);
    }
  });

  it('gives the answer to a second request to nobody', async () => {
    const target = '/static/two-answers';
    const second = respond([], 'smuggled\n');
    answers.set(target, respond([], 'first\n') + second);
    const bytes = request(target) + request('/static/next', ['Connection: close']);
    const exchange = await send({ port: gate.port, bytes });
    expect(exchange.answers.map(({ body }) => body)).toEqual(['first\n', 'other\n']);
    expect(exchange.bytes).not.toContain('smuggled');
  });

  it('opens no tunnel to an app that switches protocols unasked', async () => {
    const target = '/static/switch';
    answers.set(target, 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const bytes = request(target) + SMUGGLED.replaceAll(CASE, 'tunnel');
    await send({ port: gate.port, bytes, answers: 1 });
    expect(app.received(caseOf(target)).map(({ extra }) => extra)).toEqual(['']);
    expect(app.received('tunnel')).toEqual([]);
  });

  it('never asks the app to switch protocols, whatever the client asks for', async () => {
    for (const [index, protocol] of ['websocket', 'h2c', 'TLS/1.0', 'websocket, h2c'].entries()) {
      const target = `/static/upgrade-${index}`;
      const headers = [`Upgrade: ${protocol}`, 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABk'];
      const bytes = request(target, headers) + SMUGGLED.replaceAll(CASE, 'upgrade');
      const exchange = await send({ port: gate.port, bytes, answers: 2 });
      expect(exchange.answers.map(({ status }) => status)).toEqual([200, 401]);
      const [received] = app.received(caseOf(target));
      expect(received?.headers.filter(([name]) => /^(upgrade|http2-settings)$/i.test(name))).toEqual([]);
      expect(received?.headers.filter(([name]) => /^connection$/i.test(name))).toEqual([['Connection', 'close']]);
    }
    expect(app.received('upgrade')).toEqual([]);
  });

  const BROKEN: Readonly<Record<string, string>> = {
    'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    'length and coding':
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    'NUL in a header': 'HTTP/1.1 200 OK\r\nX-Other: a\u0000b\r\nContent-Length: 0\r\n\r\n',
    'a header of 100 KB': `HTTP/1.1 200 OK\r\nX-Other: ${'a'.repeat(100_000)}\r\nContent-Length: 0\r\n\r\n`,
    nothing: '',
  };
  for (const [name, bytes] of Object.entries(BROKEN)) {
    it(`answers 502 in JSON when the app answers with ${name}`, async () => {
      const target = `/static/broken-${Object.keys(BROKEN).indexOf(name)}`;
      answers.set(target, bytes);
      const { answers: got } = await get(target);
      expect(got).toHaveLength(1);
      expect(got[0]?.status).toBe(502);
      expect(header(got[0], 'Content-Type')).toBe('application/json');
      expect(JSON.parse(got[0]?.body ?? '')).toEqual({
        error: 'Bad Gateway',
        requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
    });
  }

  it('decides about the next request on the connection anew, whatever the app answered before', async () => {
    const target = '/static/keep';
    answers.set(target, respond(['Connection: keep-alive', 'X-Auth-Principal: root', 'Set-Cookie: a=b'], 'x\n'));
    const bytes =
      request(target) + request('/tts', [keyLine(KEYS.good.text)]) + request('/voices', ['Connection: close']);
    const exchange = await send({ port: gate.port, bytes });
    expect(exchange.answers.map(({ status }) => status)).toEqual([200, 200, 401]);
  });

  function get(target: string): Promise<Exchange> {
    return send({ port: gate.port, bytes: request(target, ['Connection: close']) });
  }
});

function request(target: string, headers: readonly string[] = []): string {
  return raw({ target, headers }).replaceAll(CASE, caseOf(target));
}

function caseOf(target: string): string {
  return target.slice(1).replaceAll('/', '-');
}

function respond(headers: readonly string[], body: string, status = '200 OK'): string {
  return [`HTTP/1.1 ${status}`, ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

function header(got: Answer | undefined, name: string): string | undefined {
  return got?.headers.find(([given]) => given.toLowerCase() === name.toLowerCase())?.[1];
}
