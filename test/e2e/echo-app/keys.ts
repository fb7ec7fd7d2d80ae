import { spawn } from 'node:child_process';
import { createHmac, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type IssuerServer,
  newSigningKey,
  rawToken,
  type SigningKey,
  signToken,
} from '../../lambda/authorizer/token-issuer-server';
import { call } from '../support/http';
import { type CreatedKey, type LocalCloud, root } from '../support/local-cloud';
import { CLIENTS, type SpeechClient, type SpeechEnd, stopClients } from '../support/openai-clients';
import { AUDIENCE, type EchoApp, TTL } from './echo-app';

const settled = () => sleep(TTL * 1000 + 500);

let addresses = 30;
/** A client of its own: limits count addresses. */
const newAddress = () => `127.0.0.${addresses++}`;

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

export function describeKeys(running: () => EchoApp): void {
  describe('what it says of keys and tokens', () => tests(running));
}

function tests(running: () => EchoApp): void {
  let cloud: LocalCloud;
  let issuer: IssuerServer;
  let signing: SigningKey;

  beforeAll(() => {
    ({ cloud, issuer, signing } = running());
  });

  afterAll(stopClients);

  const get = (path: string, headers: Readonly<Record<string, string>>, from?: string) =>
    call(`${cloud.ready.https}${path}`, { ca: cloud.ready.ca, headers, ...(from && { from }) });

  const post = (path: string, headers: Readonly<Record<string, string>>) =>
    call(`${cloud.ready.https}${path}`, {
      ca: cloud.ready.ca,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"input":"x"}',
    });

  describe.each(CLIENTS)('what the %s client of OpenAI says', (_, client) => {
    let from = '';
    beforeEach(() => {
      from = newAddress();
    });
    const speak = (speech: SpeechClient, { key }: Pick<CreatedKey, 'key'>, maxRetries = 0, input = 'hello') =>
      speech({ baseUrl: `${cloud.ready.https}/v1`, ca: cloud.ready.ca, apiKey: key, maxRetries, input, from });
    const spoken: Partial<SpeechEnd> = { error: null, status: 200 };
    const refused: Partial<SpeechEnd> = { error: 'AuthenticationError', status: 401 };

    it('of a rotated key: the old secret is good within its grace, then dead; the new one goes on', async () => {
      const old = await cloud.createKey('rotated');
      const rotate = async (grace: string): Promise<CreatedKey> =>
        JSON.parse(
          await cloud.voicegate('keys', 'rotate', old.keyId, '--grace', grace, '--yes', '--json'),
        ) as CreatedKey;
      const second = await rotate('10m');
      expect(second.keyId).toBe(old.keyId);
      expect(await speak(client, old)).toMatchObject(spoken);
      expect(await speak(client, second)).toMatchObject(spoken);
      // The secret before the last has no grace any more, and the last one a short one.
      const { key } = await rotate('1s');
      const until = { timeout: 30_000, interval: 200 };
      await expect.poll(() => speak(client, old), until).toMatchObject(refused);
      await expect.poll(() => speak(client, second), until).toMatchObject(refused);
      expect(await speak(client, { key })).toMatchObject(spoken);
    });

    it('of a revoked key: AuthenticationError', async () => {
      const created = await cloud.createKey('revoked');
      expect(await speak(client, created)).toMatchObject(spoken);
      await cloud.voicegate('keys', 'revoke', created.keyId, '--yes');
      await settled();
      expect(await speak(client, created)).toMatchObject(refused);
    });

    it('of an expired key, and of one whose time has not come: AuthenticationError', async () => {
      const expired = await cloud.createKey('expired', '--expires', '1s');
      await sleep(1_100);
      expect(await speak(client, expired)).toMatchObject(refused);
      expect(await speak(client, await cloud.createKey('early', '--not-before', '1h'))).toMatchObject(refused);
    });

    it('of a disabled key: AuthenticationError until it is enabled', async () => {
      const created = await cloud.createKey('disabled');
      await cloud.voicegate('keys', 'disable', created.keyId);
      expect(await speak(client, created)).toMatchObject(refused);
      await cloud.voicegate('keys', 'enable', created.keyId);
      await settled();
      expect(await speak(client, created)).toMatchObject(spoken);
    });

    it('of a key without the scope of synthesis: PermissionDeniedError', async () => {
      const created = await cloud.createKey('scope', '--scope', 'voices:read');
      expect(await speak(client, created)).toMatchObject({ error: 'PermissionDeniedError', status: 403 });
    });

    it('of a key beyond its rate: RateLimitError, or success at the first retry, which waits as long as it is told', async () => {
      // Ten seconds a request: longer than the client waits where it is told nothing.
      const created = await cloud.createKey('rate', '--rate', '6', '--burst', '1');
      expect(await speak(client, created)).toMatchObject(spoken);
      expect(await speak(client, created)).toMatchObject({
        error: 'RateLimitError',
        status: 429,
        message: expect.stringMatching(/Too many requests: .* is reached\. Try again in \d+ s\./),
      });
      const retried = await speak(client, created, 2);
      expect(retried).toMatchObject(spoken);
      const { headers } = JSON.parse(retried.body) as { readonly headers: readonly (readonly [string, string])[] };
      expect(headers).toContainEqual(['X-Stainless-Retry-Count', '1']);
    });

    it('of a key beyond its quota: RateLimitError at once, and where the limit stands in RateLimit', async () => {
      const created = await cloud.createKey('quota', '--quota', 'month:characters=8');
      expect(await speak(client, created, 0, '12345')).toMatchObject(spoken);
      const over = await speak(client, created, 2, '12345');
      expect(over).toMatchObject({
        error: 'RateLimitError',
        status: 429,
        message: expect.stringContaining('The quota characters-per-month is used up.'),
      });
      expect(over.rateLimit).toMatch(/^"characters-per-month";r=3;/);
      expect(await speak(client, created, 0, '123')).toMatchObject(spoken);
    });

    it('of an address that ends with a slash: the exception says to leave it out', async () => {
      const created = await cloud.createKey('slash');
      const call = { ca: cloud.ready.ca, apiKey: created.key, maxRetries: 0, input: 'x', from };
      // The libraries take one slash away, two are a mistake of whoever joins addresses.
      const end = await client({ ...call, baseUrl: `${cloud.ready.https}/v1//` });
      expect(end.message).toMatch(/\/\/.*slash/);
      expect(end.status).toBeGreaterThanOrEqual(400);
    });

    it('of an access token: it is spoken for the subject', async () => {
      const token = await signToken(signing, claims());
      const end = await speak(client, { key: token });
      expect(end).toMatchObject(spoken);
      const { headers } = JSON.parse(end.body) as { readonly headers: readonly (readonly [string, string])[] };
      expect(headers).toContainEqual(['X-Auth-Principal', 'alice']);
      expect(JSON.stringify(headers)).not.toContain(token);
    });
  });

  function claims(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: issuer.issuer,
      aud: AUDIENCE,
      sub: 'alice',
      scope: 'openid tts:synthesize',
      iat: now,
      exp: now + 300,
      ...changes,
    };
  }

  function signedWith(secret: string): string {
    const unsigned = rawToken({ alg: 'HS256', kid: signing.kid }, claims(), '');
    return unsigned + createHmac('sha256', secret).update(unsigned.slice(0, -1)).digest('base64url');
  }

  describe('a token', () => {
    it.each<[string, () => Promise<string>]>([
      ['for another audience', () => signToken(signing, claims({ aud: 'other' }))],
      ['of another issuer', () => signToken(signing, claims({ iss: 'https://idp.example' }))],
      ['that has expired', () => signToken(signing, claims({ exp: Math.floor(Date.now() / 1000) - 1 }))],
      ['without an end', () => signToken(signing, claims({ exp: undefined }))],
      ['whose time has not come', () => signToken(signing, claims({ nbf: Math.floor(Date.now() / 1000) + 600 }))],
      [
        'signed by a stranger under a known key id',
        async () => signToken(await newSigningKey('ES256', 'first'), claims()),
      ],
      ['that is not signed', async () => rawToken({ alg: 'none', kid: 'first' }, claims(), '')],
      ['that calls its signature none', async () => rawToken({ alg: 'none', kid: 'first' }, claims(), 'AAAA')],
      [
        'signed with the public key’s JWK as a shared secret',
        async () => signedWith(JSON.stringify(signing.publicJwk)),
      ],
      [
        'signed with the public key’s PEM as a shared secret',
        async () => {
          const key = createPublicKey({ key: signing.publicJwk, format: 'jwk' });
          return signedWith(key.export({ type: 'spki', format: 'pem' }).toString());
        },
      ],
      [
        'that brings its own key',
        async () => {
          const own = await newSigningKey('ES256', 'own');
          return signToken(own, claims(), { jwk: own.publicJwk });
        },
      ],
    ])('%s is 401', async (_, make) => {
      const answer = await get('/probe', bearer(await make()), newAddress());
      expect(answer.status).toBe(401);
      expect(answer.json()).toEqual({ error: 'Unauthorized', requestId: expect.any(String) });
    });

    it('with the scope speaks, and one without it is 403 on the synthesis paths alone', async () => {
      const without = await signToken(signing, claims({ scope: 'openid' }));
      expect((await post('/v1/audio/speech', bearer(without))).status).toBe(403);
      expect((await get('/probe', bearer(without))).status).toBe(200);
      expect((await post('/v1/audio/speech', bearer(await signToken(signing, claims())))).status).toBe(200);
    });

    it('is good no longer than it says, though the decision is cached', async () => {
      const token = await signToken(signing, claims({ exp: Math.floor(Date.now() / 1000) + 3 }));
      expect((await get('/probe', bearer(token))).status).toBe(200);
      await sleep(3_500);
      expect((await get('/probe', bearer(token))).status).toBe(401);
    });

    it('of 8 KB is taken, one too long for a header line is refused', async () => {
      const large = await signToken(signing, claims({ groups: 'g'.repeat(6_000) }));
      expect((await get('/probe', bearer(large))).status).toBe(200);
      const tooLarge = await signToken(signing, claims({ groups: 'g'.repeat(20_000) }));
      const status = await get('/probe', bearer(tooLarge)).then(
        (answer) => answer.status,
        () => 'cut off',
      );
      expect([400, 401, 431, 'cut off']).toContain(status);
    });
  });

  describe('a key that is limited', () => {
    it('to networks is 403 from elsewhere, whatever the client claims', async () => {
      const { key } = await cloud.createKey('network', '--cidr', '127.0.0.21/32');
      const headers = { 'x-api-key': key };
      expect((await get('/probe', headers, '127.0.0.21')).status).toBe(200);
      expect((await get('/probe', headers, '127.0.0.22')).status).toBe(403);
      expect((await get('/probe', { ...headers, 'x-forwarded-for': '127.0.0.21' }, '127.0.0.22')).status).toBe(403);
    });

    it('to paths and methods is 403 on all others, though the decision is cached', async () => {
      const { key } = await cloud.createKey('paths', '--path', '/v1/*', '--method', 'POST');
      const headers = { 'x-api-key': key };
      expect((await post('/v1/audio/speech', headers)).status).toBe(200);
      expect((await get('/v1/audio/speech', headers)).status).toBe(403);
      expect((await post('/tts', headers)).status).toBe(403);
      expect((await post('/v1', headers)).status).toBe(403);
    });
  });

  it('voicegate usage shows requests, characters and refusals of a key as the gate has logged them', async () => {
    const { key, keyId } = await cloud.createKey('usage', '--scope', 'tts:synthesize');
    const headers = { 'x-api-key': key };
    const input = JSON.stringify({ model: 'tts-1', input: '你好吗' });
    const json = { ...headers, 'content-type': 'application/json' };
    const url = `${cloud.ready.https}/v1/audio/speech`;
    for (let i = 0; i < 2; i++) {
      expect((await call(url, { ca: cloud.ready.ca, method: 'POST', headers: json, body: input })).status).toBe(200);
    }
    expect((await get('/tts?text=abcd', headers)).status).toBe(200);
    expect((await get('/probe', headers)).status).toBe(200);
    await cloud.voicegate('keys', 'disable', keyId);
    await settled();
    expect((await get('/probe', headers, newAddress())).status).toBe(401);
    await expect
      .poll(async () => JSON.parse(await cloud.voicegate('usage', '--days', '2', '--key', keyId, '--json')).rows, {
        interval: 1_000,
      })
      .toEqual([{ day: expect.any(String), keyId, owner: 'e2e', requests: 4, characters: 10, refusals: 1 }]);
    const table = await cloud.voicegate('usage', '--owner', 'e2e', '--days', '2');
    expect(table).toContain(keyId);
    expect(table).toContain('█ let through');
    expect(table).not.toContain('你好');
  });

  it('voicegate logs --follow tells each request of a key once, until it is interrupted', async () => {
    const { key, keyId } = await cloud.createKey('followed');
    const words = ['logs', '--follow', '--json', '--key', keyId, '--local', '--state-dir', cloud.stateDirectory];
    const child = spawn(process.execPath, [join(root, 'dist/cli.js'), ...words], { cwd: root });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let told = '';
    child.stdout.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    const paths = () =>
      told
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { path: string }).path);
    try {
      const until = { timeout: 30_000, interval: 200 };
      for (const path of ['/first', '/second']) {
        expect((await get(path, { 'x-api-key': key })).status).toBe(200);
        await expect.poll(() => paths().at(-1), until).toBe(path);
      }
      // Read again with every look, for lines that come late, and still told once.
      expect((await get('/third', { 'x-api-key': key })).status).toBe(200);
      await expect.poll(() => paths().at(-1), until).toBe('/third');
      expect(paths()).toEqual(['/first', '/second', '/third']);
    } finally {
      child.kill('SIGINT');
      await ended;
    }
  });
}
