/** An issuer's public keys: fetched when they are needed, kept for a while, with bounds on time, size and number. */

import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose';
import type { TokenIssuer } from '../../contract/token-issuer';
import type { Clock } from './clock';
import { KeyStoreError } from './key-store';

export type IssuerKeys = JWTVerifyGetKey;

/** Milliseconds for one of the two fetches; the gate waits a few seconds for both and the decision. */
const FETCH_TIMEOUT = 1500;
const MAX_BYTES = 256 * 1024;
/** Milliseconds after which keys are fetched anew: a key that the issuer withdrew is good no longer than this. */
const MAX_AGE = 600_000;
/** Milliseconds between two fetches because of an unknown key id: a flood of them costs one fetch. */
const COOLDOWN = 30_000;
/** Seconds for which nothing is fetched after a failure. */
const FAILURE_PAUSE = 5;

export function issuerKeys(issuer: TokenIssuer, clock: Clock): IssuerKeys {
  let keys: Promise<IssuerKeys> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;

  const fetchBounded = async (url: string, signal: AbortSignal, headers?: Headers): Promise<Response> => {
    if (clock() - failedAt < FAILURE_PAUSE) throw new Error('failed a moment ago');
    try {
      const response = await fetch(url, { redirect: 'manual', signal, ...(headers && { headers }) });
      if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
      return new Response(await readBounded(response), { status: 200 });
    } catch (error) {
      failedAt = clock();
      throw error;
    }
  };

  const open = async (): Promise<IssuerKeys> => {
    const uri = issuer.jwksUri ?? (await discover(issuer.issuer, fetchBounded));
    return createRemoteJWKSet(new URL(uri), {
      timeoutDuration: FETCH_TIMEOUT,
      cacheMaxAge: MAX_AGE,
      cooldownDuration: COOLDOWN,
      [customFetch]: (url, { signal, headers }) => fetchBounded(url, signal, headers),
    });
  };

  return async (header, token) => {
    try {
      keys ??= open();
      return await (await keys)(header, token);
    } catch (error) {
      // These two speak of the token; everything else of the issuer or of the way to it.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (error instanceof errors.JOSENotSupported) throw error;
      if (!(await isOpen(keys))) keys = undefined;
      throw new KeyStoreError(`the keys of token issuer ${issuer.issuer} cannot be had`);
    }
  };
}

async function isOpen(keys: Promise<IssuerKeys> | undefined): Promise<boolean> {
  return keys !== undefined && (await keys.then(() => true).catch(() => false));
}

/** OpenID Connect Discovery 1.0, section 4: the document must be about the very issuer that was asked. */
async function discover(
  issuer: string,
  fetchBounded: (url: string, signal: AbortSignal) => Promise<Response>,
): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetchBounded(url, AbortSignal.timeout(FETCH_TIMEOUT));
  const document: unknown = await response.json();
  if (typeof document !== 'object' || document === null) throw new Error('no discovery document');
  const { issuer: name, jwks_uri: uri } = document as { readonly issuer?: unknown; readonly jwks_uri?: unknown };
  if (name !== issuer || typeof uri !== 'string') throw new Error('a discovery document of another issuer');
  // An issuer on https must not send us to http.
  if (new URL(uri).protocol !== new URL(issuer).protocol) throw new Error('keys under another scheme');
  return uri;
}

async function readBounded(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    if (length > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}
