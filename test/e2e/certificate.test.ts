import { X509Certificate } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { ACMClient, GetCertificateCommand } from '@aws-sdk/client-acm';
import {
  type FunctionConfiguration,
  InvokeCommand,
  LambdaClient,
  paginateListFunctions,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import * as acme from 'acme-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ORDER_TAGS, type OrderSettings } from '../../contract/acme';
import { createHandler } from '../../lambda/acme-order/handler';
import { suggestedRenewal } from '../../lambda/acme-order/renewal';
import type { RunResult } from '../../lambda/acme-order/run';
import { SecretsManagerStore } from '../../lambda/certificate/account-key';
import { certificateFacts } from '../../lambda/certificate/certificate-facts';
import { AcmCertificateStore } from '../../lambda/certificate/certificate-store';
import type { KeyAndCertificate } from '../../lambda/certificate/self-signed';
import { awsClients } from '../../local/aws-clients.js';
import type { Edge } from '../../local/contracts';
import { deploy } from '../../local/deploy/index.js';
import { startEdge } from '../../local/edge/index.js';
import { type Emulator, startEmulator } from '../../local/emulator/index.js';
import { root } from '../../local/launch/prepare.mjs';
import { ensureTools } from '../../local/toolchain/index.mjs';
import { ensurePebble, type Pebble } from '../../local/toolchain/pebble.mjs';
import { FLAGS } from '../lib/support/default-app';
import { until } from '../local/edge/support.js';
import { copyOf, runApp } from '../support/assembly';
import { type PebbleServer, PebbleWorld } from './certificate/pebble';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const [TTS, SPEECH] = ['tts.example.com', 'speech.example.com'] as const;

const tools = await pebbleTools();

/** Undefined where Pebble cannot be had; with CI=true that is an error. */
async function pebbleTools(): Promise<Pebble | undefined> {
  try {
    return await ensurePebble({ directory: join(root, '.voicegate') });
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    console.warn(`certificates by ACME are not tested, Pebble is missing: ${(error as Error).message}`);
    return undefined;
  }
}

describe.skipIf(tools === undefined)('a certificate by ACME', () => {
  let directory = '';
  let emulator: Emulator;
  let edge: Edge;
  let world: PebbleWorld;
  let pebble: PebbleServer;
  /** The function that orders. */
  let orders: FunctionConfiguration;
  /** What it is told. */
  let deployed: OrderSettings;
  let clients: ReturnType<typeof clientsOf>;
  let lines: string[];
  let counted: Record<string, number>;
  /** What was asked of newOrder. */
  const ordered: unknown[] = [];
  let recording = 0;
  /** How far the clock of a run is moved. */
  let ahead = 0;

  const clientsOf = (aws: Emulator['aws']) =>
    awsClients(aws, { acm: ACMClient, lambda: LambdaClient, secrets: SecretsManager });

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'voicegate-acme-'));
    const { python } = await ensureTools();
    emulator = await startEmulator({ python, directory: join(directory, 'emulator') });
    const { aws } = emulator;
    const made = join(directory, 'made');
    const env = { account: aws.accountId, region: aws.region };
    await runApp(join(import.meta.dirname, 'certificate/app.ts'), { outdir: made, env, context: FLAGS });
    const [, started] = await Promise.all([
      deploy({ aws, app: copyOf(made), assemblyDirectory: join(directory, 'cdk.out') }),
      PebbleWorld.start(tools as Pebble, directory),
    ]);
    world = started;
    edge = await startEdge({
      aws,
      stackNames: ['Certificate'],
      httpPort: 0,
      httpsPort: 0,
      caDirectory: join(directory, 'ca'),
      certificateKeys: emulator.certificateKeys,
      wafDelay: 0,
      onRequest: () => {},
    });
    pebble = await world.pebble(
      httpPort(),
      {
        domainBlocklist: ['blocked.example.com'],
        profiles: { default: { description: '90 days', validityPeriod: 90 * 86_400 } },
      },
      { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', PEBBLE_AUTHZREUSE: '0' },
    );
    clients = clientsOf(aws);
    orders = await deployedFunction();
    deployed = JSON.parse(orders.Environment?.Variables?.ORDER_SETTINGS ?? '') as OrderSettings;
    recording = acme.axios.interceptors.request.use((config) => {
      const { payload = '' } = (config.data ?? {}) as { readonly payload?: string };
      const text = Buffer.from(payload, 'base64url').toString();
      if (text.includes('"identifiers"')) ordered.push(JSON.parse(text));
      return config;
    });
  }, 180_000);

  afterAll(async () => {
    acme.axios.interceptors.request.eject(recording);
    clients?.destroy();
    await edge?.stop();
    await world?.stop();
    await emulator?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Each test begins with the self-signed certificate that was deployed, and no memory of orders. */
  beforeEach(async () => {
    lines = [];
    counted = {};
    ahead = 0;
    const { orderedAt, waitUntil, renewalKnownUntil } = ORDER_TAGS;
    await store().note(deployed.certificateArn, { [orderedAt]: '-', [waitUntil]: '-', [renewalKnownUntil]: '-' });
    for (const name of [TTS, SPEECH]) await world.names.set(name, { a: ['127.0.0.1'] });
  });

  const store = () => new AcmCertificateStore(clients.acm);
  const httpPort = () => Number(new URL(edge.http).port);

  async function deployedFunction(): Promise<FunctionConfiguration> {
    for await (const { Functions = [] } of paginateListFunctions({ client: clients.lambda }, {})) {
      const found = Functions.find(({ Environment }) => Environment?.Variables?.ORDER_SETTINGS);
      if (found) return found;
    }
    throw new Error('no function that orders is deployed');
  }

  const settingsOf = (changes: Partial<OrderSettings>): OrderSettings => ({
    ...deployed,
    directoryUrl: pebble.directoryUrl,
    rootCertificate: world.certificate,
    domainNames: [TTS],
    ...changes,
  });

  /** One run of the function as it is deployed: its bundle, in its runtime, with its own clients of AWS. */
  async function invoke(changes: Partial<OrderSettings> = {}): Promise<{ run: RunResult; log: string }> {
    const surroundings = join(directory, 'surroundings.json');
    writeFileSync(
      surroundings,
      JSON.stringify({ nameServer: world.names.server, httpPort: Number(httpPort()), ahead }),
    );
    const Variables = {
      ORDER_SETTINGS: JSON.stringify(settingsOf(changes)),
      NODE_OPTIONS: `--import=${join(root, 'test/e2e/certificate/surroundings.mjs')}`,
      SURROUNDINGS: surroundings,
    };
    const { FunctionName } = orders;
    await clients.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
    const {
      Payload,
      FunctionError,
      LogResult = '',
    } = await clients.lambda.send(new InvokeCommand({ FunctionName, LogType: 'Tail', Payload: '{}' }));
    const text = Buffer.from(Payload ?? []).toString();
    if (FunctionError) throw new Error(text);
    return { run: JSON.parse(text) as RunResult, log: Buffer.from(LogResult, 'base64').toString() };
  }

  interface World {
    readonly certificates?: Pick<AcmCertificateStore, 'replace'>;
    readonly event?: object;
  }

  /** One run of the function's program in this process, where ACM can be broken and its requests be seen. */
  function run(changes: Partial<OrderSettings> = {}, { certificates, event = {} }: World = {}): Promise<RunResult> {
    const resolver = new Resolver({ timeout: 2000, tries: 1 });
    resolver.setServers([world.names.server]);
    const real = store();
    return createHandler(settingsOf(changes), {
      store: {
        read: (arn) => real.read(arn),
        replace: (arn, one) => (certificates ?? real).replace(arn, one),
        readNotes: (arn) => real.readNotes(arn),
        note: (arn, tags) => real.note(arn, tags),
      },
      secrets: new SecretsManagerStore(clients.secrets),
      network: { resolver, httpPort: httpPort() },
      clock: { now: () => Date.now() + ahead, sleep: (milliseconds) => sleep(Math.min(milliseconds, 100)) },
      log: (message, fields) => lines.push(JSON.stringify({ message, ...fields })),
      count: (_, metric, value) => {
        counted[metric] = (counted[metric] ?? 0) + value;
      },
    })(event);
  }

  async function held(): Promise<{ readonly pem: string; readonly certificate: X509Certificate }> {
    const { Certificate = '' } = await clients.acm.send(
      new GetCertificateCommand({ CertificateArn: deployed.certificateArn }),
    );
    return { pem: Certificate, certificate: new X509Certificate(Certificate) };
  }

  /** The certificate that a client sees who trusts Pebble's root and nothing else. */
  async function seen(servername: string): Promise<X509Certificate> {
    const ca = await pebble.root();
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(edge.https).port), servername, ca }, () => {
        const certificate = socket.getPeerX509Certificate();
        socket.destroy();
        if (certificate) resolve(certificate);
        else reject(new Error('no certificate'));
      });
      socket.on('error', reject);
    });
  }

  it('is ordered through port 80, imported under the same ARN, and seen on port 443 by who trusts the root', async () => {
    const before = await held();
    expect(before.certificate.issuer).toBe('CN=voicegate');
    const { run: told, log } = await invoke({ domainNames: [TTS, SPEECH] });
    expect(told).toEqual({
      result: 'issued',
      detail: expect.stringMatching(/^for tts\.example\.com speech\.example\.com until /),
    });
    const { certificate } = await held();
    expect(certificate.subjectAltName).toMatch(/DNS:speech\.example\.com/);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    await until(async () => {
      const shown = await seen(TTS).catch(() => undefined);
      return shown?.fingerprint256 === certificate.fingerprint256 ? true : undefined;
    });
    const notes = await store().readNotes(deployed.certificateArn);
    expect(notes[ORDER_TAGS.result]).toMatch(/Z issued: for tts\.example\.com/);
    expect(log).toContain('"message":"issued"');
    expect(log).not.toMatch(/PRIVATE KEY|BEGIN|_aws/);
  });

  it('is left alone as long as nothing is to do, and renewed when its time has come: a third of the lifetime before', async () => {
    const before = await held();
    expect((await run()).result).toBe('nothing to do');
    ahead = 55 * DAY;
    expect((await run()).result).toBe('nothing to do');
    // Pebble suggests a window that ends a third of the lifetime before the end.
    ahead = 62 * DAY;
    expect((await invoke()).run.result).toBe('issued');
    expect((await held()).certificate.serialNumber).not.toBe(before.certificate.serialNumber);
  });

  it('is renewed early where the authority suggests it, and is told which one it follows', async () => {
    const before = await held();
    await pebble.suggest(before.pem, { start: new Date(Date.now() - 2 * HOUR), end: new Date(Date.now() - HOUR) });
    expect((await run()).result).toBe('issued');
    expect((await held()).certificate.serialNumber).not.toBe(before.certificate.serialNumber);
    const { renewalId } = certificateFacts(before.pem);
    expect(ordered.at(-1)).toMatchObject({ identifiers: [{ type: 'dns', value: TTS }], replaces: renewalId });
  });

  it('is not ordered twice within 34 hours, though ACM did not take it', async () => {
    const broken = {
      replace: async (_: string, __: KeyAndCertificate): Promise<boolean> => {
        throw new Error('LimitExceeded');
      },
    };
    const { pem } = await held();
    await pebble.suggest(pem, { start: new Date(Date.now() - 2 * HOUR), end: new Date(Date.now() - HOUR) });
    expect((await run({}, { certificates: broken })).result).toBe('import failed');
    expect(counted).toMatchObject({ CertificateImportFailed: 1 });
    ahead = 33 * HOUR;
    expect(await run({}, { certificates: broken })).toMatchObject({
      result: 'waiting',
      detail: expect.stringContaining('the last order was finalized at'),
    });
    ahead = 35 * HOUR;
    expect((await run()).result).toBe('issued');
  });

  it('gets another name at once when that one leads to the load balancer', async () => {
    expect((await run({ domainNames: [TTS, SPEECH] })).result).toBe('issued');
    await world.names.set('third.example.com', { a: ['127.0.0.1'] });
    expect((await run({ domainNames: [TTS, SPEECH, 'third.example.com'] })).result).toBe('issued');
    expect((await held()).certificate.subjectAltName).toMatch(/third/);
  });

  it('leaves out names that lead elsewhere, and says of each which record must point where', async () => {
    const elsewhere: Readonly<Record<string, Parameters<PebbleWorld['names']['set']>[1]>> = {
      'none.example.com': {},
      'other.example.com': { a: ['127.0.0.9'] },
      'half.example.com': { a: ['127.0.0.1', '127.0.0.9'] },
      // A multicast address: to others it would be tried for seconds.
      'six.example.com': { a: ['127.0.0.1'], aaaa: ['ff02::1'] },
    };
    for (const [name, addresses] of Object.entries(elsewhere)) await world.names.set(name, addresses);
    const names = Object.keys(elsewhere);
    const goal = deployed.loadBalancerDnsName;
    const { result } = await run({ domainNames: [TTS, SPEECH, 'fourth.example.com', ...names] });
    expect(result).toBe('names elsewhere');
    await world.names.set('fourth.example.com', { a: ['127.0.0.1'] });
    expect((await run({ domainNames: [TTS, SPEECH, 'fourth.example.com', ...names] })).result).toBe('issued');
    expect((await held()).certificate.subjectAltName).not.toMatch(/none|other|half|six/);
    expect(counted).toMatchObject({ CertificateNamesElsewhere: 9 });
    const said = lines.join('\n');
    expect(said).toContain(`none.example.com has no address: give it a CNAME record`);
    expect(said).toContain(`points to ${goal}`);
    expect(said).toMatch(
      /other\.example\.com leads elsewhere: its A record 127\.0\.0\.9 does not answer \(ECONNREFUSED\)/,
    );
    expect(said).toMatch(/half\.example\.com leads elsewhere: its A record 127\.0\.0\.9/);
    expect(said).toMatch(/six\.example\.com leads elsewhere over IPv6: its AAAA record ff02::1 .* remove that record/);
  });

  it('does not lose a name that leads elsewhere for a while', async () => {
    expect((await run({ domainNames: [TTS, SPEECH] })).result).not.toBe('order failed');
    const { pem } = await held();
    const window = { start: new Date(Date.now() + DAY), end: new Date(Date.now() + 11 * DAY) };
    await pebble.suggest(pem, window);
    const suggested = suggestedRenewal(certificateFacts(pem), {
      start: window.start.toISOString(),
      end: window.end.toISOString(),
    });
    // Within the window, after the moment of it that is this certificate's.
    ahead = Number(suggested?.at) - Date.now() + 60_000;
    await world.names.set(SPEECH, { a: ['127.0.0.9'] });
    expect(await run({ domainNames: [TTS, SPEECH] })).toMatchObject({
      result: 'names elsewhere',
      detail: expect.stringContaining('as long as it would lose a name'),
    });
    ahead = 12 * DAY;
    expect((await run({ domainNames: [TTS, SPEECH] })).result).toBe('issued');
    expect((await held()).certificate.subjectAltName).toBe(`DNS:${TTS}`);
  });

  it('is refused with the authority’s reason, and nothing is tried again in that run', async () => {
    await world.names.set('blocked.example.com', { a: ['127.0.0.1'] });
    const { run: told, log } = await invoke({ domainNames: ['blocked.example.com'] });
    expect(told.result).toBe('order failed');
    expect(told.detail).toMatch(/^rejectedIdentifier: .*blocked\.example\.com/);
    const metric = log.split('\n').find((line) => line.includes('_aws')) ?? '';
    expect(JSON.parse(metric.slice(metric.indexOf('{')))).toMatchObject({
      Certificate: deployed.certificateArn,
      CertificateOrderFailed: 1,
    });
    const { result: again } = await run({ domainNames: ['blocked.example.com'], profile: 'nobody’s' });
    expect(again).toBe('order failed');
  });

  it('of a profile that is not offered is not ordered, and the offered ones are told', async () => {
    await world.names.set('fifth.example.com', { a: ['127.0.0.1'] });
    const { detail } = await run({ domainNames: ['fifth.example.com'], profile: 'shortlived' });
    expect(detail).toContain('does not offer the profile "shortlived"; it offers default');
  });

  it('comes from an authority that knows the account, refuses half of the nonces, and takes its time', async () => {
    const hmacKey = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
    const slow = await world.pebble(
      httpPort(),
      { externalAccountBindingRequired: true, externalAccountMACKeys: { 'kid-1': hmacKey } },
      { PEBBLE_VA_SLEEPTIME: '3', PEBBLE_WFE_NONCEREJECT: '50', PEBBLE_AUTHZREUSE: '0' },
    );
    const { ARN = '' } = await clients.secrets.createSecret({ Name: 'hmac', SecretString: `${hmacKey}\n` });
    await world.names.set('sixth.example.com', { a: ['127.0.0.1'] });
    const own = { directoryUrl: slow.directoryUrl, domainNames: ['sixth.example.com'] };
    expect(await run(own)).toMatchObject({
      result: 'order failed',
      detail: expect.stringContaining('externalAccountRequired'),
    });
    const externalAccount = { keyId: 'kid-1', hmacKeySecretArn: ARN };
    expect((await run({ ...own, externalAccount })).result).toBe('issued');
  });

  describe('and an authority that has enough', () => {
    let server: Server;
    let posts: string[];
    let base = '';

    beforeAll(async () => {
      server = createServer({ cert: world.certificate, key: world.privateKey }, (request, response) => {
        const path = request.url ?? '';
        const json = (status: number, body: object, headers: Record<string, string> = {}) => {
          response.writeHead(status, { 'content-type': 'application/json', 'replay-nonce': 'n', ...headers });
          response.end(JSON.stringify(body));
        };
        if (request.method === 'POST') posts.push(path);
        if (path === '/dir') {
          json(200, { newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order` });
        } else if (path === '/account') {
          json(201, { status: 'valid' }, { location: `${base}/account/1` });
        } else if (path === '/order') {
          const type = 'urn:ietf:params:acme:error:rateLimited';
          json(429, { type, detail: 'too many new orders' }, { 'retry-after': '7200' });
        } else json(200, {});
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      base = `https://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`;
    });
    afterAll(() => {
      server.closeAllConnections();
      server.close();
    });

    it('is asked once, and not again until its Retry-After is over', async () => {
      posts = [];
      await world.names.set('seventh.example.com', { a: ['127.0.0.1'] });
      const enough = { directoryUrl: `${base}/dir`, domainNames: ['seventh.example.com'] };
      const began = Date.now();
      expect(await run(enough)).toMatchObject({ result: 'order failed', detail: 'rateLimited: too many new orders' });
      expect(Date.now() - began).toBeLessThan(20_000);
      expect(posts).toEqual(['/account', '/order']);
      ahead = HOUR;
      expect((await run(enough)).result).toBe('waiting');
      expect(posts).toHaveLength(2);
      ahead = 2.1 * HOUR;
      expect((await run(enough)).result).toBe('order failed');
      expect(posts).toHaveLength(4);
    });
  });
});
