import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeyStoreError } from '../../../lambda/authorizer/key-store';
import { type TokenResult, tokenVerifier } from '../../../lambda/authorizer/token-verifier';
import { NOW } from './keys';
import { type IssuerServer, newSigningKey, type SigningKey, signToken, startIssuer } from './token-issuer-server';

let ec: SigningKey;
let server: IssuerServer;
beforeAll(async () => {
  ec = await newSigningKey('ES256', 'ec-1');
});
beforeEach(async () => {
  server = await startIssuer(ec);
  vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1000 });
});
afterEach(async () => {
  vi.useRealTimers();
  await server.stop();
});

const clock = () => Date.now() / 1000;
const wait = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const verifierOf = () => tokenVerifier([{ issuer: server.issuer, audiences: ['speech'] }], clock);
const claims = (changes: Readonly<Record<string, unknown>> = {}) => ({
  iss: server.issuer,
  sub: 'alice',
  aud: 'speech',
  exp: NOW + 600,
  ...changes,
});
const valid: TokenResult = { outcome: 'valid', principal: 'alice', scopes: [], expires: NOW + 600 };
const invalid = (reason: string) => ({ outcome: 'invalid', reason });

describe('the keys of an issuer', () => {
  const fetches = () => server.requests.filter((path) => path === '/jwks').length;

  it('are fetched once for many tokens, and again after ten minutes', async () => {
    const verify = verifierOf();
    for (let i = 0; i < 20; i++) await verify(await signToken(ec, claims()));
    expect(fetches()).toBe(1);
    wait(599);
    await verify(await signToken(ec, claims({ exp: NOW + 6000 })));
    expect(fetches()).toBe(1);
    wait(2);
    await verify(await signToken(ec, claims({ exp: NOW + 6000 })));
    expect(fetches()).toBe(2);
  });

  it('are fetched again for a key that came new, and a withdrawn key is refused from then on', async () => {
    const verify = verifierOf();
    await verify(await signToken(ec, claims()));
    const next = await newSigningKey('ES256', 'ec-2');
    server.keys = [next];
    wait(31);
    expect(await verify(await signToken(next, claims()))).toEqual(valid);
    expect(fetches()).toBe(2);
    expect(await verify(await signToken(ec, claims()))).toEqual(invalid('unknown'));
  });

  it('are not fetched more than twice a minute for a flood of unknown key ids', async () => {
    const verify = verifierOf();
    await verify(await signToken(ec, claims()));
    const attacker = await newSigningKey('ES256', 'x');
    for (let i = 0; i < 300; i++) {
      expect((await verify(await signToken(attacker, claims(), { kid: `unknown-${i}` }))).outcome).toBe('invalid');
      wait(0.2);
    }
    expect(fetches()).toBeLessThanOrEqual(3);
    expect(await verify(await signToken(ec, claims()))).toEqual(valid);
  });

  it.each<[string, NonNullable<IssuerServer['answer']>]>([
    ['answers 500', (response) => response.writeHead(500).end()],
    ['redirects', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['answers with HTML', (response) => response.end('<html>')],
    ['answers with something else than keys', (response) => response.end('{"keys":7}')],
    ['never stops answering', (response) => response.end(`{"keys":[],"x":"${'x'.repeat(300 * 1024)}"}`)],
    ['does not answer', () => undefined],
  ])('that %s are a failure, not a refusal, and are left in peace for a while', async (_, answer) => {
    server.answer = answer;
    const verify = verifierOf();
    const token = await signToken(ec, claims());
    await expect(verify(token)).rejects.toThrow(KeyStoreError);
    await expect(verify(token)).rejects.toThrow('cannot be had');
    const asked = fetches();
    expect(asked).toBeLessThanOrEqual(2);
    server.answer = undefined;
    wait(6);
    expect(await verify(token)).toEqual(valid);
    expect(server.requests).not.toContain('/elsewhere');
  });

  it('that cannot be had in a discovery document of another issuer are a failure', async () => {
    // The document names 127.0.0.1, not the name that was asked for.
    const issuer = server.issuer.replace('127.0.0.1', 'localhost');
    const verify = tokenVerifier([{ issuer, audiences: ['speech'] }], clock);
    await expect(verify(await signToken(ec, claims({ iss: issuer })))).rejects.toThrow(KeyStoreError);
  });

  it('are asked for on nobody’s behalf whose token names no configured issuer or is over', async () => {
    const verify = verifierOf();
    await verify(await signToken(ec, claims({ iss: 'https://elsewhere.example' })));
    await verify(await signToken(ec, claims({ exp: NOW - 1 })));
    expect(server.requests).toEqual([]);
  });
});
