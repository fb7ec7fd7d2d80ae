/** Finding the one credential in an event, whichever of API Gateway's formats it has. */

import { type ApiKey, parseApiKey } from '../../contract/api-key';
import type { AuthorizerEvent } from '../../contract/authorizer-event';
import { bearerToken, isTokenShape } from '../../contract/credential';
import { KEY_HEADER, MAX_CREDENTIAL_LENGTH } from '../../contract/names';

export type Credential =
  | { readonly kind: 'key'; readonly key: ApiKey }
  /** Something of a JWT's shape; nothing of it has been checked. */
  | { readonly kind: 'token'; readonly token: string }
  /** No credential, one that is neither key nor token, or two different ones. */
  | { readonly kind: 'missing' | 'malformed' | 'conflict' };

export function readCredential(event: AuthorizerEvent, keyPrefix: string): Credential {
  // The identity source is a hint: a copy of some headers, a credential that came another way (a query parameter, a
  // session), or values that are no credential at all. It may add a credential; it never replaces one that was sent:
  // a cache that keys on the one must not keep the answer to the other.
  const hints = hintedTexts(event);
  const sent = event.type === 'TOKEN' ? [] : headerCredentials(event);
  const candidates = distinct([...sent, ...hints.filter((text) => classify(text, keyPrefix).kind !== 'malformed')]);
  const [only = hints[0], ...others] = candidates;
  if (only === undefined) return { kind: 'missing' };
  if (others.length > 0) return { kind: 'conflict' };
  return classify(only, keyPrefix);
}

function classify(text: string, keyPrefix: string): Credential {
  if (text.length > MAX_CREDENTIAL_LENGTH) return { kind: 'malformed' };
  const key = parseApiKey(text, keyPrefix);
  if (key !== undefined) return { kind: 'key', key };
  return isTokenShape(text) ? { kind: 'token', token: text } : { kind: 'malformed' };
}

function headerCredentials(event: Exclude<AuthorizerEvent, { readonly type: 'TOKEN' }>): readonly string[] {
  const found: string[] = [];
  for (const [name, value] of headerLines(event)) {
    const lowerName = name.toLowerCase();
    if (lowerName === KEY_HEADER) found.push(value.trim());
    // Another scheme, such as Basic, is no credential of ours and none of our business.
    if (lowerName === 'authorization') found.push(bearerToken(value) ?? '');
  }
  return found;
}

function* headerLines(
  event: Exclude<AuthorizerEvent, { readonly type: 'TOKEN' }>,
): Generator<readonly [name: string, value: string]> {
  yield* Object.entries(event.headers ?? {});
  if ('multiValueHeaders' in event) {
    for (const [name, values] of Object.entries(event.multiValueHeaders ?? {})) {
      for (const value of values) yield [name, value];
    }
  }
}

function hintedTexts(event: AuthorizerEvent): readonly string[] {
  const hints =
    event.type === 'TOKEN'
      ? [event.authorizationToken]
      : [event.identitySource ?? [], 'authorizationToken' in event ? (event.authorizationToken ?? []) : []].flat();
  return distinct(hints.map((hint) => bearerToken(hint) ?? hint.trim()));
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].filter((text) => text !== '');
}
