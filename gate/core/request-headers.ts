/**
 * The client's headers, read in one pass, and the header block that the app gets. It is built from nothing: nginx passes
 * no client header by itself, so what is not let through here does not arrive.
 */

import type { Grant } from '../../contract/decision';
import { encodeIdentity, IDENTITY_HEADERS } from '../../contract/names';

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
  ...['Idempotency-Key', 'OpenAI-Organization', 'OpenAI-Project'],
];

/** What is done with a header. Numbers, as they are told apart for each header of each request. */
const PASS = 0;
const DROP = 1;
const API_KEY = 2;
const AUTHORIZATION = 3;
const FORWARDED_FOR = 4;
const FORWARDED_PROTO = 5;
const CONTENT_LENGTH = 6;
const TRANSFER_ENCODING = 7;
const TRACE_ID = 8;

/** By name: in lower case, and as it is commonly spelled, so that the names of most requests need not be folded. */
const KINDS = new Map<string, number>();
function know(kind: number, names: readonly string[]): void {
  for (const name of names) KINDS.set(name, kind).set(name.toLowerCase(), kind);
}
know(PASS, COMMON);
know(DROP, [...DROPPED, 'Host', 'Connection', 'X-Forwarded-Port', 'X-Forwarded-Host']);
know(API_KEY, ['X-API-Key', 'X-Api-Key']);
know(AUTHORIZATION, ['Authorization']);
know(FORWARDED_FOR, ['X-Forwarded-For']);
know(FORWARDED_PROTO, ['X-Forwarded-Proto']);
know(CONTENT_LENGTH, ['Content-Length']);
know(TRANSFER_ENCODING, ['Transfer-Encoding']);
know(TRACE_ID, ['X-Amzn-Trace-Id']);

const NAME = /^[!#$%&'*+.^`|~0-9A-Za-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const UNSAFE_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]/;
/** What encodeIdentity leaves as it is: most names, ids and scopes. */
const PLAIN = /^[A-Za-z0-9._~@:/+-]{0,256}$/;

/** What a request's headers say that the gate itself needs. */
export interface RequestHeaders {
  /** Every `X-API-Key` value. */
  readonly apiKeys: readonly string[];
  /** Every `Authorization` value. */
  readonly authorizations: readonly string[];
  /** Every value of `X-Forwarded-For`, joined as HTTP joins them. */
  readonly forwardedFor: string | undefined;
  readonly forwardedProto: string | undefined;
  readonly hasBody: boolean;
  /** Every `X-Amzn-Trace-Id`, likewise. */
  readonly traceId: string | undefined;
  /** What is passed on to the app: lines that each begin with CR LF. */
  readonly lines: string;
}

const NONE: readonly string[] = [];

/** Reads the headers; `consumed` (lower case) hold the credential of a foreign authorizer and are not passed on. */
export function readHeaders(
  headers: readonly (readonly [string, string])[],
  consumed: readonly string[] = NONE,
): RequestHeaders {
  let apiKeys = NONE;
  let authorizations = NONE;
  let forwardedFor: string | undefined;
  let forwardedProto: string | undefined;
  let hasBody = false;
  let traceId: string | undefined;
  let lines = '';
  // By index: taking pairs apart makes an iterator for each, and this runs for every request.
  for (let i = 0; i < headers.length; i++) {
    const pair = headers[i];
    if (pair === undefined) continue;
    const name = pair[0];
    const value = pair[1];
    const kind = KINDS.get(name) ?? kindOf(name);
    if (kind === TRACE_ID) traceId = traceId === undefined ? value : `${traceId}, ${value}`;
    switch (kind) {
      case PASS:
      case TRACE_ID:
        if (consumed.length > 0 && consumed.includes(name.toLowerCase())) break;
        if (!UNSAFE_VALUE.test(value)) lines += `\r\n${name}: ${value}`;
        break;
      case API_KEY:
        apiKeys = apiKeys === NONE ? [value] : [...apiKeys, value];
        break;
      case AUTHORIZATION:
        authorizations = authorizations === NONE ? [value] : [...authorizations, value];
        break;
      case FORWARDED_FOR:
        forwardedFor = forwardedFor === undefined ? value : `${forwardedFor}, ${value}`;
        break;
      case FORWARDED_PROTO:
        forwardedProto = forwardedProto === undefined ? value : `${forwardedProto}, ${value}`;
        break;
      case CONTENT_LENGTH:
        if (value !== '0') hasBody = true;
        break;
      case TRANSFER_ENCODING:
        hasBody = true;
        break;
    }
  }
  return { apiKeys, authorizations, forwardedFor, forwardedProto, hasBody, traceId, lines };
}

function kindOf(name: string): number {
  const lower = name.toLowerCase();
  // The prefixes all begin with x.
  const prefixed = lower.startsWith('x-') && DROPPED_PREFIXES.some((prefix) => lower.startsWith(prefix));
  return KINDS.get(lower) ?? (prefixed || !NAME.test(name) ? DROP : PASS);
}

/** Whether the header never reaches the app as the client sent it. */
export function isDroppedHeader(name: string): boolean {
  const kind = kindOf(name);
  return kind !== PASS && kind !== TRACE_ID;
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
