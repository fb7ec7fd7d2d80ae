import type { Attributes } from './model.js';
import { traceHeader } from './trace-id.js';

export type Header = readonly [name: string, value: string];

export interface ClientConnection {
  readonly client: string;
  readonly clientPort: number;
  readonly scheme: 'http' | 'https';
  /** The port that the client called. */
  readonly port: number;
  readonly tls?: { readonly version: string; readonly cipher: string };
}

/** Headers about one connection only; they end at the load balancer. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
]);

const VALID_NAME = /^[-A-Za-z0-9]+$/;

/**
 * The headers that the target receives: the client's in their order without those of the connection, then what the load
 * balancer adds. `Transfer-Encoding` is the caller's business.
 */
export function requestHeaders(
  received: readonly Header[],
  connection: ClientConnection,
  attributes: Attributes,
): readonly Header[] {
  const own = new Set(['x-forwarded-proto', 'x-forwarded-port', 'x-amzn-trace-id']);
  const xffMode = attributes.get('routing.http.xff_header_processing.mode') ?? 'append';
  if (xffMode !== 'preserve') own.add('x-forwarded-for');
  const tlsHeaders = attributes.get('routing.http.x_amzn_tls_version_and_cipher_suite.enabled') === 'true';
  if (tlsHeaders) for (const name of ['x-amzn-tls-version', 'x-amzn-tls-cipher-suite']) own.add(name);
  const dropInvalid = attributes.get('routing.http.drop_invalid_header_fields.enabled') === 'true';

  const headers: Header[] = withoutHopByHop(received).filter(
    ([name]) => !own.has(name.toLowerCase()) && !(dropInvalid && !VALID_NAME.test(name)),
  );
  if (xffMode === 'append') headers.push(['X-Forwarded-For', forwardedFor(received, connection, attributes)]);
  headers.push(['X-Forwarded-Proto', connection.scheme], ['X-Forwarded-Port', String(connection.port)]);
  headers.push(['X-Amzn-Trace-Id', traceHeader(headerValue(received, 'x-amzn-trace-id'))]);
  if (tlsHeaders && connection.tls) {
    headers.push(['X-Amzn-Tls-Version', connection.tls.version], ['X-Amzn-Tls-Cipher-Suite', connection.tls.cipher]);
  }
  return headers;
}

/** Also takes what `Connection` names. */
export function withoutHopByHop(headers: readonly Header[]): Header[] {
  const named = new Set(
    headers
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.split(',').map((token) => token.trim().toLowerCase())),
  );
  // A client must not have the load balancer drop what frames the message or names the host.
  for (const name of ['host', 'content-length', 'x-forwarded-for', 'x-forwarded-proto']) named.delete(name);
  return headers.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()) && !named.has(name.toLowerCase()));
}

/** All values of a header, joined as HTTP joins them; undefined without the header. */
export function headerValue(headers: readonly Header[], name: string): string | undefined {
  const values = headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(name === 'cookie' ? '; ' : ', ');
}

function forwardedFor(received: readonly Header[], connection: ClientConnection, attributes: Attributes): string {
  const withPort = attributes.get('routing.http.xff_client_port.enabled') === 'true';
  const host = withPort && connection.client.includes(':') ? `[${connection.client}]` : connection.client;
  const client = withPort ? `${host}:${connection.clientPort}` : host;
  const before = headerValue(received, 'x-forwarded-for');
  return before === undefined || before === '' ? client : `${before}, ${client}`;
}
