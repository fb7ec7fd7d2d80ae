import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteAliasCommand, LambdaClient, ListAliasesCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { beforeAll, describe, expect, it } from 'vitest';
import { listeningSockets } from '../../../local/tasks/listening';
import { sendRaw } from '../../local/guard/web-requests';
import { call } from '../support/http';
import { filesWith } from '../support/leaks';
import type { LocalCloud } from '../support/local-cloud';
import { FIREWALL, LIMITS, STALE_GRACE, TTL } from './echo-app';

interface Echo {
  readonly pid: number;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly remote_addr: string;
  readonly scheme: string;
}

export function describeProtection(running: () => LocalCloud): void {
  describe('what it lets through to the app', () => tests(running));
}

function tests(running: () => LocalCloud): void {
  let cloud: LocalCloud;

  beforeAll(() => {
    cloud = running();
  });

  const https = (path: string, options: Parameters<typeof call>[1] = {}) =>
    call(`${cloud.ready.https}${path}`, { ca: cloud.ready.ca, ...options });

  it('hides the credential and a client’s own identity headers, and tells the principal', async () => {
    const created = await cloud.createKey('echo', '--rate', '6000', '--burst', '1000');
    const answer = await https('/probe?text=x', {
      headers: {
        'x-api-key': created.key,
        'X-Auth-Principal': 'mallory',
        'x-auth-scopes': 'admin',
        X_Auth_Principal: 'mallory',
        'X-Forwarded-For': '203.0.113.9',
        'X-Forwarded-Host': 'evil.example',
        'X-Original-URL': '/admin',
        Forwarded: 'for=203.0.113.9',
      },
    });
    expect(answer.status).toBe(200);
    const echo = answer.json() as unknown as Echo;
    const all = JSON.stringify(echo);
    expect(all).not.toContain(created.key.split('_')[2]);
    expect(all).not.toContain('mallory');
    expect(all).not.toContain('evil.example');
    const header = (name: string) =>
      echo.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
    expect(header('x-auth-principal')).toEqual(['e2e']);
    expect(header('x-auth-key-id')).toEqual([created.keyId]);
    expect(header('x-auth-scopes')).toEqual(['tts:synthesize']);
    expect(header('x-original-url')).toEqual([]);
    expect(header('forwarded')).toEqual([]);
    expect(header('x-api-key')).toEqual([]);
    expect(header('authorization')).toEqual([]);
    expect(echo.remote_addr).toBe('127.0.0.1');
    expect(echo.scheme).toBe('https');
    expect(echo.query).toBe('text=x');
  });

  describe('refuses the ambiguous path', () => {
    let key = '';
    beforeAll(async () => {
      ({ key } = await cloud.createKey('paths', '--rate', '6000', '--burst', '1000'));
    });

    it.each(['/tts/../admin', '/a//b', '/a%2fb', '/a%5Cb', '/a;b', '/%00', '/%2e%2e/tts', '/%25'])(
      '%s',
      async (path) => {
        // Node's URL would tidy the path: it goes out raw.
        expect(await rawGet(cloud, path, key)).toBe(400);
      },
    );
  });

  it('serves a recently allowed key while the authorizer fails, refuses a fresh one with 503, and never opens', async () => {
    const known = await cloud.createKey('known', '--rate', '6000', '--burst', '1000');
    const fresh = await cloud.createKey('fresh', '--rate', '6000', '--burst', '1000');
    expect((await https('/probe', { headers: { 'x-api-key': known.key } })).status).toBe(200);
    const restore = await breakAuthorizer(cloud);
    try {
      await sleep(TTL * 1000 + 500);
      expect((await https('/probe', { headers: { 'x-api-key': known.key } })).status).toBe(200);
      const refused = await https('/probe', { headers: { 'x-api-key': fresh.key } });
      expect(refused.status).toBe(503);
      expect(refused.headers['retry-after']).toMatch(/^\d+$/);
      await sleep(STALE_GRACE * 1000);
      expect((await https('/probe', { headers: { 'x-api-key': known.key } })).status).toBe(503);
    } finally {
      await restore();
    }
    await sleep(1_000);
    expect((await https('/probe', { headers: { 'x-api-key': fresh.key } })).status).toBe(200);
  }, 90_000);

  it('names no secret and no text anywhere when the app dies in the middle of a request, and serves again', async () => {
    const text = `half-spoken-${Math.random().toString(36).slice(2)}`;
    const created = await cloud.createKey('interrupted', '--rate', '6000', '--burst', '1000');
    const headers = { 'x-api-key': created.key };
    const { pid } = (await https('/probe', { headers })).json() as unknown as Echo;
    const interrupted = https(`/probe?text=${text}`, { headers: { ...headers, 'x-sleep': '20' } });
    await sleep(500);
    process.kill(pid, 'SIGKILL');
    expect((await interrupted).status).toBeGreaterThanOrEqual(502);
    await expect
      .poll(async () => (await https('/probe', { headers })).status, { timeout: 60_000, interval: 1_000 })
      .toBe(200);
    for (const needle of [created.key.split('_')[2] ?? '', text]) {
      expect(cloud.log().includes(needle)).toBe(false);
      expect(await filesWith(needle, cloud.stateDirectory)).toEqual([]);
    }
  }, 90_000);

  it('opens ports on loopback alone, and serves a web page on none but those of the product itself', async () => {
    const portOf = (url: string) => Number(new URL(url).port);
    const edge = [portOf(cloud.ready.http), portOf(cloud.ready.https)];
    const sockets = listeningSockets(cloud.ready.pid);
    for (const { address } of sockets) expect(address).toMatch(/^127\.|^::1$/);
    // The load balancer's listeners, and of each task the gate's, its health check's and the app's.
    const guarded = sockets.filter(
      ({ address, port }) =>
        !edge.includes(port) && !(/^127\.(?!0\.)/.test(address) && [8080, 8081, 5000].includes(port)),
    );
    // The emulated AWS, and the tasks' credentials and metadata.
    expect(guarded.map(({ port }) => port)).toContain(portOf(cloud.ready.awsEndpoint));
    expect(guarded.map(({ command }) => command)).toHaveLength(2);
    for (const { port } of guarded) {
      const own = `Host: 127.0.0.1:${port}`;
      for (const headers of [['Host: evil.example'], [own, 'Origin: null'], [own, 'Sec-Fetch-Site: cross-site']]) {
        for (const method of ['GET', 'POST', 'OPTIONS']) {
          const answer = await sendRaw(port, { method, target: '/', version: '1.1', headers });
          expect(answer.status).toBe(403);
          expect(answer.text).not.toMatch(/access-control-/i);
        }
      }
    }
  });

  it('keeps the key of the emulated AWS in running.json alone', async () => {
    const { accessKeyId, secretAccessKey } = cloud.aws().credentials;
    for (const needle of [accessKeyId, secretAccessKey]) {
      expect(cloud.log()).not.toContain(needle);
      const files = (await filesWith(needle, cloud.stateDirectory)).map((file) => basename(file));
      expect(files).toEqual(['running.json']);
    }
    expect(statSync(join(cloud.stateDirectory, 'running.json')).mode & 0o777).toBe(0o600);
  });

  it('lets exactly as many synthesis requests a minute through as it is told, and says when to come back', async () => {
    const statuses: number[] = [];
    let retryAfter: string | undefined;
    for (let i = 0; i < LIMITS.synthesis + 2; i++) {
      const answer = await https('/tts?text=x', { headers: { 'x-api-key': cloud.ready.key }, from: '127.0.0.11' });
      statuses.push(answer.status);
      if (answer.status === 429) retryAfter ??= answer.headers['retry-after'];
    }
    expect(statuses).toEqual([...new Array<number>(LIMITS.synthesis).fill(200), 429, 429]);
    expect(Number(retryAfter)).toBeGreaterThan(0);
    expect(Number(retryAfter)).toBeLessThanOrEqual(60);
  }, 120_000);

  it('lets exactly as many requests a minute through on all paths as it is told', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < LIMITS.requests + 2; i++) {
      statuses.push((await https('/probe', { headers: { 'x-api-key': cloud.ready.key }, from: '127.0.0.12' })).status);
    }
    expect(statuses).toEqual([...new Array<number>(LIMITS.requests).fill(200), 429, 429]);
  }, 120_000);

  it('blocks at the edge, with the firewall’s JSON, a client that goes beyond the outer net', async () => {
    let blocked: Awaited<ReturnType<typeof https>> | undefined;
    for (let i = 0; i < 4 * FIREWALL && blocked === undefined; i++) {
      const answer = await https('/probe', { from: '127.0.0.13' });
      if (answer.status === 429 && answer.json().requestId === undefined) blocked = answer;
    }
    expect(blocked?.status).toBe(429);
    expect(String(blocked?.json().error)).toMatch(/too many requests/i);
    await expect.poll(() => / 429 waf:/.test(cloud.log())).toBe(true);
  }, 120_000);
}

/** Deletes the alias that the gate invokes; the function returned puts it back. */
async function breakAuthorizer(cloud: LocalCloud): Promise<() => Promise<void>> {
  const { CreateAliasCommand } = await import('@aws-sdk/client-lambda');
  const lambda = new LambdaClient(cloud.aws());
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  for (const { FunctionName } of Functions) {
    const { Aliases = [] } = await lambda.send(new ListAliasesCommand({ FunctionName }));
    const live = Aliases.find(({ Name }) => Name === 'live');
    if (live === undefined) continue;
    await lambda.send(new DeleteAliasCommand({ FunctionName, Name: 'live' }));
    return async () => {
      await lambda.send(
        new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: live.FunctionVersion ?? '$LATEST' }),
      );
    };
  }
  throw new Error('no function with the alias "live" is deployed');
}

async function rawGet(cloud: LocalCloud, path: string, key: string): Promise<number> {
  const { request } = await import('node:https');
  const { readFileSync } = await import('node:fs');
  const { port } = new URL(cloud.ready.https);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: 'localhost', port, path, agent: false, ca: readFileSync(cloud.ready.ca), headers: { 'x-api-key': key } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}
