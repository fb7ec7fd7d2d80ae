/** Requests that a web page, or a name that was made to point at loopback, can bring about; and those of programs. */

import { connect } from 'node:net';

export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  /** As they stand in the head, `Host` too. */
  readonly headers: readonly string[];
  readonly body?: string;
}

export interface RawAnswer {
  /** 0 when the connection was closed without an answer. */
  readonly status: number;
  /** Everything that came back. */
  readonly text: string;
}

/** Sends exactly these bytes: HTTP clients would tidy them. */
export function sendRaw(port: number, request: RawRequest): Promise<RawAnswer> {
  const { method, target, version, headers, body = '' } = request;
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const close = headers.some((line) => /^connection:/i.test(line)) ? [] : ['Connection: close'];
  const head = [`${method} ${target} HTTP/${version}`, ...headers, ...length, ...close, '', ''].join('\r\n');
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(head + body));
    let text = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to ${method} ${target}`)));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve({ status: Number(/^HTTP\/1\.\d (\d{3})/.exec(text)?.[1] ?? 0), text }));
  });
}

type Spelling = readonly [name: string, change: (request: RawRequest, port: number) => RawRequest];

const host =
  (value: (port: number) => string) =>
  (request: RawRequest, port: number): RawRequest => ({
    ...request,
    headers: [`Host: ${value(port)}`, ...withoutHost(request)],
  });

const plus =
  (...lines: readonly string[]) =>
  (request: RawRequest): RawRequest => ({ ...request, headers: [...request.headers, ...lines] });

function withoutHost({ headers }: RawRequest): string[] {
  return headers.filter((line) => !/^host:/i.test(line));
}

/** What a good request becomes in a web page; none of these may be served. */
export const OF_WEB_PAGES: readonly Spelling[] = [
  ...[
    'evil.example',
    'evil.example:PORT',
    '127.0.0.1',
    '127.0.0.1:1',
    '127.0.0.1.:PORT',
    '127.0.0.1:PORT.evil.example',
    '127.1:PORT',
    '2130706433:PORT',
    '0.0.0.0:PORT',
    '[::1]:PORT',
    '[::ffff:127.0.0.1]:PORT',
    'localhost',
    'localhost.:PORT',
    'x.localhost:PORT',
    'me@127.0.0.1:PORT',
    '',
  ].map((name): Spelling => [`Host: ${name}`, host((port) => name.replace('PORT', String(port)))]),
  ['a second Host', plus('Host: evil.example')],
  ['no Host', (request) => ({ ...request, headers: withoutHost(request) })],
  ['no Host in HTTP/1.0', (request) => ({ ...request, version: '1.0', headers: withoutHost(request) })],
  ['a foreign Host in HTTP/1.0', (request, port) => ({ ...host(() => 'evil.example')(request, port), version: '1.0' })],
  ['a foreign address as target', (request) => ({ ...request, target: `http://evil.example${request.target}` })],
  [
    'its own address as target',
    (request, port) => ({ ...request, target: `http://127.0.0.1:${port}${request.target}` }),
  ],
  ['Origin: https://evil.example', plus('Origin: https://evil.example')],
  ['Origin: null', plus('Origin: null')],
  ['Origin: its own', (request, port) => plus(`Origin: http://127.0.0.1:${port}`)(request)],
  ['an empty Origin', plus('Origin:')],
  ['ORIGIN in capitals', plus('ORIGIN: https://evil.example')],
  ...['cross-site', 'same-site', 'same-origin', 'none'].map(
    (site): Spelling => [`Sec-Fetch-Site: ${site}`, plus(`Sec-Fetch-Site: ${site}`)],
  ),
  ['Sec-Fetch-Dest: document', plus('Sec-Fetch-Dest: document')],
  [
    'a preflight',
    (request) => ({
      ...plus('Origin: https://evil.example', 'Access-Control-Request-Method: POST')(request),
      method: 'OPTIONS',
    }),
  ],
  ['OPTIONS', (request) => ({ ...request, method: 'OPTIONS' })],
  ['Access-Control-Request-Private-Network', plus('Access-Control-Request-Private-Network: true')],
  [
    'a WebSocket with its Origin',
    plus(
      'Origin: https://evil.example',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ),
  ],
];

/** What programs of this machine may send. */
export const OF_PROGRAMS: readonly Spelling[] = [
  ['as it is', (request) => request],
  ['Host: localhost', host((port) => `localhost:${port}`)],
  ['Host: LOCALHOST', host((port) => `LOCALHOST:${port}`)],
  [
    'host in small letters',
    (request, port) => ({ ...request, headers: [`host: 127.0.0.1:${port}`, ...withoutHost(request)] }),
  ],
  ['HTTP/1.0 with Host', (request) => ({ ...request, version: '1.0' })],
  ['what Node’s fetch adds', plus('Sec-Fetch-Mode: cors', 'Accept-Language: *', 'Accept: */*')],
];
