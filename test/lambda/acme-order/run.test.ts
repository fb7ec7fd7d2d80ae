import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHALLENGE_ENV, CHALLENGE_PATH, ORDER_TAGS, type OrderSettings } from '../../../contract/acme';
import { handler as answerChallenge } from '../../../lambda/acme-challenge/index';
import { createHandler } from '../../../lambda/acme-order/handler';
import type { RunResult } from '../../../lambda/acme-order/run';
import { ensureAccountKey } from '../../../lambda/certificate/account-key';
import { createSelfSigned } from '../../../lambda/certificate/self-signed';
import { issueCertificate } from '../certificate/test-authority';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ARN = 'arn:aws:acm:eu-west-1:111122223333:certificate/one';
const [TTS, SPEECH] = ['tts.example.com', 'speech.example.com'] as const;
const BORN = Date.parse('2026-11-01T00:00:00Z');

/** An authority that tells when to renew, and refuses every order; and port 80 of the load balancer. */
let authority: Server;
let port80: Server;
let rootCertificate = '';
let asked: string[];
let renewalInfo: { status: number; start: number; end: number; retryAfter?: string };

let held: string;
let tags: Record<string, string>;
let addresses: Record<string, string[]>;
let now: number;

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const listen = (server: Server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

beforeAll(async () => {
  const own = await createSelfSigned(
    { commonName: 'authority', domainNames: ['127.0.0.1'], validityDays: '1' },
    Date.now(),
  );
  rootCertificate = own.certificate;
  authority = createServer({ cert: own.certificate, key: own.privateKey }, (request, response) => {
    const base = `https://127.0.0.1:${portOf(authority)}`;
    const path = request.url ?? '';
    asked.push(path.split('/')[1] ?? '');
    const answer = (status: number, body: object, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', 'replay-nonce': 'n', ...headers });
      response.end(JSON.stringify(body));
    };
    if (path === '/dir') {
      const [newNonce, newAccount, newOrder] = ['nonce', 'account', 'order'].map((name) => `${base}/${name}`);
      answer(200, { newNonce, newAccount, newOrder, renewalInfo: `${base}/renewal` });
    } else if (path === '/account') answer(201, { status: 'valid' }, { location: `${base}/account/1` });
    else if (path === '/order') answer(403, { type: 'urn:ietf:params:acme:error:caa', detail: 'not allowed' });
    else if (path.startsWith('/renewal/')) {
      const { status, start, end, retryAfter } = renewalInfo;
      const suggestedWindow = { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
      answer(status, { suggestedWindow }, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
    } else answer(200, {});
  });
  port80 = createHttpServer((request, response) => {
    const event = { httpMethod: request.method ?? '', path: request.url ?? '' };
    void answerChallenge(event).then(({ statusCode, body }) => response.writeHead(statusCode).end(body));
  });
  await Promise.all([listen(authority), listen(port80)]);
  process.env[CHALLENGE_ENV.thumbprint] = await ensureAccountKey('account', 'token', {
    secrets: { read: async () => secrets.get('account'), write: async (_, text) => void secrets.set('account', text) },
    clock: { now: () => 0, sleep: async () => {} },
  });
});

const secrets = new Map<string, string>();

afterAll(async () => {
  delete process.env[CHALLENGE_ENV.thumbprint];
  for (const server of [authority, port80]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

beforeEach(async () => {
  asked = [];
  tags = {};
  now = BORN + 10 * DAY;
  addresses = { [TTS]: ['127.0.0.1'], [SPEECH]: ['127.0.0.1'] };
  renewalInfo = { status: 200, start: BORN + 58 * DAY, end: BORN + 60 * DAY };
  held = await issued([TTS]);
});

async function issued(names: readonly string[]): Promise<string> {
  return (await issueCertificate({ names, from: BORN, to: BORN + 90 * DAY })).certificate;
}

interface Told {
  readonly domainNames?: readonly string[];
  readonly wantedSince?: number;
  readonly event?: object;
  /** Of the authority. */
  readonly host?: string;
  readonly root?: string | undefined;
}

function run(told: Told = {}): Promise<RunResult> {
  const { domainNames = [TTS], wantedSince = BORN, event = {}, host = '127.0.0.1' } = told;
  const settings: OrderSettings = {
    certificateArn: ARN,
    accountKeySecretArn: 'account',
    domainNames,
    loadBalancerDnsName: 'lb.example.com',
    directoryUrl: `https://${host}:${portOf(authority)}/dir`,
    rootCertificate: 'root' in told ? told.root : rootCertificate,
    wantedSince: String(wantedSince),
  };
  const missing = Object.assign(new Error('no record'), { code: 'ENOTFOUND' });
  return createHandler(settings, {
    store: {
      read: async () => held,
      replace: async () => true,
      readNotes: async () => tags,
      note: async (_, more) => {
        tags = { ...tags, ...more };
      },
    },
    secrets: { read: async (arn) => secrets.get(arn) },
    network: {
      resolver: {
        resolve4: async (name) => addresses[name] ?? Promise.reject(missing),
        resolve6: async () => Promise.reject(missing),
      },
      httpPort: portOf(port80),
    },
    clock: { now: () => now, sleep: async () => {} },
    log: () => {},
    count: () => {},
  })(event);
}

const count = (path: string) => asked.filter((one) => one === path).length;
const SCHEDULED = { 'detail-type': 'Scheduled Event' };

describe('the function that orders, run every hour', () => {
  it('looks each hour for two days while a name has no certificate, then at one hour of six', async () => {
    delete addresses[SPEECH];
    const began = BORN + 10 * DAY;
    const looksAt = async (hour: number) => {
      now = began + hour * HOUR;
      const told = { domainNames: [TTS, SPEECH], wantedSince: began, event: SCHEDULED };
      return (await run(told)).detail !== 'not at this hour';
    };
    const eager = [0, 1, 2, 3, 4, 5, 6, 23, 46, 47];
    for (const hour of eager) expect(await looksAt(hour)).toBe(true);
    const later: number[] = [];
    for (let hour = 48; hour < 72; hour += 1) if (await looksAt(hour)) later.push(hour);
    expect(later).toHaveLength(4);
    expect(new Set(later.map((hour) => hour % 6)).size).toBe(1);
  });

  it('looks at any hour for whoever invokes it by hand', async () => {
    for (let hour = 0; hour < 6; hour += 1) {
      now = BORN + 10 * DAY + hour * HOUR;
      expect((await run()).detail).toContain('not to be renewed before');
    }
  });

  it('asks about the renewal no oftener than the authority wants, and its last word holds so long', async () => {
    renewalInfo.retryAfter = '21600';
    expect((await run()).detail).toMatch(/^not to be renewed before 2026-12-/);
    expect(tags[ORDER_TAGS.renewalKnownUntil]).toBe('2026-11-11T06:00:00Z');
    renewalInfo = { status: 200, start: BORN, end: BORN + DAY };
    now += 5.9 * HOUR;
    expect((await run()).result).toBe('nothing to do');
    expect(count('renewal')).toBe(1);
    now += 0.2 * HOUR;
    expect(await run()).toEqual({ result: 'order failed', detail: 'caa: not allowed' });
    expect(count('renewal')).toBe(2);
  });

  it('obeys a Retry-After of days for one day, and of an answer that is an error too', async () => {
    renewalInfo = { ...renewalInfo, status: 503, retryAfter: '864000' };
    expect((await run()).result).toBe('nothing to do');
    expect(tags[ORDER_TAGS.renewalKnownUntil]).toBe('2026-11-12T00:00:00Z');
  });

  it('does not let a Retry-After put the renewal off', async () => {
    renewalInfo = { ...renewalInfo, retryAfter: '86400' };
    const { detail } = await run();
    const at = Date.parse(detail.split(' ').at(-1) ?? '');
    now = at - HOUR;
    tags = {};
    expect((await run()).result).toBe('nothing to do');
    expect(tags[ORDER_TAGS.renewalKnownUntil]).toBe(new Date(at).toISOString().replace('.000', ''));
    now = at + 1000;
    expect((await run()).result).toBe('order failed');
  });

  it('orders another name while the word about the renewal holds, and keeps those that it has', async () => {
    renewalInfo.retryAfter = '21600';
    await run();
    const more = { domainNames: [TTS, SPEECH] };
    expect((await run(more)).result).toBe('order failed');
    addresses[TTS] = [];
    expect(await run(more)).toMatchObject({ result: 'names elsewhere', detail: /as long as it would lose a name/ });
    expect([count('renewal'), count('order')]).toEqual([1, 1]);
  });

  it('renews by the lifetime where the authority gives no window', async () => {
    renewalInfo.status = 404;
    expect((await run()).detail).toBe('not to be renewed before 2026-12-31T00:00:00Z');
    now = BORN + 61 * DAY;
    expect((await run()).result).toBe('order failed');
  });

  it('says nothing to an authority whose certificate is of another root, or has another name', async () => {
    const of = { domainNames: [TTS, SPEECH] };
    const names = { commonName: 'authority', domainNames: ['127.0.0.1'], validityDays: '1' };
    const { certificate: root } = await createSelfSigned(names, Date.now());
    for (const wrong of [{ root }, { root: undefined }, { host: 'localhost' }]) {
      tags = {};
      expect(await run({ ...of, ...wrong })).toMatchObject({
        result: 'order failed',
        detail: expect.stringMatching(/^connection: /),
      });
    }
    expect(asked).toEqual([]);
  });

  it('calls nobody until a refusal’s Retry-After is over', async () => {
    tags = { [ORDER_TAGS.waitUntil]: new Date(now + HOUR).toISOString() };
    expect((await run()).result).toBe('waiting');
    expect(asked).toEqual([]);
  });
});

describe('the function that answers challenges', () => {
  const TOKEN = 'A'.repeat(43);

  it('answers a token with itself, a dot and the thumbprint of the account’s key', async () => {
    const { statusCode, body, headers } = await answerChallenge({ httpMethod: 'GET', path: CHALLENGE_PATH + TOKEN });
    expect([statusCode, body]).toEqual([200, `${TOKEN}.${process.env[CHALLENGE_ENV.thumbprint]}`]);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });

  it.each([
    ['GET', `${CHALLENGE_PATH}short`],
    ['GET', `${CHALLENGE_PATH}${'A'.repeat(257)}`],
    ['GET', `${CHALLENGE_PATH}${TOKEN}/more`],
    ['GET', `${CHALLENGE_PATH}<script>alert(1)</script>`],
    ['GET', `/other/${TOKEN}`],
    ['POST', CHALLENGE_PATH + TOKEN],
  ])('answers %s %s with 404, without an echo', async (httpMethod, path) => {
    const { statusCode, body } = await answerChallenge({ httpMethod, path });
    expect([statusCode, body]).toEqual([404, '{"error":"Not Found"}']);
  });
});
