import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GateOptions } from '../../contract/gate-options';
import { FunctionProcess } from './support/function-process';
import type { GateContainers } from './support/gate';
import { gateWorld, type ReportingWorld } from './support/gate-world';
import { type Answer, call } from './support/http';

// Authorizers that were written for API Gateway and know nothing of the gate, each in its own runtime.

interface World extends ReportingWorld {
  gate: GateContainers;
}

function world(file: string, authorizer: Partial<GateOptions['authorizer']>): World {
  const functionProcess = new FunctionProcess(file, 1000);
  const parts = gateWorld(functionProcess.invoke) as World;
  beforeAll(async () => {
    parts.gate = await parts.startGate({
      authorizer: { forwardRequest: true, timeout: 3000, staleGrace: 0, ...authorizer },
    });
  });
  afterAll(() => functionProcess.stop());
  return parts;
}

let clients = 0;
const ask = (gate: GateContainers, path: string, token?: string, method = 'GET'): Promise<Answer> =>
  call(gate.url, path, {
    method,
    headers: { 'X-Forwarded-For': `192.0.2.${++clients % 250}`, ...(token !== undefined && { Authorization: token }) },
  });

describe('a simple authorizer in Node (format 2.0)', () => {
  const parts = world('simple.mjs', { payloadFormat: '2.0', identitySource: ['$request.header.Authorization'] });

  it.each<[string, string, string, number]>([
    ['allows whom it knows', 'GET', '/orders', 200],
    ['allows an administrator', 'GET', '/admin/users', 200],
    ['forbids a method', 'DELETE', '/orders/1', 403],
  ])('%s', async (_, method, path, status) => {
    expect((await ask(parts.gate, path, 'Bearer token-of-ada', method)).status).toBe(status);
  });

  it('is asked once for a method and path, whatever else it looks at: what it depends on must be a source', async () => {
    const before = parts.lambda.invocations.length;
    const token = 'Bearer token-of-ada';
    expect((await ask(parts.gate, '/orders/2?force=yes', token, 'DELETE')).status).toBe(200);
    expect((await ask(parts.gate, '/orders/2', token, 'DELETE')).status).toBe(200);
    expect(parts.lambda.invocations).toHaveLength(before + 1);
  });

  it('decides by path, although one decision is cached', async () => {
    expect((await ask(parts.gate, '/orders', 'Bearer token-of-bob')).status).toBe(200);
    expect((await ask(parts.gate, '/admin/users', 'Bearer token-of-bob')).status).toBe(403);
  });

  it('tells who calls, and nothing of lists, objects and null', async () => {
    const { headers } = (await ask(parts.gate, '/orders', 'Bearer token-of-ada')).json();
    expect(headers).toMatchObject({ 'x-auth-principal': 'ada', 'x-auth-scopes': '' });
    expect(headers).not.toHaveProperty('authorization');
  });

  it.each([
    ['somebody unknown', 'Bearer nobody', 403],
    ['exactly Unauthorized', 'throw-unauthorized', 401],
    ['Unauthorized with a reason, which is an error', 'unauthorized-with-a-reason', 503],
    ['an error', 'crash', 503],
    ['the end of its process', 'exit', 503],
    ['no answer in its time', 'slow', 503],
    ['undefined', 'nothing', 503],
    ['a text', 'text', 503],
    ['a text that only looks like true', 'truthy', 503],
  ])('that answers %s', async (_, token, status) => {
    const answer = await ask(parts.gate, '/orders', token);
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain('crash');
    expect(parts.app.received).toEqual([]);
  });

  it('is not asked without an identity source', async () => {
    const before = parts.lambda.invocations.length;
    expect((await ask(parts.gate, '/orders')).status).toBe(401);
    expect(parts.lambda.invocations).toHaveLength(before);
  });
});

describe('an authorizer in Node that answers a policy by a callback (format 1.0)', () => {
  const parts = world('policy.cjs', { payloadFormat: '1.0', identitySource: ['$request.header.Authorization'] });

  it.each<[string, string, string, string, number]>([
    ['allows the route that its policy names', 'allow', 'GET', '/orders', 200],
    ['allows reading', 'allow-reads', 'GET', '/orders', 200],
    ['does not allow writing with the same policy', 'allow-reads', 'POST', '/orders', 403],
    ['lets Deny stand above Allow', 'allow-reads', 'GET', '/private/orders', 403],
    ['denies', 'deny', 'GET', '/orders', 403],
    ['says Unauthorized', 'unauthorized', 'GET', '/orders', 401],
    ['says another error', 'error', 'GET', '/orders', 503],
    ['names nobody', 'no-principal', 'GET', '/orders', 503],
    ['has no policy', 'no-policy', 'GET', '/orders', 503],
    ['answers a text', 'something', 'GET', '/orders', 503],
  ])('%s', async (_, token, method, path, status) => {
    expect((await ask(parts.gate, path, token, method)).status).toBe(status);
  });

  it('tells the principal', async () => {
    expect((await ask(parts.gate, '/orders', 'allow')).json().headers).toMatchObject({
      'x-auth-principal': 'user%7C1',
    });
  });
});

describe('a token authorizer in Python that answers a policy (format 1.0)', () => {
  const parts = world('policy.py', {
    payloadFormat: '1.0',
    identitySource: ['$request.header.Authorization'],
  });

  it.each([
    ['allows', 'Bearer allow', 200],
    ['denies', 'Bearer deny', 403],
    ['raises Unauthorized', 'Bearer unauthorized', 401],
    ['raises something else', 'Bearer unknown', 503],
  ])('%s', async (_, token, status) => {
    expect((await ask(parts.gate, '/anything', token)).status).toBe(status);
  });

  it('tells principal and scopes in any letters', async () => {
    expect((await ask(parts.gate, '/x', 'Bearer allow')).json().headers).toMatchObject({
      'x-auth-principal': 'zo%C3%A9',
      'x-auth-scopes': 'read%20write',
    });
  });
});
