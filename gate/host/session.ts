/** njs's side of sessions: Web Crypto, and the location of the sign-in page. */

// biome-ignore lint/style/useNodejsImportProtocol: njs's own module, which only looks like Node's
import crypto from 'crypto';
import { GATE_ENV } from '../../contract/names';
import type { SessionPorts } from '../core/browser/browser';
import { readSessionSecrets, type Sealing } from '../core/browser/session-cookie';
import type { SessionAnswer } from '../core/browser/sign-in';

/** What of Web Crypto is used. njs has it as a global beside the module of that name. */
interface WebCrypto {
  getRandomValues(to: Uint8Array): Uint8Array;
  readonly subtle: {
    importKey(format: 'raw', key: Uint8Array, algorithm: object, extractable: boolean, uses: string[]): Promise<object>;
    encrypt(algorithm: object, key: object, data: Uint8Array): Promise<ArrayBuffer>;
    decrypt(algorithm: object, key: object, data: Uint8Array): Promise<ArrayBuffer>;
  };
}

function webCrypto(): WebCrypto {
  return (globalThis as unknown as { readonly crypto: WebCrypto }).crypto;
}

const sealing: Sealing = {
  nonce: () => webCrypto().getRandomValues(new Uint8Array(12)),
  encrypt: async (key, nonce, text, authenticated) => {
    const { subtle } = webCrypto();
    const imported = await subtle.importKey('raw', key, { name: 'AES-GCM' }, false, ['encrypt']);
    return new Uint8Array(await subtle.encrypt(parameters(nonce, authenticated), imported, Buffer.from(text)));
  },
  decrypt: async (key, nonce, sealed, authenticated) => {
    const { subtle } = webCrypto();
    const imported = await subtle.importKey('raw', key, { name: 'AES-GCM' }, false, ['decrypt']);
    return Buffer.from(await subtle.decrypt(parameters(nonce, authenticated), imported, sealed)).toString();
  },
  sha256: (text) => crypto.createHash('sha256').update(text).digest(),
};

function parameters(nonce: Uint8Array, authenticated: string): object {
  return { name: 'AES-GCM', iv: nonce, additionalData: Buffer.from(authenticated), tagLength: 128 };
}

export function sessionPorts(r: NginxHTTPRequest): SessionPorts {
  return {
    get host() {
      return r.variables.gate_host ?? '';
    },
    sealing,
    secrets: () => {
      const { env } = process as unknown as { readonly env: Readonly<Record<string, string | undefined>> };
      return readSessionSecrets(env[GATE_ENV.sessionSecret]);
    },
  };
}

/** Only where no load balancer sets its own. */
const POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export function answerPage(r: NginxHTTPRequest, answer: SessionAnswer): void {
  r.headersOut['Cache-Control'] = 'no-store';
  if (answer.cookie !== undefined) r.headersOut['Set-Cookie'] = [answer.cookie];
  if (answer.location !== undefined) {
    r.return(answer.status, answer.location);
    return;
  }
  if (answer.page === undefined) {
    r.return(answer.status);
    return;
  }
  if (answer.retryAfter !== undefined) r.headersOut['Retry-After'] = String(answer.retryAfter);
  if (answer.status === 401) r.headersOut['WWW-Authenticate'] = 'Bearer realm="voicegate"';
  r.headersOut['Content-Type'] = 'text/html; charset=utf-8';
  r.headersOut['Content-Security-Policy'] = POLICY;
  r.headersOut['X-Content-Type-Options'] = 'nosniff';
  // The form must tell where it comes from, and no other site where its user was.
  r.headersOut['Referrer-Policy'] = 'same-origin';
  r.return(answer.status, answer.page);
}
