import 'reflect-metadata';
import { type ChildProcess, spawn } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { Pebble } from '../../../local/toolchain/pebble.mjs';
import { until } from '../../local/edge/support.js';
import { freePort } from '../../support/free-port.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOST = '127.0.0.1';
/** Of the authority: to 127.0.0.1 the emulator's runtime of functions speaks plain HTTP instead of HTTPS. */
const AUTHORITY = '127.0.0.2';

export interface PebbleServer {
  readonly directoryUrl: string;
  /** The root of the certificates that it issues, PEM. */
  root(): Promise<string>;
  /** Suggests a window for the renewal of a certificate (PEM). */
  suggest(certificate: string, window: { readonly start: Date; readonly end: Date }): Promise<void>;
}

export interface Names {
  /** Address of a DNS server. */
  readonly server: string;
  /** Gives a name these addresses; without any it has none. */
  set(name: string, addresses: { readonly a?: readonly string[]; readonly aaaa?: readonly string[] }): Promise<void>;
}

/** The servers of one test: Pebbles, the DNS server that they ask, and a certificate that all of them show. */
export class PebbleWorld {
  private readonly children: ChildProcess[] = [];
  private count = 0;

  private constructor(
    private readonly tools: Pebble,
    private readonly directory: string,
    /** The certificate that the servers show; it stands for itself. PEM. */
    readonly certificate: string,
    readonly privateKey: string,
    readonly names: Names,
  ) {}

  static async start(tools: Pebble, directory: string): Promise<PebbleWorld> {
    const { certificate, privateKey } = await serverCertificate();
    const [dns, management] = await Promise.all([freePort(), freePort()]);
    const names: Names = {
      server: `${HOST}:${dns}`,
      set: async (host, { a = [], aaaa = [] }) => {
        const post = (path: string, body: object) =>
          fetch(`http://${HOST}:${management}/${path}`, { method: 'POST', body: JSON.stringify(body) });
        await post('clear-a', { host });
        await post('clear-aaaa', { host });
        if (a.length > 0) await post('add-a', { host, addresses: a });
        if (aaaa.length > 0) await post('add-aaaa', { host, addresses: aaaa });
      },
    };
    const world = new PebbleWorld(tools, directory, certificate, privateKey, names);
    world.run(tools.challengeTestServer, [
      ...['-dnsserver', names.server, '-management', `${HOST}:${management}`, '-defaultIPv4', '', '-defaultIPv6', ''],
      ...['-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', ''],
    ]);
    await until(() =>
      fetch(`http://${HOST}:${management}/`).then(
        () => true,
        () => undefined,
      ),
    );
    return world;
  }

  /** @param httpPort where challenges are asked, in place of port 80 */
  async pebble(httpPort: number, settings: object = {}, env: NodeJS.ProcessEnv = {}): Promise<PebbleServer> {
    const [listen, management] = await Promise.all([freePort(), freePort()]);
    const name = (this.count++).toString();
    const file = (suffix: string, text: string) => {
      const path = join(this.directory, `pebble-${name}.${suffix}`);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const config = {
      pebble: {
        listenAddress: `${AUTHORITY}:${listen}`,
        managementListenAddress: `${AUTHORITY}:${management}`,
        certificate: file('pem', this.certificate),
        privateKey: file('key', this.privateKey),
        httpPort,
        tlsPort: 1,
        retryAfter: { authz: 1, order: 1 },
        ...settings,
      },
    };
    this.run(
      this.tools.pebble,
      ['-config', file('json', JSON.stringify(config)), '-dnsserver', this.names.server],
      env,
    );
    const directoryUrl = `https://${AUTHORITY}:${listen}/dir`;
    await until(() => this.call(directoryUrl).catch(() => undefined));
    return {
      directoryUrl,
      root: () => this.call(`https://${AUTHORITY}:${management}/roots/0`),
      suggest: async (certificate, { start, end }) => {
        const ariResponse = JSON.stringify({ suggestedWindow: { start, end } });
        const body = JSON.stringify({ certificate, ariResponse });
        await this.call(`https://${AUTHORITY}:${management}/set-renewal-info/`, body);
      },
    };
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }),
    );
  }

  private run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
    this.children.push(spawn(program, args, { stdio: 'ignore', env: { PATH: process.env.PATH, ...env } }));
  }

  private call(url: string, body?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST';
      // Pebble refuses who does not say a name.
      const headers = { 'user-agent': 'test' };
      const call = request(url, { method, headers, ca: this.certificate, agent: false });
      call.on('error', reject);
      call.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`${url}: ${response.statusCode} ${text}`));
        });
      });
      call.end(body);
    });
  }
}

async function serverCertificate(): Promise<{ readonly certificate: string; readonly privateKey: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: 'CN=Directory',
      notBefore: new Date(Date.now() - 3_600_000),
      notAfter: new Date(Date.now() + 86_400_000),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [new x509.SubjectAlternativeNameExtension([HOST, AUTHORITY].map((value) => ({ type: 'ip', value })))],
    },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: certificate.toString('pem'), privateKey: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}
