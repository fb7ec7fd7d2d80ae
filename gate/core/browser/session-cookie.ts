/**
 * The session cookie: a key, encrypted, so that a browser can hold it without anybody reading or changing it. It is no
 * decision: whatever key it holds is decided about on every request as if it had come in a header.
 *
 * Value: base64url of one byte of version, 12 bytes of nonce, and the AES-256-GCM ciphertext with its tag. Version and
 * host are authenticated with it, so a cookie of another host does not open.
 */

import type { Headers } from '../request/request-headers';

export const SESSION_COOKIE = '__Host-voicegate';

/** Encrypts and decrypts; each key is 32 bytes. */
export interface Sealing {
  /** 12 random bytes. */
  nonce(): Uint8Array;
  encrypt(key: Uint8Array, nonce: Uint8Array, text: string, authenticated: string): Promise<Uint8Array>;
  /** @throws when the text was made with another key or was altered. */
  decrypt(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, authenticated: string): Promise<string>;
  sha256(text: string): Uint8Array;
}

export interface Session {
  readonly key: string;
  /** Seconds since the epoch. */
  readonly issued: number;
  /** Seconds since the epoch from which the cookie is refused. */
  readonly expires: number;
}

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Characters of a value that is worth decrypting. */
const LONGEST = 1200;
const SECRET = /^[\x21-\x7e]{32,512}$/;

/** Texts of which the encryption keys are made: the first encrypts, all decrypt. */
export type SessionSecrets = readonly [string, ...string[]];

/**
 * The secrets as the environment holds them: one text, or a JSON object with `current` and, while keys are being
 * rotated, `previous`.
 * @throws Error that quotes nothing of them.
 */
export function readSessionSecrets(given: string | undefined): SessionSecrets {
  const text = (given ?? '').trim();
  if (!text.startsWith('{')) return [checked(text)];
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    throw new Error('the secret of sessions begins like JSON and is none');
  }
  const { current, previous } = fields;
  return previous === undefined || previous === '' ? [checked(current)] : [checked(current), checked(previous)];
}

function checked(secret: unknown): string {
  if (typeof secret === 'string' && SECRET.test(secret)) return secret;
  throw new Error('the secret of sessions must be 32 to 512 printable ASCII characters without spaces');
}

export async function sealSession(
  session: Session,
  host: string,
  [current]: SessionSecrets,
  sealing: Sealing,
): Promise<string> {
  const nonce = sealing.nonce();
  const text = JSON.stringify({ k: session.key, i: session.issued, e: session.expires });
  const sealed = await sealing.encrypt(keyOf(current, sealing), nonce, text, bound(host));
  return toBase64Url(Uint8Array.from([VERSION, ...nonce, ...sealed]));
}

/** The session, or undefined when the cookie is not one that this service made for this host, or has ended. */
export async function openSession(
  value: string,
  host: string,
  secrets: SessionSecrets,
  sealing: Sealing,
  /** Milliseconds since the epoch. */
  now: number,
): Promise<Session | undefined> {
  if (value.length > LONGEST) return undefined;
  const bytes = fromBase64Url(value);
  if (bytes === undefined || bytes[0] !== VERSION || bytes.length <= 1 + NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = bytes.slice(1, 1 + NONCE_BYTES);
  const sealed = bytes.slice(1 + NONCE_BYTES);
  for (const secret of secrets) {
    let text: string;
    try {
      text = await sealing.decrypt(keyOf(secret, sealing), nonce, sealed, bound(host));
    } catch {
      continue;
    }
    const { k, i, e } = JSON.parse(text) as { readonly k: string; readonly i: number; readonly e: number };
    // A clock that was set back must not make a session live longer than it was meant to.
    return now / 1000 < e && now / 1000 >= i - MAX_SKEW ? { key: k, issued: i, expires: e } : undefined;
  }
  return undefined;
}

/** Seconds by which the clocks of two gates may differ. */
const MAX_SKEW = 60;

/** A purpose of its own, so that no other use of the same secret yields the same key. */
function keyOf(secret: string, sealing: Sealing): Uint8Array {
  return sealing.sha256(`voicegate session ${secret}`);
}

function bound(host: string): string {
  return `${VERSION} ${host.toLowerCase()}`;
}

/** The `Set-Cookie` that stores the cookie, or without a value removes it. */
export function setCookie(value = '', maxAge = 0): string {
  return `${SESSION_COOKIE}=${value}; Path=/; Max-Age=${maxAge}; Secure; HttpOnly; SameSite=Strict`;
}

/** Two different ones already are a conflict; what further ones hold changes nothing. */
const MOST_VALUES = 2;
/** Of cookies in a header that are taken apart. Browsers keep some 180 for a site. */
const MOST_PAIRS = 1000;

export interface CookieHeaders {
  /** Different values of session cookies, a few at most: opening one costs far more than sending it. */
  readonly values: readonly string[];
  /** The headers without them. */
  readonly headers: Headers;
}

/** Takes the session cookie out of the request's headers; other cookies stay as they are. */
export function takeSessionCookies(headers: Headers): CookieHeaders {
  if (!mayHoldSession(headers)) return { values: [], headers };
  const values = new Set<string>();
  const kept: (readonly [string, string])[] = [];
  for (const header of headers) {
    const [name, value] = header;
    if (!isCookie(name) || !value.includes(SESSION_COOKIE)) {
      kept.push(header);
      continue;
    }
    const pairs = value.split(';', MOST_PAIRS + 1);
    // No browser sends so many: none of them is passed on, and the session is none.
    if (pairs.length > MOST_PAIRS) {
      values.add('');
      continue;
    }
    const others = pairs.filter((pair) => {
      const equals = pair.indexOf('=');
      if ((equals < 0 ? pair : pair.slice(0, equals)).trim() !== SESSION_COOKIE) return true;
      if (values.size < MOST_VALUES) values.add(equals < 0 ? '' : pair.slice(equals + 1).trim());
      return false;
    });
    const rest = others.join(';').trim();
    if (rest !== '') kept.push([name, rest]);
  }
  return { values: [...values], headers: kept };
}

/** The header lines for the app without it. */
export function withoutSession(lines: string): string {
  return lines
    .split('\r\n')
    .flatMap((line) => {
      const colon = line.indexOf(':');
      if (colon < 0) return [line];
      const [kept] = takeSessionCookies([[line.slice(0, colon), line.slice(colon + 2)]]).headers;
      return kept === undefined ? [] : [`${kept[0]}: ${kept[1]}`];
    })
    .join('\r\n');
}

function mayHoldSession(headers: Headers): boolean {
  // By index: taking pairs apart makes an iterator for each, and this runs for every request.
  for (let i = 0; i < headers.length; i++) {
    const pair = headers[i];
    if (pair !== undefined && isCookie(pair[0]) && pair[1].includes(SESSION_COOKIE)) return true;
  }
  return false;
}

function isCookie(name: string): boolean {
  return name.length === 6 && name.toLowerCase() === 'cookie';
}

function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  // Other spellings of the same bytes are altered cookies too.
  return bytes.toString('base64url') === text ? new Uint8Array(bytes) : undefined;
}
