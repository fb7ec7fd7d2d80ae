/** Which credential a request carries, by Voicegate's own rules: exactly one. */

import { parseApiKey } from '../../../contract/api-key';
import { bearerToken, isTokenShape } from '../../../contract/credential';
import { MAX_CREDENTIAL_LENGTH } from '../../../contract/names';

export type Credential =
  | { readonly kind: 'none' }
  /** Two different ones: which one counts is a question that no two programs answer alike. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'one'; readonly text: string; readonly scheme: 'header' | 'bearer' | 'query' };

export interface CredentialSources {
  /** Every `X-API-Key` value. */
  readonly apiKeys: readonly string[];
  /** Every `Authorization` value. */
  readonly authorizations: readonly string[];
  /** Every `api_key` of the query; empty unless that is switched on. */
  readonly queryKeys: readonly string[];
}

export const QUERY_KEY = 'api_key';
/** Characters of a key, at most. */
const MAX_KEY = 512;

/**
 * Finds the credential. The same one sent in two ways is one; `Authorization` schemes other than Bearer are none of
 * ours. Whether a key is well formed is not looked at here: see {@link isWellFormed}.
 */
export function findCredential(sources: CredentialSources): Credential {
  if (sources.apiKeys.length === 1 && sources.authorizations.length === 0 && sources.queryKeys.length === 0) {
    const text = sources.apiKeys[0]?.trim() ?? '';
    return text === '' ? { kind: 'none' } : { kind: 'one', text, scheme: 'header' };
  }
  let found:
    | { readonly kind: 'one'; readonly text: string; readonly scheme: 'header' | 'bearer' | 'query' }
    | undefined;
  let conflict = false;
  const add = (text: string, scheme: 'header' | 'bearer' | 'query') => {
    if (text === '') return;
    if (found === undefined) found = { kind: 'one', text, scheme };
    else if (found.text !== text) conflict = true;
  };
  for (const value of sources.apiKeys) add(value.trim(), 'header');
  let bearers = 0;
  for (const value of sources.authorizations) {
    const token = bearerToken(value);
    if (token === undefined) continue;
    bearers++;
    add(token, 'bearer');
  }
  for (const value of sources.queryKeys) add(value.trim(), 'query');
  if (conflict) return { kind: 'conflict' };
  // A Bearer scheme without a token is a broken credential, not the lack of one.
  if (found === undefined) return bearers > 0 ? { kind: 'malformed' } : { kind: 'none' };
  return found;
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
