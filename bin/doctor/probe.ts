/** One request or handshake, as a stranger makes it: no connection is kept, no redirect followed. */

import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, isIP } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  type PeerCertificate,
  rootCertificates,
  type SecureContext,
  type SecureVersion,
} from 'node:tls';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** At most {@link LONGEST_BODY} bytes of it. */
  readonly body: Buffer;
  /** Milliseconds from the request until the first byte of the body, or the end of an answer without one. */
  readonly firstByte: number;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Handshake {
  readonly protocol: string;
  /** Why the chain is not trusted; empty where it is. */
  readonly distrust: string;
  readonly certificate: PeerCertificate;
}

const TIMEOUT = 10_000;
/** A task may be asleep, and a model slow. */
const ANSWER_TIMEOUT = 60_000;
const LONGEST_BODY = 64 * 1024;

export class Probe {
  private readonly trust: SecureContext;

  /** `ca`: PEM of what is trusted besides the well-known authorities. */
  constructor(ca?: string) {
    // Made once: reading all the well-known authorities takes longer than a handshake.
    this.trust = createSecureContext(ca === undefined ? {} : { ca: [...rootCertificates, ca] });
  }

  async addresses(host: string): Promise<readonly string[]> {
    if (isIP(bare(host)) !== 0) return [bare(host)];
    return (await lookup(host, { all: true })).map(({ address }) => address);
  }

  reach(url: URL): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connectTcp({ host: bare(url.hostname), port: portOf(url), timeout: TIMEOUT });
      socket.once('connect', () => {
        socket.destroy();
        resolve();
      });
      socket.once('timeout', () => socket.destroy(new Error(`no connection within ${TIMEOUT / 1000} s`)));
      socket.once('error', reject);
    });
  }

  /** Whatever the certificate: it has checks of its own. */
  ask(url: URL, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> {
    const options: RequestOptions = {
      host: bare(url.hostname),
      port: portOf(url),
      path: url.pathname + url.search,
      method,
      headers: { 'User-Agent': 'voicegate-doctor', Connection: 'close', Host: url.host, ...headers },
      agent: false,
    };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const started = performance.now();
      const request = send(
        { ...options, rejectUnauthorized: false, servername: serverName(url) } as RequestOptions,
        (response) => {
          const parts: Buffer[] = [];
          let firstByte = 0;
          let length = 0;
          response.on('data', (part: Buffer) => {
            firstByte ||= performance.now() - started;
            length += part.length;
            if (length <= LONGEST_BODY) parts.push(part);
          });
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts),
              firstByte: firstByte || performance.now() - started,
            }),
          );
        },
      );
      request.setTimeout(ANSWER_TIMEOUT, () =>
        request.destroy(new Error(`no answer within ${ANSWER_TIMEOUT / 1000} s`)),
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  /** `versions`: offers these alone, with ciphers of their time. */
  handshake(url: URL, versions?: { readonly min: SecureVersion; readonly max: SecureVersion }): Promise<Handshake> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({
        host: bare(url.hostname),
        port: portOf(url),
        servername: serverName(url),
        rejectUnauthorized: false,
        // Names are checked apart from the chain.
        checkServerIdentity: () => undefined,
        timeout: TIMEOUT,
        ...(versions
          ? { minVersion: versions.min, maxVersion: versions.max, ciphers: 'ALL:@SECLEVEL=0' }
          : { secureContext: this.trust }),
      });
      socket.once('secureConnect', () => {
        const { authorizationError } = socket;
        resolve({
          protocol: socket.getProtocol() ?? 'an unknown protocol',
          distrust: socket.authorized ? '' : String(authorizationError ?? 'not trusted'),
          certificate: socket.getPeerCertificate(),
        });
        socket.destroy();
      });
      socket.once('timeout', () => socket.destroy(new Error(`no handshake within ${TIMEOUT / 1000} s`)));
      socket.once('error', reject);
    });
  }
}

/** Without the brackets of an IPv6 address. */
export function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

/** Addresses have no server name. */
function serverName(url: URL): string {
  return isIP(bare(url.hostname)) === 0 ? url.hostname : '';
}
