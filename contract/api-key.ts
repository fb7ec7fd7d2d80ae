/**
 * The format of an API key: `<prefix>_<keyId>_<secret><checksum>`.
 *
 * The key id is public (logs and listings show it); the secret is shown once, when the key is made. The checksum lets
 * a typo be refused without a look-up and lets secret scanners recognise a leaked key; it stops no attacker.
 */

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export const DEFAULT_KEY_PREFIX = 'vg';
/** Base62 characters of the key id: 71 bits, enough that two random ids never meet in one table. */
export const KEY_ID_LENGTH = 12;
/** Base62 characters of the secret: 43 × log2(62) = 256.03 bits. */
export const SECRET_LENGTH = 43;
/** Base62 characters that hold the 32 bits of the checksum. */
export const CHECKSUM_LENGTH = 6;
/** What a key prefix may look like: it starts with a letter and has no underscore, which separates the parts. */
export const KEY_PREFIX_PATTERN = /^[a-z][a-z0-9]{0,11}$/;

export interface ApiKey {
  readonly prefix: string;
  readonly keyId: string;
  readonly secret: string;
}

/** Fills a fresh array with that many random bytes from the system's cryptographic source. */
export type RandomBytes = (length: number) => Uint8Array;

/** Makes a new key. The caller's random source must be cryptographic. */
export function generateApiKey(randomBytes: RandomBytes, prefix: string = DEFAULT_KEY_PREFIX): ApiKey {
  assertKeyPrefix(prefix);
  return {
    prefix,
    keyId: randomBase62(KEY_ID_LENGTH, randomBytes),
    secret: randomBase62(SECRET_LENGTH, randomBytes),
  };
}

/** The whole key as its owner sees it. */
export function formatApiKey(key: ApiKey): string {
  const body = `${key.prefix}_${key.keyId}_${key.secret}`;
  return body + checksum(body);
}

/** The parts of a key, or undefined when the text is no well-formed key with this prefix and a right checksum. */
export function parseApiKey(text: string, prefix: string = DEFAULT_KEY_PREFIX): ApiKey | undefined {
  const length = prefix.length + 1 + KEY_ID_LENGTH + 1 + SECRET_LENGTH + CHECKSUM_LENGTH;
  if (text.length !== length || !text.startsWith(`${prefix}_`)) return undefined;
  const body = text.slice(0, -CHECKSUM_LENGTH);
  const keyId = body.slice(prefix.length + 1, prefix.length + 1 + KEY_ID_LENGTH);
  const secret = body.slice(-SECRET_LENGTH);
  if (body[prefix.length + 1 + KEY_ID_LENGTH] !== '_') return undefined;
  if (!isBase62(keyId) || !isBase62(secret)) return undefined;
  if (checksum(body) !== text.slice(-CHECKSUM_LENGTH)) return undefined;
  return { prefix, keyId, secret };
}

/** @throws Error naming the prefix and what is allowed. */
export function assertKeyPrefix(prefix: string): void {
  if (!KEY_PREFIX_PATTERN.test(prefix)) {
    throw new Error(`key prefix must be 1 to 12 characters, a-z then a-z or 0-9, got "${prefix}"`);
  }
}

/** Whether the text could be the id of a key. */
export function isKeyId(text: string): boolean {
  return text.length === KEY_ID_LENGTH && isBase62(text);
}

function isBase62(text: string): boolean {
  return /^[0-9A-Za-z]*$/.test(text);
}

function randomBase62(length: number, randomBytes: RandomBytes): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // 248 = 4 × 62: a byte above would favour the first eight characters.
      if (byte < 248 && text.length < length) text += BASE62[byte % 62];
    }
  }
  return text;
}

function checksum(body: string): string {
  let value = crc32(body);
  let text = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    text = BASE62[value % 62] + text;
    value = Math.floor(value / 62);
  }
  return text;
}

/** CRC-32 (IEEE 802.3, reflected polynomial 0xEDB88320) of ASCII text. */
export function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
