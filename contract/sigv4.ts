/**
 * AWS Signature Version 4 for one small JSON POST or GET, without any host API: the gate's njs has no signing library,
 * and in the authorizer one would cost its cold start more than all the rest.
 */

export interface Hashing {
  /** Lower-case hexadecimal. */
  sha256Hex(text: string): string;
  hmacSha256(key: string | Uint8Array, text: string): Uint8Array;
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
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = time.slice(0, 8);
  const headers: Record<string, string> = { ...request.headers, 'x-amz-date': time };
  if (credentials.sessionToken !== undefined) headers['x-amz-security-token'] = credentials.sessionToken;
  const signed: Record<string, string> = { ...headers, host: request.host };
  const names = Object.keys(signed).sort();
  const canonical = [
    request.method,
    canonicalPath(request.path),
    request.query,
    ...names.map((name) => `${name}:${(signed[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    hashing.sha256Hex(request.body),
  ].join('\n');
  const credentialScope = `${date}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, credentialScope, hashing.sha256Hex(canonical)].join('\n');
  let key = hashing.hmacSha256(`AWS4${credentials.secretAccessKey}`, date);
  for (const part of [scope.region, scope.service, 'aws4_request']) key = hashing.hmacSha256(key, part);
  const signature = hex(hashing.hmacSha256(key, toSign));
  headers.authorization =
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${credentialScope}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}

/** Every service but S3 signs the path encoded once more. */
function canonicalPath(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeSegment(segment))
    .join('/');
}

/** Percent-encodes all but RFC 3986's unreserved characters. */
export function encodeSegment(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16);
  return text;
}
