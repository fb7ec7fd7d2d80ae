import { beforeAll, describe, expect, it } from 'vitest';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { type Answer, call, newKey, raw } from './support/http';
import { RawAnswer } from './support/lambda-endpoint';

const ORIGIN = 'https://app.example.com';
const LOCAL = 'http://localhost:3000';
const EXPOSED = 'Content-Disposition, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id';

const { app, lambda, startGate } = gateWorld();
/** Two origins; any origin. */
let listed: GateContainers;
let open: GateContainers;

beforeAll(async () => {
  const start = (allowOrigins: readonly string[]) =>
    startGate({ cors: { allowOrigins, maxAge: 600 }, limits: { requestsPerMinute: 100 } });
  [listed, open] = await Promise.all([start([ORIGIN, LOCAL]), start(['*'])]);
});

let clients = 0;
const client = () => ({ 'X-Forwarded-For': `203.0.113.${(clients++ % 250) + 1}` });

function preflight(gate: GateContainers, headers: Readonly<Record<string, string>>, path = '/tts'): Promise<Answer> {
  return call(gate.url, path, {
    method: 'OPTIONS',
    headers: { 'Access-Control-Request-Method': 'POST', ...client(), ...headers },
  });
}

const corsHeaders = ({ headers }: Answer) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

describe('a preflight', () => {
  it('counts for the overall limit of its client, as every other answer of the gate', async () => {
    const from = { 'X-Forwarded-For': '198.51.100.77' };
    const statuses: number[] = [];
    for (let i = 0; i < 101; i++) statuses.push((await preflight(listed, { origin: ORIGIN, ...from })).status);
    expect(statuses).toEqual([...Array(100).fill(204), 429]);
    expect((await call(listed.url, '/tts', { headers: from })).status).toBe(429);
  });

  it('has no body: with one it is refused', async () => {
    const fields = `Origin: ${ORIGIN}\r\nAccess-Control-Request-Method: POST\r\nContent-Length: 1\r\nConnection: close`;
    expect(await raw(listed.url, `OPTIONS /tts HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\nx`)).toMatch(/^HTTP\/1\.1 403 /);
  });

  it.each([ORIGIN, LOCAL])('from %s is answered before anybody is asked for a key', async (origin) => {
    const answer = await preflight(listed, { origin, 'Access-Control-Request-Headers': 'x-api-key,x-stainless-os' });
    expect([answer.status, answer.body]).toEqual([204, '']);
    expect(corsHeaders(answer)).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'x-api-key,x-stainless-os',
      'access-control-max-age': '600',
      'access-control-expose-headers': EXPOSED,
    });
    expect(answer.headers.vary).toBe('Origin');
    expect(app.received).toEqual([]);
    expect(lambda.invocations).toEqual([]);
  });

  it.each([
    'https://evil.test',
    'https://app.example.com.evil.test',
    'https://APP.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'null',
    '*',
    '',
  ])('from %j is refused, and tells it nothing', async (origin) => {
    const answer = await preflight(listed, { origin });
    expect(answer.status).toBe(403);
    expect(answer.headers).not.toHaveProperty('access-control-allow-methods');
    expect(answer.headers.vary).toBe('Origin');
    expect(app.received).toEqual([]);
  });

  it('allows any origin where that was said, and never a cookie', async () => {
    const answer = await preflight(open, { origin: 'https://any.test' });
    expect(answer.status).toBe(204);
    expect(corsHeaders(answer)).toMatchObject({ 'access-control-allow-origin': '*' });
    expect(corsHeaders(answer)).not.toHaveProperty('access-control-allow-credentials');
  });

  it('names no header that is no name', async () => {
    const answer = await preflight(listed, { origin: ORIGIN, 'Access-Control-Request-Headers': 'a:b, "c"' });
    expect(corsHeaders(answer)).not.toHaveProperty('access-control-allow-headers');
  });

  it('is not what any other OPTIONS is', async () => {
    const answer = await call(listed.url, '/tts', { method: 'OPTIONS', headers: { origin: ORIGIN, ...client() } });
    expect(answer.status).toBe(401);
  });
});

describe('an answer to a page of another origin', () => {
  const ask = (path: string, headers: Readonly<Record<string, string>> = {}, gate = listed) =>
    call(gate.url, path, { headers: { origin: ORIGIN, ...client(), ...headers } });

  it('may be read, whether the app gave it or the gate, and tells when to try again', async () => {
    const key = newKey();
    const good = { 'X-API-Key': key };
    const same = { 'X-Forwarded-For': '192.0.2.77' };
    const answers: [string, number, Answer][] = [['allowed', 200, await ask('/tts', good)]];
    app.handler = (_, response) => {
      response.writeHead(404).end('none');
      return true;
    };
    answers.push(['refused by the app', 404, await ask('/tts', good)]);
    app.reset();
    answers.push(['without a key', 401, await ask('/tts')]);
    answers.push(['of an ambiguous path', 400, await ask('/a%2fb', good)]);
    answers.push([
      'too large',
      413,
      await call(listed.url, '/tts', {
        method: 'POST',
        headers: { origin: ORIGIN, ...client(), ...good },
        body: 'x'.repeat(70_000),
      }),
    ]);
    lambda.behaviour = () => new RawAnswer(500, '');
    answers.push(['while the authorizer fails', 503, await ask('/tts', { 'X-API-Key': newKey() })]);
    for (let i = 0; i < 100; i++) await ask('/static/x', same);
    answers.push(['of a client that is too fast', 429, await ask('/static/x', same)]);
    for (const [name, status, answer] of answers) {
      expect(answer.status, name).toBe(status);
      expect(corsHeaders(answer), name).toEqual({
        'access-control-allow-origin': ORIGIN,
        'access-control-expose-headers': EXPOSED,
      });
      expect(answer.headers.vary, name).toBe('Origin');
      if (status === 429 || status === 503) expect(Number(answer.headers['retry-after']), name).toBeGreaterThan(0);
    }
  });

  it('holds these headers once, whatever the app says of its own', async () => {
    app.handler = (_, response) => {
      response.writeHead(200, {
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Allow-Credentials': 'true',
        'Access-Control-Expose-Headers': 'X-Secret',
        Vary: 'Accept-Encoding',
      });
      response.end('x');
      return true;
    };
    const answer = await ask('/static/x');
    expect(corsHeaders(answer)).toEqual({
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': EXPOSED,
    });
    expect(answer.headers.vary).toBe('Accept-Encoding, Origin');
  });

  it('may not be read by pages of origins that are not listed, nor be cached for those that are', async () => {
    for (const headers of [{ origin: 'https://evil.test' }, {}] as Readonly<Record<string, string>>[]) {
      const answer = await call(listed.url, '/static/x', { headers: { ...headers, ...client() } });
      expect([answer.status, corsHeaders(answer), answer.headers.vary]).toEqual([200, {}, 'Origin']);
    }
  });

  it('may be read where any origin is allowed', async () => {
    const answer = await ask('/tts', {}, open);
    expect([answer.status, corsHeaders(answer)]).toEqual([
      401,
      { 'access-control-allow-origin': '*', 'access-control-expose-headers': EXPOSED },
    ]);
    expect(answer.headers).not.toHaveProperty('vary');
  });

  it('is one that nginx gave by itself, too', async () => {
    const text = await raw(listed.url, `GET / HTTP/9.9\r\nHost: a\r\nOrigin: ${ORIGIN}\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 505 .*\r\n(.*\r\n)*Vary: Origin/);
  });
});
