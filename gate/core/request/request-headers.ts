/**
 * The client's headers, read in one pass, and the header block that the app gets. It is built from nothing: nginx passes
 * no client header by itself, so what is not let through here does not arrive.
 */

import type { Grant } from '../../../contract/decision';
import { encodeIdentity, IDENTITY_HEADERS } from '../../../contract/names';
import { Memo } from '../shared/memo';

/** As they came, names not folded, values trimmed. */
export type Headers = readonly (readonly [name: string, value: string])[];

/** Names that never reach the app. */
const DROPPED = [
  // Written by nginx or by the gate itself.
  'host',
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
];

/** What begins so never reaches the app. */
const DROPPED_PREFIXES = ['x-auth-', 'x-amzn-oidc-', 'x-forwarded-', 'x-accel-', 'x-voicegate-', 'x-sendfile'];

/** Names that are passed on, as clients and load balancers commonly spell them. Unknown ones are passed on as well. */
const COMMON = [
  ...['Accept', 'Accept-Encoding', 'Accept-Language', 'Accept-Charset', 'Cache-Control', 'Pragma', 'Cookie', 'Referer'],
  ...['Content-Type', 'Content-Encoding', 'Content-Language', 'Range', 'If-Range', 'If-Match', 'If-None-Match'],
  ...['If-Modified-Since', 'If-Unmodified-Since', 'Origin', 'DNT', 'User-Agent', 'X-Requested-With'],
  ...['Sec-Fetch-Dest', 'Sec-Fetch-Mode', 'Sec-Fetch-Site', 'Sec-Fetch-User', 'Upgrade-Insecure-Requests', 'Priority'],
  ...['Sec-CH-UA', 'Sec-CH-UA-Mobile', 'Sec-CH-UA-Platform', 'Idempotency-Key'],
  // Of OpenAI's libraries.
  ...['OpenAI-Organization', 'OpenAI-Project', 'X-Stainless-Lang', 'X-Stainless-Package-Version', 'X-Stainless-OS'],
  ...['X-Stainless-Arch', 'X-Stainless-Runtime', 'X-Stainless-Runtime-Version', 'X-Stainless-Async'],
  ...['X-Stainless-Retry-Count', 'X-Stainless-Read-Timeout', 'X-Stainless-Raw-Response'],
];

/** What is done with a header. Numbers, as they are told apart for each header of each request. */
export enum Kind {
  Pass,
  Drop,
  ApiKey,
  Authorization,
  ForwardedFor,
  ForwardedProto,
  ContentLength,
  TransferEncoding,
  TraceId,
}

/** By name: in lower case, and as it is commonly spelled, so that the names of most requests need not be folded. */
export const KINDS = new Map<string, Kind>();
function know(kind: Kind, names: readonly string[]): void {
  for (const name of names) KINDS.set(name, kind).set(name.toLowerCase(), kind);
}
know(Kind.Pass, COMMON);
know(Kind.Drop, [...DROPPED, 'Host', 'Connection', 'X-Forwarded-Port', 'X-Forwarded-Host']);
know(Kind.ApiKey, ['X-API-Key', 'X-Api-Key']);
know(Kind.Authorization, ['Authorization']);
know(Kind.ForwardedFor, ['X-Forwarded-For']);
know(Kind.ForwardedProto, ['X-Forwarded-Proto']);
know(Kind.ContentLength, ['Content-Length']);
know(Kind.TransferEncoding, ['Transfer-Encoding']);
know(Kind.TraceId, ['X-Amzn-Trace-Id']);

const NAME = /^[!#$%&'*+.^`|~0-9A-Za-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;
/** And what njs makes of bytes that are no UTF-8, though it may be a character that was sent. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const DOUBTFUL = /[\u0000-\u0008\u000a-\u001f\u007f\ud800-\udfff\ufffd]/;
/** What encodeIdentity leaves as it is: most names, ids and scopes. */
const PLAIN = /^[A-Za-z0-9._~@:/+-]{0,256}$/;

/** Whether the value can be passed on as it is. Most clients send the same ones again and again. */
export function isSafe(value: string): boolean {
  return value.length > LONGEST_KNOWN ? !DOUBTFUL.test(value) : safe.get(value);
}
const LONGEST_KNOWN = 256;
const safe = new Memo((value) => !DOUBTFUL.test(value), LONGEST_KNOWN);

/**
 * Whether a header whose value is not {@link isSafe} can be passed on as it came, or would be altered by it. `raw` are
 * the bytes of all headers of that name, as nginx joins them.
 */
export function isUnaltered(headers: Headers, name: string, raw: (name: string) => Uint8Array | undefined): boolean {
  const lower = name.toLowerCase();
  const values = headers.flatMap(([given, value]) => (given.toLowerCase() === lower ? [value] : []));
  if (values.some((value) => CONTROL.test(value))) return false;
  const sent = raw(lower);
  return sent !== undefined && Buffer.from(sent).equals(Buffer.from(values.join(lower === 'cookie' ? '; ' : ', ')));
}

/** The kind of a name that is not spelled as in {@link KINDS}. */
export function kindOf(name: string): Kind {
  const lower = name.toLowerCase();
  // The prefixes all begin with x.
  const prefixed = lower.startsWith('x-') && DROPPED_PREFIXES.some((prefix) => lower.startsWith(prefix));
  return KINDS.get(lower) ?? (prefixed || !NAME.test(name) ? Kind.Drop : Kind.Pass);
}

/** Whether the header never reaches the app as the client sent it. */
export function isDroppedHeader(name: string): boolean {
  const kind = kindOf(name);
  return kind !== Kind.Pass && kind !== Kind.TraceId;
}

/** Every value of the header (lower case), joined as HTTP joins them. */
export function headerOf(headers: readonly (readonly [string, string])[], name: string): string | undefined {
  let joined: string | undefined;
  for (const [given, value] of headers) {
    if (given.toLowerCase() === name) joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined;
}

/** What the gate tells the app about a grant. Kept with the decision, so that it is made once. */
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
