import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_CREDENTIAL_LENGTH } from '../../../contract/names';
import type { TokenIssuer } from '../../../contract/token-issuer';
import { readCredential } from '../../../lambda/authorizer/credential';
import { decide, decideToken } from '../../../lambda/authorizer/decide';
import { type TokenResult, tokenVerifier } from '../../../lambda/authorizer/token-verifier';
import { gateEvent } from './events';
import { NOW, storeOf } from './keys';
import {
  type IssuerServer,
  newSigningKey,
  rawToken,
  type SigningKey,
  signToken,
  startIssuer,
} from './token-issuer-server';

let rsa: SigningKey;
let ec: SigningKey;
let server: IssuerServer;
beforeAll(async () => {
  [rsa, ec] = await Promise.all([newSigningKey('RS256', 'rsa-1'), newSigningKey('ES256', 'ec-1')]);
});
beforeEach(async () => {
  server = await startIssuer(rsa, ec);
  vi.useFakeTimers({ toFake: ['Date'], now: NOW * 1000 });
});
afterEach(async () => {
  vi.useRealTimers();
  await server.stop();
});

const clock = () => Date.now() / 1000;
const trusting = (changes: Partial<TokenIssuer> = {}): TokenIssuer => ({
  issuer: server.issuer,
  audiences: ['speech'],
  ...changes,
});
const verifierOf = (changes: Partial<TokenIssuer> = {}) => tokenVerifier([trusting(changes)], clock);
const claims = (changes: Readonly<Record<string, unknown>> = {}) => ({
  iss: server.issuer,
  sub: 'alice',
  aud: 'speech',
  exp: NOW + 600,
  scope: 'tts:synthesize voices:read',
  ...changes,
});
const valid: TokenResult = {
  outcome: 'valid',
  principal: 'alice',
  scopes: ['tts:synthesize', 'voices:read'],
  expires: NOW + 600,
};
const invalid = (reason: string) => ({ outcome: 'invalid', reason });
const without = (name: string) => {
  const { [name]: _, ...rest } = claims() as Record<string, unknown>;
  return rest;
};

describe('a token', () => {
  it('of either algorithm is valid, its keys found by discovery or where they are said to be', async () => {
    for (const key of [rsa, ec]) {
      expect(await verifierOf()(await signToken(key, claims()))).toEqual(valid);
      expect(await verifierOf({ jwksUri: server.jwksUri })(await signToken(key, claims()))).toEqual(valid);
    }
    expect(server.requests.filter((path) => path.includes('well-known'))).toHaveLength(2);
  });

  it('is taken from each of several issuers, and only under its own issuer’s keys', async () => {
    const other = await newSigningKey('ES256', 'ec-1');
    const second = await startIssuer(other);
    try {
      const verify = tokenVerifier([trusting(), { issuer: second.issuer, audiences: ['speech'] }], clock);
      expect(await verify(await signToken(ec, claims()))).toEqual(valid);
      expect(await verify(await signToken(other, claims({ iss: second.issuer })))).toEqual(valid);
      expect(await verify(await signToken(ec, claims({ iss: second.issuer })))).toEqual(invalid('unknown'));
      expect(await verify(await signToken(ec, claims({ iss: `${server.issuer}/` })))).toEqual(invalid('unknown'));
    } finally {
      await second.stop();
    }
  });

  it('must be meant for one of the audiences, whichever claim says so', async () => {
    const verify = verifierOf({ audiences: ['speech', 'other'] });
    expect(await verify(await signToken(ec, claims({ aud: ['x', 'other'] })))).toEqual(valid);
    for (const aud of ['x', [], '', 'speech ', ['x'], { speech: true }]) {
      expect(await verify(await signToken(ec, claims({ aud })))).toEqual(invalid('refused'));
    }
    expect(await verify(await signToken(ec, without('aud')))).toEqual(invalid('refused'));
    const cognito = verifierOf({ audienceClaim: 'client_id' });
    expect(await cognito(await signToken(ec, claims({ aud: 'x', client_id: 'speech' })))).toEqual(valid);
    expect(await cognito(await signToken(ec, claims()))).toEqual(invalid('refused'));
  });

  it('must have every required claim with one of its values, of the same type', async () => {
    const verify = verifierOf({ requiredClaims: { token_use: ['access'], tenant: [7, 'b'] } });
    expect(await verify(await signToken(ec, claims({ token_use: 'access', tenant: 7 })))).toEqual(valid);
    for (const wrong of [{ token_use: 'id', tenant: 7 }, { token_use: 'access', tenant: '7' }, { tenant: 7 }]) {
      expect(await verify(await signToken(ec, claims(wrong)))).toEqual(invalid('refused'));
    }
  });

  it('names its principal and scopes by the claims that are configured', async () => {
    const verify = verifierOf({ principalClaim: 'client_id', principalPrefix: 'idp:', scopeClaim: 'permissions' });
    const token = await signToken(ec, claims({ client_id: '语音', permissions: ['a', 'b c'] }));
    expect(await verify(token)).toMatchObject({ principal: 'idp:语音', scopes: ['a', 'b c'] });
    for (const wrong of [{ client_id: '' }, { client_id: 7 }, { client_id: 'x'.repeat(1025) }, {}]) {
      expect(await verify(await signToken(ec, claims(wrong)))).toEqual(invalid('refused'));
    }
    for (const permissions of [7, [1], { a: 1 }, Array.from({ length: 101 }, () => 'a')]) {
      expect(await verify(await signToken(ec, claims({ client_id: 'x', permissions })))).toEqual(invalid('refused'));
    }
    expect(await verifierOf()(await signToken(ec, without('scope')))).toMatchObject({ scopes: [] });
  });

  it('ends at its exp exactly, and may begin a little before our clock says so', async () => {
    const verify = verifierOf({ clockSkew: 30 });
    expect(await verify(await signToken(ec, claims({ exp: NOW + 1 })))).toMatchObject({ expires: NOW + 1 });
    expect(await verify(await signToken(ec, claims({ exp: NOW })))).toEqual(invalid('expired'));
    expect(await verify(await signToken(ec, claims({ nbf: NOW + 30, iat: NOW + 30 })))).toEqual(valid);
    expect(await verify(await signToken(ec, claims({ nbf: NOW + 31 })))).toEqual(invalid('not-yet-valid'));
    expect(await verify(await signToken(ec, claims({ iat: NOW + 31 })))).toEqual(invalid('not-yet-valid'));
    expect(await verify(await signToken(ec, without('exp')))).toEqual(invalid('refused'));
    expect(await verify(await signToken(ec, claims({ exp: String(NOW + 600) })))).toEqual(invalid('refused'));
  });
});

describe('the decision about a token', () => {
  const config = { positiveTtl: 60, negativeTtl: 10 };

  it('is the same as about a key, and is never cached past the token’s exp', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 200 }), (seconds) => {
        const decision = decideToken({ ...valid, expires: NOW + seconds } as TokenResult, NOW + 0.5, config);
        expect(decision.outcome).toBe(seconds > 0 ? 'allow' : 'deny');
        if (decision.outcome === 'allow') {
          expect(NOW + 0.5 + decision.ttl).toBeLessThanOrEqual(NOW + seconds);
          expect(decision.grant).toEqual({ principal: 'alice', scopes: valid.scopes, expires: NOW + seconds });
        }
      }),
    );
  });

  it('is a refusal where no issuer is configured', async () => {
    const credential = readCredential(
      gateEvent({ headers: { authorization: `Bearer ${await signToken(ec, claims())}` } }),
      'vg',
    );
    expect(credential.kind).toBe('token');
    expect(await decide(credential, storeOf(), clock, config)).toMatchObject({ status: 401, reason: 'malformed' });
    const decision = await decide(credential, storeOf(), clock, config, verifierOf());
    expect(decision).toMatchObject({ outcome: 'allow', grant: { principal: 'alice' } });
  });

  it('is a refusal without a look at the issuer for a token that is too long', async () => {
    const token = await signToken(ec, claims({ padding: 'x'.repeat(MAX_CREDENTIAL_LENGTH) }));
    expect(readCredential(gateEvent({ headers: { authorization: `Bearer ${token}` } }), 'vg').kind).toBe('malformed');
  });
});

describe('a forged token', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signatureOf = (token: string) => token.split('.')[2] ?? '';
  const pem = () =>
    createPublicKey({ key: rsa.publicJwk as JsonWebKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const hmacToken = (secret: string | Buffer, header: object) => {
    const signed = `${encode(header)}.${encode(claims())}`;
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  };
  /** The attacker's own key pair, and a token that it signed. */
  const attackerToken = async (header: (jwk: JsonWebKey) => object) => {
    const attacker = await newSigningKey('ES256', 'ec-1');
    return signToken(attacker, claims(), { ...header(attacker.publicJwk as JsonWebKey) });
  };

  const forgeries: Readonly<Record<string, () => string | Promise<string>>> = {
    'alg none': () => rawToken({ alg: 'none' }, claims(), 'AA'),
    'alg None': () => rawToken({ alg: 'None', kid: 'ec-1' }, claims(), 'AA'),
    'alg none and no signature': () => rawToken({ alg: 'none' }, claims(), ''),
    'no alg': () => rawToken({ kid: 'ec-1' }, claims(), 'AA'),
    'alg that is no text': () => rawToken({ alg: ['ES256'], kid: 'ec-1' }, claims(), 'AA'),
    'HS256 under the RSA public key as PEM': () => hmacToken(String(pem()), { alg: 'HS256', kid: 'rsa-1' }),
    'HS256 under the RSA public key as DER': () =>
      hmacToken(
        createPublicKey({ key: rsa.publicJwk as JsonWebKey, format: 'jwk' }).export({ type: 'spki', format: 'der' }),
        { alg: 'HS256', kid: 'rsa-1' },
      ),
    'HS256 under the modulus': () => hmacToken(Buffer.from(String(rsa.publicJwk.n), 'base64url'), { alg: 'HS256' }),
    'RS256 over HMAC under the public key': () => hmacToken(String(pem()), { alg: 'RS256', kid: 'rsa-1' }),
    'ES256 with r and s zero': () =>
      rawToken({ alg: 'ES256', kid: 'ec-1' }, claims(), Buffer.alloc(64).toString('base64url')),
    'ES256 with an empty signature': () => rawToken({ alg: 'ES256', kid: 'ec-1' }, claims(), ''),
    'ES256 in DER instead of r and s': async () => {
      const [header, payload] = (await signToken(ec, claims())).split('.');
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return `${header}.${payload}.${sign('sha256', Buffer.from(`${header}.${payload}`), privateKey).toString('base64url')}`;
    },
    'another payload under a good signature': async () => {
      const token = await signToken(ec, claims());
      return `${token.split('.')[0]}.${encode(claims({ sub: 'mallory' }))}.${signatureOf(token)}`;
    },
    'another header under a good signature': async () => {
      const [, payload, signature] = (await signToken(ec, claims())).split('.');
      return `${encode({ alg: 'ES256', kid: 'ec-1', typ: 'JWT' })}.${payload}.${signature}`;
    },
    'a signature without its last character': async () => (await signToken(ec, claims())).slice(0, -1),
    'an RS256 signature under an ES256 header': async () => {
      const token = await signToken(rsa, claims());
      return rawToken({ alg: 'ES256', kid: 'ec-1' }, claims(), signatureOf(token));
    },
    'the key in its own header (jwk)': () => attackerToken((jwk) => ({ jwk })),
    'a key elsewhere (jku)': () => attackerToken(() => ({ jku: 'https://attacker.invalid/jwks' })),
    'a key elsewhere (x5u)': () => attackerToken(() => ({ x5u: 'https://attacker.invalid/cert' })),
    'the attacker’s key under a known id': () => attackerToken(() => ({})),
    'an unknown key id': () => attackerToken(() => ({ kid: '../../dev/null' })),
    'a key id of 10 KB': () => attackerToken(() => ({ kid: 'k'.repeat(10_000) })),
    'a critical extension that nobody knows': () =>
      rawToken({ alg: 'ES256', kid: 'ec-1', crit: ['x'], x: 1 }, claims(), 'AA'),
    'an unencoded payload (b64 false)': () =>
      rawToken({ alg: 'ES256', kid: 'ec-1', crit: ['b64'], b64: false }, claims(), 'AA'),
    'claims that are a list': () => rawToken({ alg: 'ES256', kid: 'ec-1' }, [claims()], 'AA'),
    'claims that are no JSON': () => `${encode({ alg: 'ES256' })}.bm90IGpzb24.AA`,
    'a header that is no JSON': () => `bm90IGpzb24.${encode(claims())}.AA`,
    'five parts (JWE)': () => `${encode({ alg: 'dir', enc: 'A128GCM' })}..AA.AA.AA`,
    'one part': () => 'AAAA',
  };

  it.each(Object.keys(forgeries))('is refused: %s', async (name) => {
    const token = (await forgeries[name]?.()) ?? '';
    const result = await verifierOf()(token);
    expect(result.outcome).toBe('invalid');
    expect(JSON.stringify(result)).not.toContain(token);
  });

  it('is refused when any one bit of a good one is another', async () => {
    const verify = verifierOf();
    const token = await signToken(ec, claims());
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'AQgw059_-'), async (at, character) => {
        // A last character's lowest bits may be padding, which base64url decoders disagree about.
        fc.pre(token[at] !== character && token[at] !== '.' && token[at + 1] !== undefined && token[at + 1] !== '.');
        expect((await verify(token.slice(0, at) + character + token.slice(at + 1))).outcome).toBe('invalid');
      }),
    );
  });

  it('is refused when its RSA key is shorter than 2048 bits, though the issuer publishes it', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid: 'short', alg: 'RS256' };
    server.keys = [{ ...rsa, kid: 'short', publicJwk: publicJwk as SigningKey['publicJwk'] }];
    const signed = `${encode({ alg: 'RS256', kid: 'short' })}.${encode(claims())}`;
    const token = `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
    expect((await verifierOf()(token)).outcome).toBe('invalid');
  });

  it('under an algorithm that is not configured is refused without a look at the issuer', async () => {
    expect(await verifierOf({ algorithms: ['RS256'] })(await signToken(ec, claims()))).toEqual(invalid('refused'));
    expect(server.requests).toEqual([]);
  });
});
