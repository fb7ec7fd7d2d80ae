import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SERVICE_CHECKS } from '../../bin/doctor/command';
import { run } from '../../bin/program';
import { certificateAuthority, machineIdentity, type TlsIdentity } from '../../local/edge/certificate-authority';
import { newKey } from '../gate/support/http';

const KEY = newKey();
const DAY = 24 * 60 * 60;
const HEADERS = {
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': "default-src 'self'",
};

const directory = mkdtempSync(join(tmpdir(), 'voicegate-doctor-'));
const caFile = join(directory, 'authority.pem');
let identity: TlsIdentity;
const servers: Server[] = [];

beforeAll(async () => {
  const authority = await certificateAuthority(join(directory, 'ca'));
  writeFileSync(caFile, authority.certificate.toString('pem'));
  identity = await machineIdentity(authority);
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What is broken on purpose; each undefined member is in order. */
interface Sabotage {
  readonly secure?: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly plain?: RequestListener;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly oldTls?: boolean;
  /** Where the service listens: its certificate is for 127.0.0.1 and localhost. */
  readonly address?: string;
  readonly url?: string;
  readonly http?: string;
  readonly ca?: boolean;
  /** Seconds that the doctor's clock is ahead. */
  readonly ahead?: number;
  readonly key?: string;
}

function json(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** As the gate behind its load balancer answers. */
function service({ secure, headers = {} }: Sabotage): RequestListener {
  return (request, response) => {
    for (const [name, value] of Object.entries({ ...HEADERS, ...headers })) {
      if (value !== undefined) response.setHeader(name, value);
    }
    if (secure?.(request, response)) return;
    if (request.url === '/robots.txt') {
      response.end('User-agent: *\nDisallow: /\n');
      return;
    }
    if (request.headers['x-api-key'] !== KEY) {
      const challenge = { 'WWW-Authenticate': 'Bearer realm="voicegate"' };
      json(response, 401, { error: 'Unauthorized', requestId: 'r1' }, challenge);
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'audio/wav',
      RateLimit: '"day-requests";r=9;t=60',
      'RateLimit-Policy': '"day-requests";q=10;w=86400',
    });
    response.end('RIFF');
  };
}

async function listen(server: Server, address = '127.0.0.1'): Promise<number> {
  servers.push(server);
  server.listen(0, address);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function diagnose(sabotage: Sabotage = {}) {
  const address = sabotage.address ?? '127.0.0.1';
  const https = await listen(
    createSecureServer(
      {
        key: identity.key,
        cert: identity.certificate,
        ...(sabotage.oldTls && { minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }),
      },
      service(sabotage),
    ),
    address,
  );
  const origin = `https://${address}:${https}`;
  const http = await listen(
    createServer(
      sabotage.plain ??
        ((request, response) =>
          request.method === 'GET'
            ? response.writeHead(301, { Location: origin + request.url }).end()
            : response.writeHead(403).end('use https')),
    ),
  );
  let out = '';
  let told = '';
  const code = await run(
    [
      ...['doctor', sabotage.url ?? origin, '--http', sabotage.http ?? `http://127.0.0.1:${http}`, '--json'],
      ...(sabotage.ca === false ? [] : ['--ca', caFile]),
    ],
    {
      out: (text) => {
        out += text;
      },
      stream: () => process.stdout,
      tell: (text) => {
        told += text;
      },
      interactive: false,
      ask: () => Promise.reject(new Error('nobody is there')),
      env: { VOICEGATE_KEY: sabotage.key ?? KEY },
      clock: () => Date.now() / 1000 + (sabotage.ahead ?? 0),
    },
  );
  const { checks, faults } = JSON.parse(out) as {
    readonly faults: number;
    readonly checks: readonly { name: string; state: string; detail: string; remedy?: string }[];
  };
  const failed = checks.filter(({ state }) => state === 'failed');
  expect(faults).toBe(failed.length);
  expect([code, told]).toEqual(
    faults === 0 ? [0, ''] : [1, `voicegate: ${faults} of ${checks.length} checks failed\n`],
  );
  for (const { remedy } of failed) expect(remedy).toMatch(/^\S.*\S$/);
  expect(out + told).not.toContain(KEY.slice(16));
  return { checks, failed: failed.map(({ name }) => name) };
}

/** Answers every speaking request so. */
const always = (status: number, headers: Readonly<Record<string, string>> = {}, body = '{}') => ({
  secure: (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/robots.txt') return false;
    response.writeHead(status, headers).end(body);
    return true;
  },
});
const withKey = (request: IncomingMessage) => request.headers['x-api-key'] === KEY;

const SABOTAGES: readonly (readonly [check: string, what: string, sabotage: Sabotage])[] = [
  ['DNS', 'the name does not resolve', { url: 'https://doctor.invalid' }],
  ['HTTPS port', 'nothing listens', { url: 'https://127.0.0.1:1' }],
  ['HTTP port', 'nothing listens there', { http: 'http://127.0.0.1:1' }],
  ['redirect to HTTPS', 'port 80 serves', { plain: (_, response) => response.end('hello') }],
  [
    'redirect to HTTPS',
    'path and query are lost',
    { plain: (_, response) => response.writeHead(301, { Location: 'https://127.0.0.1/' }).end() },
  ],
  [
    'POST without TLS',
    'POST is redirected',
    { plain: (request, response) => response.writeHead(301, { Location: `https://127.0.0.1${request.url}` }).end() },
  ],
  ['POST without TLS', 'POST is served', { plain: (_, response) => response.end('spoken') }],
  ['certificate chain', 'nobody trusts its authority', { ca: false }],
  ['certificate names', 'it names others', { address: '127.0.0.2' }],
  ['certificate days', 'it ends soon', { ahead: 80 * DAY }],
  ['certificate days', 'it has ended', { ahead: 100 * DAY }],
  ['TLS floor', 'TLS 1.1 is taken', { oldTls: true }],
  ['security headers', 'one is missing', { headers: { 'Strict-Transport-Security': undefined } }],
  ['security headers', 'the version is told', { headers: { Server: 'nginx/1.30.5' } }],
  [
    'robots',
    'crawlers may come',
    {
      secure: (request, response) => {
        if (request.url !== '/robots.txt') return false;
        response.end('User-agent: *\nDisallow:\n');
        return true;
      },
    },
  ],
  ['no key', 'everybody may speak', always(200, { 'Content-Type': 'audio/wav' }, 'RIFF')],
  ['no key', 'the refusal is a page', always(401, { 'WWW-Authenticate': 'Bearer' }, '<html>')],
  ['no key', 'the refusal asks for another scheme', always(401, { 'WWW-Authenticate': 'Basic' })],
  ['wrong key', 'any key will do', { secure: (request, response) => anyKey(request, response) }],
  ['wrong key', 'the authorizer fails', always(503)],
  ['identity spoof', 'headers are believed', { secure: (request, response) => believes(request, response) }],
  ['clock', 'it is an hour late', { ahead: 3600 }],
  ['spoken word', 'the app answers a page', { secure: (request, response) => withKey(request) && page(response) }],
  ['spoken word', 'the key is not known', { key: newKey() }],
  ['rate-limit fields', 'they are mangled', { secure: (request, response) => withKey(request) && mangled(response) }],
  [
    'rate-limit fields',
    '429 says not how long',
    { secure: (request, response) => withKey(request) && hasty(response) },
  ],
];

function anyKey(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.headers['x-api-key'] === undefined) return false;
  response.writeHead(200, { 'Content-Type': 'audio/wav' }).end('RIFF');
  return true;
}

function believes(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.headers['x-auth-principal'] === undefined) return false;
  response.writeHead(200, { 'Content-Type': 'audio/wav' }).end('RIFF');
  return true;
}

function page(response: ServerResponse): boolean {
  response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>');
  return true;
}

function mangled(response: ServerResponse): boolean {
  response.writeHead(200, { 'Content-Type': 'audio/wav', RateLimit: 'unlimited' }).end('RIFF');
  return true;
}

function hasty(response: ServerResponse): boolean {
  response.writeHead(429).end();
  return true;
}

describe('voicegate doctor', () => {
  it('finds nothing wrong with a service that is in order', async () => {
    const { checks, failed } = await diagnose();
    expect(failed).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual(SERVICE_CHECKS.map(({ name }) => name));
    // An address has nothing to resolve, which is said, and not praised.
    expect(checks.filter(({ state }) => state === 'unknown').map(({ name }) => name)).toEqual(['DNS']);
  });

  it.each(SABOTAGES)('finds by the check "%s" that %s', async (name, _, sabotage) => {
    expect((await diagnose(sabotage)).failed).toContain(name);
  });

  it('has each of its checks shown to fail', () => {
    expect(new Set(SABOTAGES.map(([name]) => name))).toEqual(new Set(SERVICE_CHECKS.map(({ name }) => name)));
  });

  it('says what it cannot see without a key', async () => {
    const { checks, failed } = await diagnose({ key: ' ' });
    expect(failed).toEqual([]);
    expect(checks.filter(({ state }) => state === 'unknown').map(({ name }) => name)).toEqual([
      'DNS',
      'spoken word',
      'rate-limit fields',
    ]);
  });
});
