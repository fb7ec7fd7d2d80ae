/**
 * AWS Signature Version 4 for one small JSON POST or GET, without any host API: the gate's njs has no signing library,
 * and in the authorizer one would cost its cold start more than all the rest.
 */

export interface Hashing {
  /** Lower-case hexadecimal. */
  sha256Hex(text: string): string;
  hmacSha256(key: string | Uint8Array, text: string): Uint8Array;
  /** Lower-case hexadecimal. */
  hmacSha256Hex(key: Uint8Array, text: string): string;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignableRequest {
  readonly method: string;
  /** Host with the port, when that is not the scheme's own. */
  readonly host: string;
  /** Path as it goes over the wire, each segment encoded once. */
  readonly path: string;
  /** Sorted and encoded, without question mark; usually empty. */
  readonly query: string;
  /** Lower-case names, without `host`; all are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The headers to send: those given, and `x-amz-date`, `x-amz-security-token` and `authorization`. */
export function signRequest(
  request: SignableRequest,
  credentials: AwsCredentials,
  scope: { readonly region: string; readonly service: string },
  now: Date,
  hashing: Hashing,
): Readonly<Record<string, string>> {
  const iso = now.toISOString();
  const date = iso.slice(0, 4) + iso.slice(5, 7) + iso.slice(8, 10);
  const time = `${date}T${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
  const headers: Record<string, string> = { ...request.headers, 'x-amz-date': time };
  if (credentials.sessionToken !== undefined) headers['x-amz-security-token'] = credentials.sessionToken;
  const signed: Record<string, string> = { ...headers, host: request.host };
  const names = Object.keys(signed).sort();
  let lines = '';
  for (const name of names) lines += `${name}:${canonicalValue(signed[name] ?? '')}\n`;
  const target = `${request.method}\n${canonicalPath(request.path)}\n${request.query}`;
  const canonical = `${target}\n${lines}\n${names.join(';')}\n${hashing.sha256Hex(request.body)}`;
  const credentialScope = `${date}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, credentialScope, hashing.sha256Hex(canonical)].join('\n');
  const key = signingKey(credentials.secretAccessKey, date, scope.region, scope.service, hashing);
  const signature = hashing.hmacSha256Hex(key, toSign);
  headers.authorization =
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${credentialScope}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}

/** The last one derived: it changes once a day, and whenever the credentials do. */
let derived: { readonly secret: string; readonly scope: string; readonly key: Uint8Array } | undefined;

function signingKey(secret: string, date: string, region: string, service: string, hashing: Hashing): Uint8Array {
  const scope = `${date}/${region}/${service}`;
  if (derived?.secret === secret && derived.scope === scope) return derived.key;
  let key = hashing.hmacSha256(`AWS4${secret}`, date);
  for (const part of [region, service, 'aws4_request']) key = hashing.hmacSha256(key, part);
  derived = { secret, scope, key };
  return key;
}

function canonicalValue(value: string): string {
  const trimmed = value.trim();
  return trimmed.includes('  ') ? trimmed.replace(/ +/g, ' ') : trimmed;
}

/** Every service but S3 signs the path encoded once more. */
function canonicalPath(path: string): string {
  return path.split('/').map(encodeSegment).join('/');
}

/** What needs no encoding. */
const PLAIN = /^[\w.~-]*$/;

/** Percent-encodes all but RFC 3986's unreserved characters. */
export function encodeSegment(text: string): string {
  return PLAIN.test(text)
    ? text
    : encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
