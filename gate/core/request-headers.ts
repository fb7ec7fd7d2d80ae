/**
 * The header block that the app gets. It is built from nothing: nginx passes no client header by itself, so what is not
 * let through here does not arrive.
 */

import type { Grant } from '../../contract/decision';
import { encodeIdentity, IDENTITY_HEADERS, KEY_HEADER } from '../../contract/names';

/** Names that never reach the app. */
const DROPPED = new Set([
  // Written by nginx or by the gate itself.
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'http2-settings',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'x-request-id',
  // Credentials.
  'authorization',
  KEY_HEADER,
  // Claims about the way of the request, and other names for its path or method.
  'forwarded',
  'via',
  'proxy',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'x-original-url',
  'x-original-uri',
  'x-original-host',
  'x-original-method',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-host',
  'x-forwarded',
  'x-script-name',
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
]);

/** What begins so never reaches the app. */
const DROPPED_PREFIXES = ['x-auth-', 'x-amzn-oidc-', 'x-forwarded-', 'x-accel-', 'x-voicegate-', 'x-sendfile'];

/** Names that are passed on without a closer look, as clients and load balancers commonly spell them. */
const COMMON = new Set(
  [
    ...[
      'Accept',
      'Accept-Encoding',
      'Accept-Language',
      'Accept-Charset',
      'Cache-Control',
      'Pragma',
      'Cookie',
      'Referer',
    ],
    ...['Content-Type', 'Content-Encoding', 'Content-Language', 'Range', 'If-Range', 'If-Match', 'If-None-Match'],
    ...[
      'If-Modified-Since',
      'If-Unmodified-Since',
      'Origin',
      'DNT',
      'User-Agent',
      'X-Amzn-Trace-Id',
      'X-Requested-With',
    ],
    ...[
      'Sec-Fetch-Dest',
      'Sec-Fetch-Mode',
      'Sec-Fetch-Site',
      'Sec-Fetch-User',
      'Upgrade-Insecure-Requests',
      'Priority',
    ],
    ...['Idempotency-Key', 'OpenAI-Organization', 'OpenAI-Project'],
  ].flatMap((name) => [name, name.toLowerCase()]),
);

/** Names of which the outcome is known by their common spelling alone: dropped, as nearly every request has them. */
const ALWAYS_DROPPED = new Set(
  [
    ...['Host', 'Content-Length', 'Connection', 'X-API-Key', 'Authorization'],
    ...['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Port'],
  ].flatMap((name) => [name, name.toLowerCase()]),
);

const NAME = /^[!#$%&'*+.^`|~0-9A-Za-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const UNSAFE_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]/;
/** What encodeIdentity leaves as it is: most names, ids and scopes. */
const PLAIN = /^[A-Za-z0-9._~@:/+-]{0,256}$/;

export function isDroppedHeader(name: string): boolean {
  const lower = name.toLowerCase();
  // The prefixes all begin with x.
  const prefixed = lower.startsWith('x-') && DROPPED_PREFIXES.some((prefix) => lower.startsWith(prefix));
  return prefixed || DROPPED.has(lower) || !NAME.test(name);
}

/** What of the client's own headers is passed on, as lines; `consumed` (lower case) held the credential. */
export function passedHeaders(
  headers: readonly (readonly [string, string])[],
  consumed: readonly string[] = [],
): string {
  let lines = '';
  // By index: taking pairs apart makes an iterator for each, and this runs for every request.
  for (let i = 0; i < headers.length; i++) {
    const pair = headers[i];
    if (pair === undefined) continue;
    const name = pair[0];
    const value = pair[1];
    if (ALWAYS_DROPPED.has(name) || (!COMMON.has(name) && isDroppedHeader(name))) continue;
    if (consumed.length > 0 && consumed.includes(name.toLowerCase())) continue;
    if (UNSAFE_VALUE.test(value)) continue;
    lines += `\r\n${name}: ${value}`;
  }
  return lines;
}

/** What the gate itself tells the app about every request. */
export function clientHeaders(client: { readonly address: string; readonly proto: string }): string {
  return `\r\nX-Forwarded-For: ${client.address}\r\nX-Forwarded-Proto: ${client.proto}`;
}

/** What it tells about a grant. Kept with the decision, so that it is made once. */
export function grantHeaders(grant: Grant): string {
  let lines = `\r\n${IDENTITY_HEADERS.principal}: ${encoded(grant.principal)}`;
  if (grant.keyId !== undefined && grant.keyId !== '') {
    lines += `\r\n${IDENTITY_HEADERS.keyId}: ${encoded(grant.keyId)}`;
  }
  return `${lines}\r\n${IDENTITY_HEADERS.scopes}: ${encoded(grant.scopes.join(' '))}`;
}

function encoded(text: string): string {
  return PLAIN.test(text) ? text : encodeIdentity(text);
}
