import { beforeAll, describe, expect, it } from 'vitest';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, newKey, raw, withKey } from './support/http';
import { allow, deny, functionError, HANG, RawAnswer, RESET } from './support/lambda-endpoint';

const { app, gateForTest, lambda, startGate } = gateWorld();
let gate: GateContainers;

beforeAll(async () => {
  gate = await startGate({
    requiredScopes: [{ path: '/tts', scopes: ['tts:synthesize'] }],
    authorizer: { timeout: 1000, staleGrace: 300 },
  });
});

/** Each test is another client: counts of one must not meet those of the next. */
let clients = 0;
const client = () => ({ 'X-Forwarded-For': `198.51.${100 + Math.floor(clients / 250)}.${(clients++ % 250) + 1}` });

describe('credentials', () => {
  it('passes a request with a good key, and tells the app who calls but not the key', async () => {
    const key = newKey();
    const answer = await call(gate.url, '/tts?text=hello', withKey(key, { ...client(), 'X-Auth-Principal': 'root' }));
    expect(answer.status).toBe(200);
    const { headers, url } = answer.json();
    expect(url).toBe('/tts?text=hello');
    expect(headers).toMatchObject({
      'x-auth-principal': 'alice',
      'x-auth-key-id': 'AAAAAAAAAAAA',
      'x-auth-scopes': 'tts:synthesize',
    });
    expect(answer.body).not.toContain(key);
    expect(lambda.problems).toEqual([]);
    expect(lambda.invocations).toHaveLength(1);
    expect(lambda.invocations[0]).toMatchObject({ functionName: 'authorizer', qualifier: 'live' });
  });

  it('sends the authorizer an event of format 2.0 that names the credential but not the rest of the request', async () => {
    const key = newKey();
    const from = client();
    await call(gate.url, '/tts?text=secret-text', {
      headers: { authorization: `Bearer ${key}`, cookie: 'a=b', ...from },
    });
    expect(lambda.invocations[0]?.event).toMatchObject({
      version: '2.0',
      type: 'REQUEST',
      identitySource: [key],
      routeArn: 'arn:aws:execute-api:eu-west-1:123456789012:voicegate/$default/GET/tts',
      headers: {},
      rawQueryString: '',
      rawPath: '/tts',
      requestContext: { apiId: 'voicegate', http: { method: 'GET', sourceIp: from['X-Forwarded-For'] } },
    });
    expect(JSON.stringify(lambda.invocations[0]?.event)).not.toContain('secret-text');
  });

  it('refuses a request without credential, and says how to send one', async () => {
    const answer = await call(gate.url, '/tts', { headers: client() });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="voicegate"');
    expect(answer.json()).toEqual({ error: 'Unauthorized', requestId: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(app.received).toEqual([]);
    expect(lambda.invocations).toEqual([]);
  });

  it.each([
    ['a wrong checksum', () => `${newKey().slice(0, -1)}!`],
    ['another prefix', () => newKey().replace('vg_', 'xx_')],
    ['513 characters', () => 'k'.repeat(513)],
    ['a comma', () => `${newKey()}, ${newKey()}`],
    ['bytes above 127', () => 'kéy'],
  ])('refuses a key with %s without asking the authorizer', async (_, key) => {
    const answer = await call(gate.url, '/tts', withKey(key(), client()));
    expect(answer.status).toBe(401);
    expect(lambda.invocations).toEqual([]);
  });

  it('asks the authorizer about a bearer token that has the shape of a JWT', async () => {
    const answer = await call(gate.url, '/tts', { headers: { authorization: 'Bearer aaa.bbb.ccc', ...client() } });
    expect(answer.status).toBe(200);
    expect(lambda.invocations[0]?.event.identitySource).toEqual(['aaa.bbb.ccc']);
  });

  it('refuses two different credentials, however they are sent', async () => {
    const [one, two] = [newKey(), newKey()];
    const both = await call(gate.url, '/tts', { headers: { 'X-API-Key': one, authorization: `Bearer ${two}` } });
    const twice = await call(gate.url, '/tts', { headers: { 'X-API-Key': [one, two] } });
    expect([both.status, twice.status]).toEqual([400, 400]);
    expect(lambda.invocations).toEqual([]);
  });

  it('takes the same credential sent twice for one', async () => {
    const key = newKey();
    const answer = await call(gate.url, '/tts', {
      headers: { 'X-API-Key': [key, key], authorization: `bearer  ${key}`, ...client() },
    });
    expect(answer.status).toBe(200);
  });

  it('ignores a key in the query while that is switched off', async () => {
    const answer = await call(gate.url, `/tts?api_key=${newKey()}`, { headers: client() });
    expect(answer.status).toBe(401);
  });

  it('lets public routes pass without a credential, and still strips claims of identity', async () => {
    const answer = await call(gate.url, '/static/a.css?v=1', {
      headers: { 'X-Auth-Key-Id': 'x', 'x-auth-anything': 'y', 'X-Amzn-Oidc-Data': 'z' },
    });
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.json().headers).filter((name) => /auth|oidc/.test(name))).toEqual([]);
    expect((await call(gate.url, '/', { method: 'POST' })).status).toBe(401);
    expect((await call(gate.url, '/', { method: 'HEAD' })).status).toBe(200);
  });
});

describe('decisions', () => {
  it.each([
    ['401', () => deny(401), 401],
    ['403', () => deny(403), 403],
    ['isAuthorized: false of a foreign authorizer', () => ({ isAuthorized: false }), 403],
    ['a function error with the message Unauthorized', () => functionError('Unauthorized'), 401],
    ['any other function error', () => functionError('Unauthorized by me'), 503],
    ['a malformed answer', () => ({ isAuthorized: 'yes' }), 503],
    ['no JSON', () => new RawAnswer(200, 'allow'), 503],
    ['an internal error of Lambda', () => new RawAnswer(500, '{}'), 503],
    ['throttling', () => new RawAnswer(429, '{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}'), 503],
    ['a connection that breaks', () => RESET, 503],
    ['no answer in time', () => HANG, 503],
  ])('answers an authorizer that gives %s', async (_, behaviour, status) => {
    lambda.reset(behaviour);
    const answer = await call(gate.url, '/tts', withKey(newKey(), client()));
    expect(answer.status).toBe(status);
    expect(app.received).toEqual([]);
    if (status === 503) expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('keeps an allow and a refusal for their time, and asks once', async () => {
    const [good, bad] = [newKey(), newKey()];
    lambda.reset(({ event }) => (event.identitySource[0] === good ? allow() : deny(401)));
    const from = client();
    for (let i = 0; i < 3; i++) {
      expect((await call(gate.url, '/tts', withKey(good, from))).status).toBe(200);
      expect((await call(gate.url, '/other', withKey(bad, from))).status).toBe(401);
    }
    expect(lambda.invocations).toHaveLength(2);
  });

  it('asks again once the time of a decision is over', async () => {
    const key = newKey();
    lambda.reset(() => allow({}, 0.05));
    await call(gate.url, '/tts', withKey(key, client()));
    await new Promise((resolve) => setTimeout(resolve, 60));
    await call(gate.url, '/tts', withKey(key, client()));
    expect(lambda.invocations).toHaveLength(2);
  });

  it('applies the constraints of a cached grant to every request anew', async () => {
    const key = newKey();
    lambda.reset(() => allow({ paths: ['/tts', '/open/*'], methods: ['GET'], sourceCidrs: ['192.0.2.0/24'] }));
    const inside = { 'X-Forwarded-For': '192.0.2.7' };
    const status = async (path: string, method: string, from: Readonly<Record<string, string>>) =>
      (await call(gate.url, path, { method, headers: { 'X-API-Key': key, ...from } })).status;
    expect(await status('/tts', 'GET', inside)).toBe(200);
    expect(await status('/open/x', 'GET', inside)).toBe(200);
    expect(await status('/closed', 'GET', inside)).toBe(403);
    expect(await status('/tts', 'POST', inside)).toBe(403);
    expect(await status('/tts', 'GET', { 'X-Forwarded-For': '192.0.3.7' })).toBe(403);
    expect(await status('/tts', 'GET', { 'X-Forwarded-For': '192.0.2.7, 192.0.3.7' })).toBe(403);
    expect(lambda.invocations).toHaveLength(1);
  });

  it('asks for the scopes of the route', async () => {
    const key = newKey();
    lambda.reset(() => allow({ scopes: ['other'] }));
    expect((await call(gate.url, '/tts', withKey(key, client()))).status).toBe(403);
    expect((await call(gate.url, '/elsewhere', withKey(key, client()))).status).toBe(200);
  });

  it('serves a recent allow while the authorizer fails, but nobody new', async () => {
    const key = newKey();
    lambda.reset(() => allow({}, 0.05));
    expect((await call(gate.url, '/tts', withKey(key, client()))).status).toBe(200);
    lambda.reset(() => new RawAnswer(500, '{}'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect((await call(gate.url, '/tts', withKey(key, client()))).status).toBe(200);
    expect((await call(gate.url, '/tts', withKey(newKey(), client()))).status).toBe(503);
  });

  it('ends a stale allow with the first refusal', async () => {
    const key = newKey();
    lambda.reset(() => allow({}, 0.05));
    await call(gate.url, '/tts', withKey(key, client()));
    await new Promise((resolve) => setTimeout(resolve, 60));
    lambda.reset(() => deny(401, 0.05));
    expect((await call(gate.url, '/tts', withKey(key, client()))).status).toBe(401);
    lambda.reset(() => new RawAnswer(500, '{}'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect((await call(gate.url, '/tts', withKey(key, client()))).status).toBe(503);
  });

  it('asks once for many first requests with one key, and gives each the answer', async () => {
    const key = newKey();
    lambda.reset(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return allow();
    });
    const from = client();
    const answers = await Promise.all(Array.from({ length: 12 }, () => call(gate.url, '/x', withKey(key, from))));
    expect(answers.map((answer) => answer.status)).toEqual(Array(12).fill(200));
    expect(lambda.invocations).toHaveLength(1);
  });

  it('bounds invocations in flight, and still serves cached keys', async () => {
    // One that waits for the authorizer until the test lets it answer, however long its eight requests take to come.
    const gate = await gateForTest({ authorizer: { timeout: 30_000 } });
    const known = newKey();
    await call(gate.url, '/x', withKey(known, client()));
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    lambda.reset(async () => {
      await held;
      return allow();
    });
    const waiting = Array.from({ length: 8 }, () => call(gate.url, '/x', withKey(newKey(), client())));
    while (lambda.invocations.length < 8) await new Promise((resolve) => setTimeout(resolve, 5));
    const refused = await call(gate.url, '/x', withKey(newKey(), client()));
    const cached = await call(gate.url, '/x', withKey(known, client()));
    release();
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('1');
    expect(cached.status).toBe(200);
    expect((await Promise.all(waiting)).map((answer) => answer.status)).toEqual(Array(8).fill(200));
  });

  it('keeps the connection to Lambda open between invocations', async () => {
    await call(gate.url, '/x', withKey(newKey(), client()));
    const before = lambda.connections;
    for (let i = 0; i < 5; i++) {
      // A body that nginx frames anew for the app must not be framed so for Lambda.
      const chunked = {
        method: 'POST',
        body: 'abc',
        ...withKey(newKey(), { 'Transfer-Encoding': 'chunked', ...client() }),
      };
      expect((await call(gate.url, '/x', chunked)).json().body).toBe('abc');
    }
    expect(lambda.connections).toBe(before);
    expect(lambda.invocations.map(({ headers }) => headers['transfer-encoding'])).toEqual(Array(6).fill(undefined));
  });
});

describe('what the app receives', () => {
  it('gets the client and the scheme of the trusted hop alone', async () => {
    const answer = await call(gate.url, '/', {
      headers: {
        'X-Forwarded-For': '10.0.0.1, 203.0.113.9',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'evil.test',
        'X-Forwarded-Port': '1',
        'X-Forwarded-Prefix': '/evil',
        Forwarded: 'for=10.0.0.1',
        'X-Real-IP': '10.0.0.1',
        'X-Original-URL': '/admin',
        'X-Rewrite-URL': '/admin',
        'X-HTTP-Method-Override': 'DELETE',
        Proxy: 'http://evil.test',
      },
    });
    const { headers } = answer.json();
    expect(headers['x-forwarded-for']).toBe('203.0.113.9');
    expect(headers['x-forwarded-proto']).toBe('https');
    expect(Object.keys(headers).sort()).toEqual([
      'connection',
      'host',
      'x-forwarded-for',
      'x-forwarded-proto',
      'x-request-id',
    ]);
  });

  it('never gets a name with an underscore', async () => {
    const text = await raw(
      gate.url,
      'GET / HTTP/1.1\r\nHost: a\r\nX_Auth_Principal: root\r\nX-Auth_Principal: root\r\nHTTP_X: 1\r\nConnection: close\r\n\r\n',
    );
    expect(text).toContain('200 OK');
    expect(text).not.toMatch(/root|HTTP_X/i);
  });

  it('gets identity that injects nothing, whatever the authorizer names', async () => {
    lambda.reset(() => ({
      isAuthorized: true,
      context: { principal: 'a\r\nX-Auth-Scopes: admin\r\n\r\nGET / "音"', keyId: 'x'.repeat(5000), scopes: 'ä b' },
    }));
    const { headers } = (await call(gate.url, '/x', withKey(newKey(), client()))).json();
    expect(headers['x-auth-principal']).toBe('a%0D%0AX-Auth-Scopes:%20admin%0D%0A%0D%0AGET%20/%20%22%E9%9F%B3%22');
    expect(headers['x-auth-key-id']).toHaveLength(1024);
    expect(headers['x-auth-scopes']).toBe('%C3%A4%20b');
  });

  it('gets the path and the query byte for byte', async () => {
    const target = '/static/a%20b/%E4%BD%A0?text=%e4%BD%a0+x&&y=%zz&z';
    expect((await call(gate.url, target)).json().url).toBe(target);
  });

  it.each([
    '/../admin',
    '/static/../admin',
    '/static/%2e%2e/admin',
    '/static/.%2e/admin',
    '/static//x',
    '//static/x',
    '/static/x;y',
    '/static/x%3by',
    '/static/x%2Fy',
    '/static/x%5cy',
    '/static/x\\y',
    '/static/%00',
    '/static/%2500',
    '/static/%c0%ae%c0%ae/x',
    '/static/%ff',
    '/static/%0a',
    '/static/#',
    '/static/%',
    '*',
    'static',
  ])('refuses the target %s', async (target) => {
    const text = await raw(gate.url, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(app.received).toEqual([]);
  });

  it('streams a request body and refuses one that is too large before it is read', async () => {
    const key = newKey();
    const passed = await call(gate.url, '/tts', {
      method: 'POST',
      body: 'x'.repeat(65_536),
      ...withKey(key, client()),
    });
    expect(passed.json().body).toHaveLength(65_536);
    app.reset();
    const text = await raw(
      gate.url,
      `POST /tts HTTP/1.1\r\nHost: a\r\nX-API-Key: ${key}\r\nContent-Length: 65537\r\nConnection: close\r\n\r\n`,
      (answer) => answer.endsWith('}\n'),
    );
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(text).toContain('{"error":"Content Too Large","requestId":"');
    expect(app.received).toEqual([]);
  });

  it('streams a response: its first part arrives before the last is sent', async () => {
    let finish = () => {};
    app.handler = (_, response) => {
      response.writeHead(200, { 'content-type': 'audio/wav' });
      response.write('first');
      finish = () => response.end('last');
      return true;
    };
    const response = await fetch(`${gate.url}/static/stream`);
    const reader = (response.body ?? expect.fail('no body')).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('first');
    finish();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('last');
  });

  it('is not heard when it answers X-Accel headers', async () => {
    app.handler = (received, response) => {
      if (received.url !== '/static/redirect') return false;
      response.writeHead(200, {
        'X-Accel-Redirect': '/admin',
        'X-Accel-Limit-Rate': '1',
        'X-Accel-Buffering': 'yes',
        'X-Accel-Expires': '60',
      });
      response.end('mine');
      return true;
    };
    const answer = await call(gate.url, '/static/redirect');
    expect(answer.body).toBe('mine');
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('x-accel'))).toEqual([]);
    expect(app.received).toHaveLength(1);
  });
});

describe('answers of its own', () => {
  it('answers what nginx itself refuses in JSON too', async () => {
    const cases: readonly (readonly [string, number])[] = [
      ['GARBAGE\r\n\r\n', 400],
      ['TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 405],
      ['PROPFIND / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 405],
      [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
      [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
      ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
      ['GET /.voicegate/answer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 404],
      [
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
        400,
      ],
    ];
    for (const [bytes, status] of cases) {
      const text = await raw(gate.url, bytes);
      expect(text.split(' ')[1], bytes.slice(0, 40)).toBe(String(status));
      expect(text, bytes.slice(0, 40)).toMatch(/\r\nContent-Type: application\/json\r\n/);
      expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))).toHaveProperty('requestId');
    }
    expect(app.received).toEqual([]);
  });

  it('leaves the answers of the app alone', async () => {
    app.handler = (_, response) => {
      response.writeHead(404, { 'content-type': 'text/plain', 'X-Own': '1' }).end('nothing here');
      return true;
    };
    const answer = await call(gate.url, '/static/none');
    expect([answer.status, answer.body, answer.headers['x-own']]).toEqual([404, 'nothing here', '1']);
  });

  it('logs one JSON line a request, without the query', async () => {
    const from = client();
    const trace = 'Root=1-67891233-abcdef012345678912345678';
    await call(gate.url, '/tts?text=hush', withKey(newKey(), { ...from, 'X-Amzn-Trace-Id': trace }));
    const line = await gate.line(({ client: address }) => address === from['X-Forwarded-For']);
    expect(line).toMatchObject({
      decision: 'allow',
      method: 'GET',
      path: '/tts',
      status: 200,
      reason: 'allowed',
      cache: 'miss',
      keyId: 'AAAAAAAAAAAA',
      traceId: trace,
      requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(gate.stdout).not.toContain('hush');
  });
});
