import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { GateChanges } from './support/bundle';
import type { GateContainers } from './support/gate';
import { gateWorld } from './support/gate-world';
import { type Answer, call, newKey } from './support/http';
import { allow, deny, RawAnswer } from './support/lambda-endpoint';

const SECRET = 'a-secret-of-sessions-0123456789abcdefghijklmnop';
const PATH = '/.voicegate/session';
const HOST = 'tts.example.com';
const PAGE = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' };

const { app, lambda, startGate, gateForTest, containersForTest } = gateWorld();
let gate: GateContainers;

const withSecret = (secret: string) => ({ env: { VOICEGATE_SESSION_SECRET: secret } });
const sessions = { webSession: { lifetime: 3600 } };

beforeAll(async () => {
  gate = await startGate(sessions, withSecret(SECRET));
});

const another = (secret = SECRET, changes: GateChanges = {}) =>
  gateForTest({ ...sessions, ...changes }, withSecret(secret));

let clients = 0;
const client = () => `198.51.${100 + Math.floor(clients / 250)}.${(clients++ % 250) + 1}`;

interface Form {
  readonly fields: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly to?: GateContainers;
}

function post({ fields, headers = {}, to = gate }: Form): Promise<Answer> {
  return call(to.url, PATH, {
    method: 'POST',
    headers: {
      host: HOST,
      origin: `https://${HOST}`,
      'content-type': 'application/x-www-form-urlencoded',
      'X-Forwarded-For': client(),
      'X-Forwarded-Proto': 'https',
      ...headers,
    },
    body: new URLSearchParams(fields).toString(),
  });
}

function get(path: string, headers: Readonly<Record<string, string>> = {}, from = gate): Promise<Answer> {
  return call(from.url, path, { headers: { host: HOST, 'X-Forwarded-For': client(), ...headers } });
}

const cookieOf = (answer: Answer) => (answer.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';

async function signIn(key = newKey(), to = gate): Promise<string> {
  const answer = await post({ fields: { key }, to });
  expect(answer.status).toBe(303);
  return cookieOf(answer);
}

describe('signing in', () => {
  it('exchanges a key for a cookie that only this site gets, no script reads and no stranger can open', async () => {
    const key = newKey();
    const answer = await post({ fields: { key, return: '/voices?lang=zh&x=%20' } });
    expect([answer.status, answer.headers.location]).toEqual([303, '/voices?lang=zh&x=%20']);
    expect(answer.headers['cache-control']).toBe('no-store');
    const [pair = '', ...attributes] = (answer.headers['set-cookie']?.[0] ?? '').split('; ');
    expect(attributes).toEqual(['Path=/', 'Max-Age=3600', 'Secure', 'HttpOnly', 'SameSite=Strict']);
    expect(pair).toMatch(/^__Host-voicegate=[A-Za-z0-9_-]{100,}$/);
    expect(Buffer.from(pair.split('=')[1] ?? '', 'base64url').toString('latin1')).not.toContain(key.slice(16, 40));
    expect(lambda.invocations.map(({ event }) => event.identitySource)).toEqual([[key]]);
  });

  it('lets requests with the cookie pass as if they sent the key, and hides it from the app', async () => {
    const key = newKey();
    const cookie = await signIn(key);
    const answer = await get('/tts?text=hello', { cookie: `theme=dark; ${cookie}; lang=zh` });
    expect(answer.status).toBe(200);
    expect(answer.json().headers).toMatchObject({ 'x-auth-principal': 'alice', 'x-auth-key-id': 'AAAAAAAAAAAA' });
    expect(answer.json().headers.cookie).toBe('theme=dark; lang=zh');
    expect(answer.body).not.toContain('__Host-voicegate');
    expect(answer.body).not.toContain(key);
    const alone = await get('/tts', { cookie });
    expect(alone.json().headers).not.toHaveProperty('cookie');
    // The decision of the sign-in is the one that serves.
    expect(lambda.invocations).toHaveLength(1);
    const open = await get('/static/x', { cookie: `${cookie}; a=1` });
    expect(open.json().headers).toMatchObject({ cookie: 'a=1' });
    expect(open.json().headers).not.toHaveProperty('x-auth-principal');
    expect(open.json().headers).toMatchObject({ 'x-auth-session': 'open' });
    for (const claimed of [{}, { 'X-Auth-Session': 'open' }, { cookie: '__Host-voicegate=AAAA' }] as Readonly<
      Record<string, string>
    >[]) {
      expect((await get('/static/x', claimed)).json().headers).not.toHaveProperty('x-auth-session');
    }
  });

  it('refuses the cookie once its key is revoked, within the time of a decision', async () => {
    const key = newKey();
    lambda.behaviour = () => allow({}, 1);
    const cookie = await signIn(key);
    expect((await get('/tts', { cookie })).status).toBe(200);
    lambda.behaviour = () => deny(401);
    await expect.poll(async () => (await get('/tts', { cookie })).status).toBe(401);
  });

  it.each([
    ['a wrong key', newKey()],
    ['no key at all', ''],
    ['something else', 'hello world'],
    ['a token', 'aaa.bbb.ccc'],
  ])('shows the page again, with the reason and without a cookie, after %s', async (_, key) => {
    lambda.behaviour = () => deny(401);
    const answer = await post({ fields: { key, return: '/voices' } });
    expect(answer.status).toBe(401);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="voicegate"');
    expect(answer.body).toContain('This key is not accepted.');
    expect(answer.body).toContain('name="return" value="/voices"');
    if (key !== '') expect(answer.body).not.toContain(key);
  });

  it('counts failed attempts of one client, well formed or not, and stops it before the authorizer is asked', async () => {
    const strict = await another(SECRET, { limits: { missesPerMinute: 4 } });
    lambda.behaviour = () => deny(401);
    const headers = { 'X-Forwarded-For': '203.0.113.9' };
    const known = newKey();
    const keys = [known, known, 'malformed', newKey(), newKey(), newKey()];
    const statuses: number[] = [];
    for (const key of keys) statuses.push((await post({ fields: { key }, headers, to: strict })).status);
    expect(statuses).toEqual([401, 401, 401, 401, 429, 429]);
    expect(lambda.invocations).toHaveLength(2);
    const last = await post({ fields: { key: 'malformed' }, headers, to: strict });
    expect([last.status, Number(last.headers['retry-after']) > 0]).toEqual([429, true]);
    lambda.behaviour = () => allow();
    expect((await post({ fields: { key: newKey() }, to: strict })).status).toBe(303);
  });

  it('says that the key cannot be checked while the authorizer fails', async () => {
    lambda.behaviour = () => new RawAnswer(500, '');
    const answer = await post({ fields: { key: newKey() } });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  it.each([
    ['//evil.test/', '/'],
    ['/\\evil.test/', '/'],
    ['https://evil.test/', '/'],
    ['evil.test', '/'],
    ['/a\r\nSet-Cookie: x=1', '/'],
    ['/../x', '/'],
    ['/%2f/evil.test', '/'],
    [PATH, '/'],
    ['javascript:alert(1)', '/'],
    ['/a?next=//evil.test', '/a?next=//evil.test'],
  ])('leads back to a path of this site only: %j → %s', async (given, location) => {
    const answer = await post({ fields: { key: newKey(), return: given } });
    expect([answer.status, answer.headers.location]).toEqual([303, location]);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['another origin', { origin: 'https://evil.test' }],
    ['another scheme', { origin: `http://${HOST}` }],
    ['an origin of another port', { origin: `https://${HOST}:444` }],
    ['no origin that is told', { origin: 'null' }],
    ['another site, as the browser says', { 'sec-fetch-site': 'cross-site' }],
    ['a sister domain, as the browser says', { 'sec-fetch-site': 'same-site' }],
    ['another origin, whatever else is said', { origin: 'https://evil.test', 'sec-fetch-site': 'same-origin' }],
  ])('refuses a form sent from %s', async (_, headers) => {
    for (const fields of [{ key: newKey() }, { end: '1' }] as Readonly<Record<string, string>>[]) {
      const answer = await post({ fields, headers });
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toHaveProperty('set-cookie');
    }
    expect(lambda.invocations).toEqual([]);
  });

  it('refuses a form whose origin nobody tells, and takes one that hides it but is of this site', async () => {
    const body = new URLSearchParams({ key: newKey() }).toString();
    const headers = { host: HOST, 'content-type': 'application/x-www-form-urlencoded', 'X-Forwarded-For': client() };
    expect((await call(gate.url, PATH, { method: 'POST', headers, body })).status).toBe(403);
    const hidden = { ...headers, origin: 'null', 'sec-fetch-site': 'same-origin' };
    expect((await call(gate.url, PATH, { method: 'POST', headers: hidden, body })).status).toBe(303);
    const throughProxies = { ...headers, origin: `https://${HOST}`, 'sec-fetch-site': 'same-origin' };
    expect((await call(gate.url, PATH, { method: 'POST', headers: throughProxies, body })).status).toBe(303);
  });

  it('takes no other kind of body, none that is large, and no other method', async () => {
    expect((await post({ fields: { key: newKey() }, headers: { 'content-type': 'text/plain' } })).status).toBe(400);
    expect((await post({ fields: { key: 'x'.repeat(10_000) } })).status).toBe(413);
    expect((await call(gate.url, PATH, { method: 'PUT', headers: { host: HOST } })).status).toBe(405);
    expect(app.received).toEqual([]);
  });

  it('ends by the form or by DELETE', async () => {
    const ended = await post({ fields: { end: '1' } });
    expect([ended.status, ended.headers.location]).toEqual([303, PATH]);
    const gone = '__Host-voicegate=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict';
    expect(ended.headers['set-cookie']).toEqual([gone]);
    const deleted = await call(gate.url, PATH, {
      method: 'DELETE',
      headers: { host: HOST, 'sec-fetch-site': 'same-origin' },
    });
    expect([deleted.status, deleted.headers['set-cookie']]).toEqual([204, [gone]]);
  });
});

describe('the sign-in page', () => {
  it('needs no script, and nothing from elsewhere', async () => {
    const answer = await get(`${PATH}?return=${encodeURIComponent('/voices?a="><script>')}`);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
    expect(answer.body).not.toMatch(/<script|<style|style=|https?:|\son[a-z]+=/i);
    expect(answer.body).toContain('value="/voices?a=&#34;&#62;&#60;script&#62;"');
    const style = await get('/.voicegate/session.css');
    expect([style.status, style.headers['content-type']]).toEqual([200, 'text/css']);
  });

  it('speaks Chinese to those who want it', async () => {
    expect((await get(PATH, { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' })).body).toContain('<html lang="zh">');
    expect((await get(PATH, { 'accept-language': 'en-GB,zh;q=0.5' })).body).toContain('<html lang="en">');
  });

  it('offers the way out to those who are signed in', async () => {
    const cookie = await signIn();
    expect((await get(PATH, { cookie })).body).toContain('name="end"');
    expect((await get(PATH, { cookie: '__Host-voicegate=AAAA' })).body).toContain('name="key"');
  });

  it('is where somebody who opens a protected page is led, and nobody else', async () => {
    const led = await get('/voices?lang=zh&api_key=vg_x', PAGE);
    expect([led.status, led.headers.location]).toEqual([
      303,
      `${PATH}?return=${encodeURIComponent('/voices?lang=zh')}`,
    ]);
    const document = { ...PAGE, 'sec-fetch-dest': 'document' };
    expect((await get('/voices', document)).status).toBe(303);
    for (const headers of [
      {},
      { accept: '*/*' },
      { accept: 'application/json' },
      { accept: 'application/json, text/html;q=0' },
      { ...PAGE, 'sec-fetch-dest': 'audio' },
      { ...PAGE, 'X-API-Key': 'wrong' },
      { ...PAGE, authorization: 'Bearer wrong' },
    ] as Readonly<Record<string, string>>[]) {
      const answer = await get('/voices', headers);
      expect([answer.status, answer.json().error], JSON.stringify(headers)).toEqual([401, 'Unauthorized']);
    }
    const posted = await call(gate.url, '/tts', { method: 'POST', headers: { host: HOST, ...PAGE }, body: 'x' });
    expect(posted.status).toBe(401);
    expect(app.received).toEqual([]);
  });

  it('does not exist while sessions are switched off', async () => {
    const plain = await gateForTest();
    expect((await get(PATH, PAGE, plain)).status).toBe(401);
    expect((await get('/voices', PAGE, plain)).status).toBe(401);
    expect((await get('/voices', { cookie: await signIn() }, plain)).status).toBe(401);
  });
});

describe('a session cookie', () => {
  const refused = async (cookie: string, headers: Readonly<Record<string, string>> = {}, from = gate) => {
    const answer = await get('/tts', { cookie, ...headers }, from);
    expect(app.received).toEqual([]);
    return [answer.status, answer.headers['set-cookie']?.[0]?.startsWith('__Host-voicegate=; ')];
  };

  it('is refused when any of it was altered, and taken away', async () => {
    const [name, value = ''] = (await signIn()).split('=');
    const bytes = Buffer.from(value, 'base64url');
    for (const at of [0, 1, 12, 13, 40, bytes.length - 16, bytes.length - 1]) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(await refused(`${name}=${altered.toString('base64url')}`), `byte ${at}`).toEqual([401, true]);
    }
    for (const text of ['', 'x', value.slice(0, -1), `${value}A`, `"${value}"`, 'A'.repeat(2000), newKey()]) {
      expect(await refused(`${name}=${text}`), text).toEqual([401, true]);
    }
  });

  it('is refused under another host', async () => {
    const cookie = await signIn();
    expect(await refused(cookie, { host: 'other.example.com' })).toEqual([401, true]);
    expect((await get('/tts', { cookie, host: HOST.toUpperCase() })).status).toBe(200);
  });

  it('is refused after its time, however long the browser keeps it', async () => {
    const now = Math.floor(Date.now() / 1000);
    const made = (issued: number, expires: number) => sealed({ k: newKey(), i: issued, e: expires });
    expect((await get('/tts', { cookie: made(now - 10, now + 10) })).status).toBe(200);
    app.reset();
    expect(await refused(made(now - 3600, now - 1))).toEqual([401, true]);
    expect(await refused(made(now + 3600, now + 7200))).toEqual([401, true]);
  });

  it('is refused when it was made with another secret, and taken while its secret is the previous one', async () => {
    const [one, two] = [await signIn(), `${SECRET}-two`];
    const rotated = await another(JSON.stringify({ current: two, previous: SECRET }));
    expect((await get('/tts', { cookie: one }, rotated)).status).toBe(200);
    const fresh = await signIn(newKey(), rotated);
    expect((await get('/tts', { cookie: fresh }, rotated)).status).toBe(200);
    app.reset();
    const later = await another(JSON.stringify({ current: two }));
    expect(await refused(one, {}, later)).toEqual([401, true]);
    expect((await get('/tts', { cookie: fresh }, later)).status).toBe(200);
  });

  it('is one credential: beside a different one the request is 400, beside its own key it passes', async () => {
    const key = newKey();
    const cookie = await signIn(key);
    expect((await get('/tts', { cookie, 'X-API-Key': newKey() })).status).toBe(400);
    expect((await get('/tts', { cookie, authorization: 'Bearer aaa.bbb.ccc' })).status).toBe(400);
    expect((await get('/tts', { cookie: `${cookie}; ${await signIn()}` })).status).toBe(400);
    expect((await get('/tts', { cookie: '__Host-voicegate=x', 'X-API-Key': key })).status).toBe(400);
    expect((await get('/tts', { cookie, 'X-API-Key': key })).status).toBe(200);
    expect((await get('/tts', { cookie: `${cookie}; ${await signIn(key)}` })).status).toBe(200);
  });

  /** As the gate makes them, by other code. */
  function sealed(session: object): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv(
      'aes-256-gcm',
      createHash('sha256').update(`voicegate session ${SECRET}`).digest(),
      nonce,
    );
    cipher.setAAD(Buffer.from(`1 ${HOST}`));
    const text = Buffer.concat([cipher.update(JSON.stringify(session)), cipher.final()]);
    const bytes = Buffer.concat([Buffer.from([1]), nonce, text, cipher.getAuthTag()]);
    return `__Host-voicegate=${bytes.toString('base64url')}`;
  }
});

describe('the secret of sessions', () => {
  it('must be there when sessions are on', async () => {
    const containers = containersForTest({ webSession: { lifetime: 60 } });
    await containers.init();
    await containers.start();
    expect(await containers.exited()).toBe(1);
    await containers.logged('VOICEGATE_SESSION_SECRET is not set');
  });

  it.each(['short', '{"current":"short"}', '{"current":12}', '{broken-but-long-enough-to-be-a-secret-0123456789'])(
    'refuses everybody when it is %j, and tells nobody what it is',
    async (secret) => {
      const broken = await another(secret);
      expect((await post({ fields: { key: newKey() }, to: broken })).status).toBe(503);
      expect((await get('/tts', { cookie: '__Host-voicegate=AAAA' }, broken)).status).toBe(503);
      expect(broken.stderr + broken.stdout).not.toContain(secret);
    },
  );

  it('stands in no file of the gate and no log, and neither do keys nor cookies', async () => {
    const key = newKey();
    const cookie = await signIn(key);
    await get('/tts?text=private-words', { cookie });
    await get(`/voices?text=private-words`, PAGE);
    await gate.line((line) => line.path === PATH && line.reason === 'signed-in' && line.decision === 'own');
    const files = ['nginx.conf', 'program.js', 'lambda.conf', 'gate.sh'].map((file) =>
      readFileSync(join(gate.directory, file), 'utf8'),
    );
    for (const text of [...files, gate.stdout, gate.stderr]) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(key.slice(-49));
      expect(text).not.toContain(cookie.slice(-60));
      expect(text).not.toContain('private-words');
    }
  });
});
