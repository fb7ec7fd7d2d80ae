import { describe, expect, it } from 'vitest';
import { gateWorld } from './support/gate-world';
import { call, newKey, withKey } from './support/http';
import { allow, RawAnswer } from './support/lambda-endpoint';

const { lambda, gateForTest } = gateWorld();

const policy = (Effect: string, Resource: string) => ({
  principalId: 'user|7',
  policyDocument: { Version: '2012-10-17', Statement: [{ Effect, Action: 'execute-api:Invoke', Resource }] },
  context: { scopes: 'read', number: 1, flag: true },
});

describe('an authorizer written for API Gateway', () => {
  it('gets an event of format 1.0 with the whole request, and its policy is obeyed', async () => {
    const gate = await gateForTest({
      authorizer: {
        payloadFormat: '1.0',
        identitySource: ['$request.header.Authorization'],
        forwardRequest: true,
      },
    });
    lambda.behaviour = ({ event }) => policy('Allow', String(event.methodArn));
    const answer = await call(gate.url, '/orders/1?a=1&a=2&b=%20', {
      headers: { authorization: 'token abc', 'X-Custom': 'v', cookie: 'c=1' },
    });
    expect(answer.status).toBe(200);
    expect(answer.json().headers).toMatchObject({
      'x-auth-principal': 'user|7'.replace('|', '%7C'),
      'x-auth-scopes': 'read',
    });
    expect(answer.json().headers).not.toHaveProperty('authorization');
    expect(lambda.invocations[0]?.event).toMatchObject({
      version: '1.0',
      type: 'REQUEST',
      methodArn: 'arn:aws:execute-api:eu-west-1:123456789012:voicegate/$default/GET/orders/1',
      identitySource: 'token abc',
      authorizationToken: 'token abc',
      httpMethod: 'GET',
      path: '/orders/1',
      headers: { authorization: 'token abc', 'X-Custom': 'v', cookie: 'c=1' },
      queryStringParameters: { a: '2', b: ' ' },
      requestContext: { identity: { sourceIp: '127.0.0.1' }, httpMethod: 'GET' },
    });
    lambda.behaviour = () => policy('Deny', '*');
    expect((await call(gate.url, '/other', { headers: { authorization: 'token abc' } })).status).toBe(403);
    lambda.behaviour = () => policy('Allow', 'arn:aws:execute-api:*:*:*/*/POST/*');
    expect((await call(gate.url, '/third', { headers: { authorization: 'token abc' } })).status).toBe(403);
  });

  it('is not asked when the identity source is missing, and sees every header joined as API Gateway joins them', async () => {
    const gate = await gateForTest({
      authorizer: {
        identitySource: ['$request.header.X-Token', '$request.querystring.tenant'],
        forwardRequest: true,
      },
    });
    lambda.behaviour = () => ({ isAuthorized: true, context: { sub: 'someone' } });
    const missing = await call(gate.url, '/v1/x', { headers: { 'X-Token': 't', Authorization: 'vg_of_somebody' } });
    expect(missing.status).toBe(401);
    expect(missing.json().error.message).toBe('No credential came, or not all that is asked for.');
    expect((await call(gate.url, '/x', { headers: { 'X-Token': 't' } })).status).toBe(401);
    expect((await call(gate.url, '/x?tenant=1', { headers: { 'X-Token': '' } })).status).toBe(401);
    expect(lambda.invocations).toEqual([]);
    const answer = await call(gate.url, '/x?tenant=1&q=2', { headers: { 'X-Token': ['t', 'u'], cookie: 'a=1; b=2' } });
    expect(answer.json()).toMatchObject({
      url: '/x?q=2',
      headers: { 'x-auth-principal': 'someone', cookie: 'a=1; b=2' },
    });
    expect(answer.json().headers).not.toHaveProperty('x-token');
    expect(lambda.invocations[0]?.event).toMatchObject({
      identitySource: ['t,u', '1'],
      rawQueryString: 'tenant=1&q=2',
      queryStringParameters: { tenant: '1', q: '2' },
      cookies: ['a=1', 'b=2'],
      headers: { 'x-token': 't,u' },
    });
  });

  it('decides on each path and method by itself, since its simple answer may depend on them', async () => {
    const gate = await gateForTest({
      authorizer: { identitySource: ['$request.header.X-Token'], forwardRequest: true },
    });
    lambda.behaviour = ({ event }) => ({ isAuthorized: event.rawPath === '/open' });
    const status = async (path: string) => (await call(gate.url, path, { headers: { 'X-Token': 't' } })).status;
    expect([await status('/open'), await status('/closed'), await status('/open')]).toEqual([200, 403, 200]);
    expect(lambda.invocations).toHaveLength(2);
  });

  it('leaves the app every header that it does not decide by, and on public paths those too', async () => {
    const gate = await gateForTest({
      authorizer: { identitySource: ['$request.header.X-API-Key'], forwardRequest: true },
    });
    lambda.behaviour = () => ({ isAuthorized: true });
    const headers = { 'X-API-Key': 'theirs', Authorization: 'Basic YTpi', 'X-Custom': '1' };
    const guarded = (await call(gate.url, '/orders', { headers })).json().headers;
    expect(guarded).toMatchObject({ authorization: 'Basic YTpi', 'x-custom': '1' });
    expect(guarded).not.toHaveProperty('x-api-key');
    const open = (await call(gate.url, '/static/x', { headers })).json().headers;
    expect(open).toMatchObject({ authorization: 'Basic YTpi', 'x-custom': '1', 'x-api-key': 'theirs' });
    const bearer = { 'X-API-Key': 'theirs', Authorization: 'Bearer of-the-app' };
    expect((await call(gate.url, '/orders', { headers: bearer })).json().headers).toMatchObject({
      authorization: 'Bearer of-the-app',
    });
    expect(lambda.invocations).toHaveLength(1);
  });

  it('leaves no header altered: what cannot be passed on as it came is refused', async () => {
    const gate = await gateForTest({
      authorizer: { identitySource: ['$request.header.X-Token'], forwardRequest: true },
    });
    lambda.behaviour = () => ({ isAuthorized: true });
    const headers = { 'X-Token': 't', Authorization: Buffer.from([0xff, 0xfe]).toString('latin1') };
    expect((await call(gate.url, '/x', { headers })).status).toBe(400);
    expect((await call(gate.url, '/static/x', { headers })).status).toBe(400);
  });

  it('tells the app its context in headers of bounded number and size, and nobody else can', async () => {
    const gate = await gateForTest({
      authorizer: { identitySource: ['$request.header.X-Token'], forwardRequest: true },
    });
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`n${i}`, i]));
    const contexts: Record<string, object> = {
      plain: {
        tenant_id: 'acme',
        'Tenant-Id': 'other',
        level: 3,
        admin: false,
        none: null,
        é: 'x',
        mixed: 'Zoë\r\nX-Evil: 1',
      },
      long: { whole: 'a'.repeat(1024), cut: 'a'.repeat(1025), encoded: 'é'.repeat(300), ['n'.repeat(65)]: 1 },
      many,
      large: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`n${i}`, 'a'.repeat(1000)])),
    };
    lambda.behaviour = ({ event }) => ({
      isAuthorized: true,
      context: contexts[(event.identitySource as readonly string[])[0] ?? ''],
    });
    const told = async (token: string) => {
      const answer = await call(gate.url, '/x', { headers: { 'X-Token': token, 'X-Auth-Context-Role': 'root' } });
      const { headers } = answer.json() as { headers: Record<string, string> };
      return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-auth-context-')));
    };
    expect(await told('plain')).toEqual({
      'x-auth-context-tenant-id': 'acme',
      'x-auth-context-level': '3',
      'x-auth-context-admin': 'false',
      'x-auth-context-mixed': 'Zo%C3%AB%0D%0AX-Evil:%201',
    });
    expect(Object.keys(await told('long'))).toEqual(['x-auth-context-whole']);
    expect(Object.keys(await told('many'))).toHaveLength(32);
    const large = await told('large');
    expect(Object.values(large).every((value) => value.length === 1000)).toBe(true);
    expect(Object.keys(large)).toHaveLength(8);
    await gate.logged('values of its context were left out');
    expect(gate.stderr.split('were left out')).toHaveLength(2);
  });

  it('is asked every time when nothing may be cached, whatever its answer says of a time', async () => {
    const gate = await gateForTest({
      authorizer: { identitySource: [], positiveTtl: 0, negativeTtl: 0, staleGrace: 300, forwardRequest: true },
    });
    lambda.behaviour = () => ({ isAuthorized: true });
    const answers = await Promise.all(Array.from({ length: 4 }, () => call(gate.url, '/x')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(lambda.invocations).toHaveLength(4);
    lambda.behaviour = () => allow();
    expect((await call(gate.url, '/y')).status).toBe(200);
    lambda.behaviour = () => ({ isAuthorized: false });
    expect((await call(gate.url, '/y')).status).toBe(403);
    lambda.behaviour = () => ({ isAuthorized: true });
    expect((await call(gate.url, '/y')).status).toBe(200);
    lambda.behaviour = () => new RawAnswer(500, '{}');
    expect((await call(gate.url, '/y')).status).toBe(503);
  });
});

describe("a scheme that is none of Voicegate's beside a key", () => {
  it('reaches the app, which may have a login of its own, while a key never does', async () => {
    const gate = await gateForTest({});
    const key = newKey();
    const received = async (path: string, headers: Record<string, string>) => {
      const { authorization, 'x-api-key': apiKey } = (await call(gate.url, path, { headers })).json().headers;
      return [authorization, apiKey];
    };
    const basic = { Authorization: 'Basic YTpi' };
    expect(await received('/voices', { ...basic, 'X-API-Key': key })).toEqual(['Basic YTpi', undefined]);
    expect(await received('/voices', { ...basic, 'X-API-Key': key })).toEqual(['Basic YTpi', undefined]);
    expect(await received('/voices', { Authorization: `Bearer ${key}` })).toEqual([undefined, undefined]);
    expect(await received('/voices', { Authorization: `Token ${key}`, 'X-API-Key': key })).toEqual([
      undefined,
      undefined,
    ]);
    expect(await received('/static/x', { ...basic, 'X-API-Key': key })).toEqual(['Basic YTpi', undefined]);
    expect(await received('/static/x', { Authorization: `Bearer ${key}` })).toEqual([undefined, undefined]);
    // Who mangles a key sends it to public paths too.
    expect(await received('/static/x', { 'X-API-Key': key.slice(3) })).toEqual([undefined, undefined]);
  });
});

describe('a key in the query', () => {
  it('is accepted where that is switched on, and taken out before the app sees the request', async () => {
    const gate = await gateForTest({ queryKey: true });
    const key = newKey();
    const answer = await call(gate.url, `/tts?text=a%20b&api_key=${key}&x=1`);
    expect([answer.status, answer.json().url]).toEqual([200, '/tts?text=a%20b&x=1']);
    expect((await call(gate.url, `/tts?api%5Fkey=${key}`)).json().url).toBe('/tts');
    expect((await call(gate.url, `/tts?api_key=${key}&api_key=${newKey()}`)).status).toBe(400);
    expect((await call(gate.url, `/tts?api_key=${key}`, withKey(newKey()))).status).toBe(400);
    expect((await call(gate.url, `/static/x?api_key=${key}`)).json().url).toBe('/static/x');
    expect(lambda.invocations).toHaveLength(1);
    expect(gate.stdout).not.toContain(key.slice(-40));
  });
});

describe('metrics', () => {
  it('are one line in Embedded Metric Format', async () => {
    const gate = await gateForTest({ metrics: { namespace: 'Voicegate', service: 'demo' } });
    lambda.behaviour = () => allow();
    const line = await gate.line((entry) => '_aws' in entry);
    expect(line).toMatchObject({
      Service: 'demo',
      AdmittedInFlight: 0,
      _aws: { CloudWatchMetrics: [{ Namespace: 'Voicegate', Dimensions: [['Service']] }] },
    });
  });
});
