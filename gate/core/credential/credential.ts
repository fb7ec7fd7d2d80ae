/** Which credential a request carries, by Voicegate's own rules: exactly one. */

import { parseApiKey } from '../../../contract/api-key';
import { isTokenShape } from '../../../contract/credential';
import { MAX_CREDENTIAL_LENGTH } from '../../../contract/names';

/** How a credential came. */
export type Scheme = 'header' | 'bearer' | 'query';

/** The credential of a request, as far as it is read. */
export interface Found {
  credential: string;
  /** Undefined while there is none. */
  scheme: Scheme | undefined;
  isConflict: boolean;
}

export const QUERY_KEY = 'api_key';
/** Characters of a key, at most. */
const MAX_KEY = 512;

/**
 * Notes a credential. The same one sent in two ways is one; which of two different ones counts no two programs answer
 * alike. What a key must look like is asked of all that is not sent as a bearer.
 */
export function takeCredential(found: Found, text: string, scheme: Scheme): void {
  if (text === '') return;
  if (found.scheme === undefined) found.credential = text;
  else if (found.credential !== text) found.isConflict = true;
  else if (scheme === 'bearer') return;
  found.scheme = scheme;
}

/** Whether the query may hold a key, in some spelling of its name. */
export function mayHoldKey(query: string): boolean {
  return /api|%/i.test(query);
}

/** Whether it begins like a key. Only a bearer may be something else: the cache knows a credential however it came. */
export function hasKeyPrefix(text: string, keyPrefix: string): boolean {
  return text.startsWith(keyPrefix) && text[keyPrefix.length] === '_';
}

/** The id that a well-formed key states. It is public, and proves nothing. */
export function claimedKeyId(text: string, keyPrefix: string): string | undefined {
  return text.length <= MAX_KEY ? parseApiKey(text, keyPrefix)?.keyId : undefined;
}

/**
 * Whether the authorizer need be asked at all. A key must have the prefix, the length and a right checksum; a bearer
 * token may instead have the shape of a JWT, which only the authorizer can judge.
 */
export function isWellFormed(text: string, scheme: 'header' | 'bearer' | 'query', keyPrefix: string): boolean {
  if (text.length <= MAX_KEY && parseApiKey(text, keyPrefix) !== undefined) return true;
  if (scheme !== 'bearer' || text.length > MAX_CREDENTIAL_LENGTH || text.startsWith(`${keyPrefix}_`)) return false;
  return isTokenShape(text);
}
