import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { percentEncoded } from './corpus/model';
import { send } from './corpus/raw-client';
import { CASE, raw } from './corpus/raw-request';
import { type Received, recordingApp } from './corpus/recording-app';
import { OWNERS, WORLDS } from './corpus/world';
import type { GateContainers } from './support/gate';
import { gateInFrontOf } from './support/gate-world';

const ALLOW_ALL = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: '*' }],
};

/** Names that the app may receive; more would be an injection. */
const NAMES = [
  'accept',
  'connection',
  'host',
  'x-auth-context-keyid',
  'x-auth-context-principal',
  'x-auth-context-scope',
  'x-auth-context-scopes',
  'x-auth-key-id',
  'x-auth-principal',
  'x-auth-scopes',
  'x-case',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-request-id',
];

describe('identities that an authorizer of anybody tells', () => {
  const { app, lambda, startGate } = gateInFrontOf(recordingApp());
  let gate: GateContainers;
  let count = 0;

  beforeAll(async () => {
    const { options } = WORLDS.strict;
    const authorizer = {
      ...options.authorizer,
      identitySource: ['$request.header.X-Token'],
      forwardRequest: true,
      positiveTtl: 0,
      negativeTtl: 0,
      staleGrace: 0,
    };
    gate = await startGate({ ...options, authorizer });
  });

  afterEach(() => lambda.reset());

  for (const [name, text] of Object.entries(OWNERS)) {
    it(`inject nothing from the context of a simple answer: ${name}`, async () => {
      lambda.reset(() => ({ isAuthorized: true, context: { principal: text, keyId: text, scopes: text } }));
      const got = await identityOf();
      expect(got.principal).toBe(percentEncoded(text));
      expect(got.context('principal')).toBe(wholeOrNothing(text));
      expect(got.keyId).toBe(percentEncoded(text));
      // Scopes are separated by spaces, of which one is as good as many.
      expect(got.scopes).toBe(percentEncoded(text.split(' ').filter(Boolean).join(' ')));
    });

    it(`inject nothing from the principal of a policy: ${name}`, async () => {
      lambda.reset(() => ({ principalId: text, policyDocument: ALLOW_ALL, context: { scope: text } }));
      const got = await identityOf();
      expect(got.principal).toBe(percentEncoded(text));
      expect(got.context('scope')).toBe(wholeOrNothing(text));
    });
  }

  it('are text, whatever type the context gives them', async () => {
    lambda.reset(() => ({ isAuthorized: true, context: { principal: 4711, keyId: true, scopes: -0.5 } }));
    expect(await identityOf()).toMatchObject({ principal: '4711', keyId: 'true', scopes: '-0.5' });
  });

  it('are left out where the context holds objects, lists or nothing', async () => {
    lambda.reset(() => ({ isAuthorized: true, context: { principal: { a: 1 }, keyId: ['a'], scopes: null } }));
    expect(await identityOf()).toMatchObject({ principal: '', keyId: '', scopes: '' });
  });

  it('do not stand for what the client claims, when the authorizer tells none', async () => {
    lambda.reset(() => ({ isAuthorized: true }));
    const got = await identityOf(['X-Auth-Principal: root', 'X-Auth-Key-Id: root', 'X-Auth-Scopes: admin']);
    expect(got).toMatchObject({ principal: '', keyId: '', scopes: '' });
  });

  it('are told to the authorizer as the client sent them, and to nobody else', async () => {
    lambda.reset(() => ({ isAuthorized: true, context: { principal: 'alice' } }));
    await identityOf(['X-Auth-Principal: root']);
    const [{ event } = { event: undefined }] = lambda.invocations;
    expect(event?.headers).toMatchObject({ 'x-token': 'token' });
  });

  it('leave every line of the log one line of JSON', () => {
    const lines = gate.stdout.split('\n').filter(Boolean);
    expect(lines.length).toBeGreaterThan(Object.keys(OWNERS).length);
    for (const line of lines) {
      expect(() => JSON.parse(line)).not.toThrow();
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the subject
      expect(line).not.toMatch(/[\u0000-\u001f]/);
    }
  });

  /** A value of the context that does not fit is left out, where an identity is cut. */
  function wholeOrNothing(text: string): string {
    const encoded = percentEncoded(text);
    return encoded.length < 1000 ? encoded : '';
  }

  async function identityOf(headers: readonly string[] = []) {
    const id = `i${count++}`;
    const bytes = raw({ target: '/tts', headers: ['X-Token: token', 'Accept: */*', ...headers, 'Connection: close'] });
    const { answers } = await send({ port: gate.port, bytes: bytes.replaceAll(CASE, id) });
    expect(answers.map(({ status }) => status)).toEqual([200]);
    const received = app.received(id);
    expect(received).toHaveLength(1);
    const [request] = received as [Received];
    expect(request.extra).toBe('');
    for (const [name] of request.headers) expect(NAMES).toContain(name.toLowerCase());
    for (const name of NAMES) {
      expect(request.headers.filter(([given]) => given.toLowerCase() === name).length, name).toBeLessThan(2);
    }
    const told = (name: string) => request.headers.find(([given]) => given.toLowerCase() === name)?.[1] ?? '';
    return {
      principal: told('x-auth-principal'),
      keyId: told('x-auth-key-id'),
      scopes: told('x-auth-scopes'),
      context: (name: string) => told(`x-auth-context-${name}`),
    };
  }
});
