/** The sentence that tells a caller why the gate refused, and what to do. Nothing of a credential is told. */

import type { Headers } from '../request/request-headers';
import type { Refusal } from './refusal';

/** What of the request is looked at. */
export interface Refused {
  readonly target: string;
  readonly headers: Headers;
}

/** A mistake in how the client was set up, which is told in every answer; undefined when none is seen. */
export function setupHint(refusal: Refusal, { target, headers }: Refused, keyPrefix?: string): string | undefined {
  const { status, reason } = refusal;
  if (status === 401 && keyPrefix !== undefined && headers.some(([name, value]) => isBareKey(name, value, keyPrefix))) {
    return `Write the word Bearer before the key: Authorization: Bearer ${keyPrefix}_..., or send the key in X-API-Key.`;
  }
  if (reason === 'target' && target.replace(/\?.*/s, '').includes('//')) {
    return 'The path holds //: leave out the slash at the end of the base URL.';
  }
  return undefined;
}

/** `keyPrefix`: where keys of Voicegate are taken; a foreign authorizer's credential is only called so. */
export function explain(refusal: Refusal, refused: Refused, keyPrefix?: string): string {
  return setupHint(refusal, refused, keyPrefix) ?? detail(refusal) ?? reasons(refusal, keyPrefix);
}

function isBareKey(name: string, value: string, keyPrefix: string): boolean {
  return name.toLowerCase() === 'authorization' && value.trimStart().startsWith(`${keyPrefix}_`);
}

function detail({ members }: Refusal): string | undefined {
  return typeof members?.detail === 'string' ? members.detail : undefined;
}

function reasons(refusal: Refusal, keyPrefix: string | undefined): string {
  const { status, reason, limit, members } = refusal;
  switch (reason) {
    case 'missing':
      if (keyPrefix === undefined) return 'No credential came, or not all that is asked for.';
      return `No API key came. Send it as Authorization: Bearer ${keyPrefix}_... or as X-API-Key: ${keyPrefix}_....`;
    case 'conflict':
      return 'Two different API keys came. Send one.';
    case 'target':
      return 'The address could be read in two ways. Write the path plainly, and percent-encode the text as UTF-8.';
    case 'header':
      return 'A header holds bytes that are not UTF-8, or a control character.';
    case 'body':
      return 'A GET request must not have a body. Use POST.';
    case 'method-unknown':
      return 'The method is not known here.';
    case 'client-rate':
    case 'rate':
      return `Too many requests: ${limit ?? "the rate of this key's plan"} is reached. ${again(refusal)}`;
    case 'quota':
      return `The quota ${String(members?.limit ?? 'of this key')} is used up. ${again(refusal)}`;
    case 'misses':
    case 'banned':
      return `Too many credentials from this address were refused. Check the API key. ${again(refusal)}`;
    default:
      break;
  }
  if (keyPrefix === undefined && status === 401) return 'The credential is not accepted.';
  if (keyPrefix === undefined && status === 403) return 'The credential may not do this.';
  if (status === 401) return 'The API key is not accepted. Check that it is whole, not revoked and not expired.';
  if (status === 403) return 'The API key may not do this: its scopes, paths, methods or addresses leave it out.';
  if (status === 429) return `Too many requests at the same time. ${again(refusal)}`;
  if (status === 503) return `The service is busy or cannot check keys now. ${again(refusal)}`;
  return 'The request cannot be served.';
}

function again({ retryAfter }: Refusal): string {
  return retryAfter === undefined ? 'Try again later.' : `Try again in ${retryAfter} s.`;
}
