import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import { createServer as createTls, type SecureContext, type SecureVersion } from 'node:tls';
import { statusPage, statusText } from './answers.js';

/** Bytes of a whole request head, as at AWS. */
const HEAD_BYTES = 64 * 1024;
const HANDSHAKE_MILLISECONDS = 10_000;

export interface ProtocolHandlers {
  readonly onRequest: (req: IncomingMessage | Http2ServerRequest, res: ServerResponse | Http2ServerResponse) => void;
  readonly onUpgrade: (req: IncomingMessage, socket: Socket, head: Buffer) => void;
  /** What came was no HTTP, or its head was too large. */
  readonly onMalformed: (client: string) => void;
  /** Milliseconds that a connection may be silent; read at each connection. */
  readonly idleTimeout: () => number;
  /** The certificate for a name that the default one does not have. */
  readonly secureContext: (serverName: string) => SecureContext | undefined;
  readonly http2: () => boolean;
}

/** HTTP on sockets that others accept. */
export interface Protocols {
  accept(socket: Socket): void;
  acceptTls(socket: Socket): void;
  /** Sets the default certificate and the TLS versions of connections from now on. */
  setTls(options: TlsSettings): void;
}

export interface TlsSettings {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
}

export function protocols(handlers: ProtocolHandlers): Protocols {
  const http1 = createHttp1({ maxHeaderSize: HEAD_BYTES, requireHostHeader: false, highWaterMark: 64 * 1024 });
  http1.on('request', (req, res) => {
    // While a request is served, its own timer watches.
    req.socket.setTimeout(0);
    handlers.onRequest(req, res);
  });
  http1.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    if (req.headers.upgrade?.toLowerCase() === 'websocket') {
      socket.setTimeout(0);
      handlers.onUpgrade(req, socket, head);
    } else {
      socket.unshift(Buffer.concat([headWithoutUpgrade(req), head]));
      http1.emit('connection', socket);
    }
  });
  http1.on('connect', (_req, socket: Socket) => refuse(socket, 405));
  http1.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    handlers.onMalformed(socket.remoteAddress ?? '');
    refuse(socket, 400);
  });

  const http2 = createHttp2({ maxHeaderListPairs: 400, settings: { maxHeaderListSize: HEAD_BYTES } });
  http2.on('request', handlers.onRequest);
  http2.on('session', (session) => {
    session.setTimeout(handlers.idleTimeout());
    let streams = 0;
    session.on('stream', (stream) => {
      streams++;
      stream.once('close', () => streams--);
    });
    session.on('timeout', () => {
      if (streams === 0) session.close();
    });
    session.on('error', () => session.destroy());
  });

  const acceptHttp1 = (socket: Socket) => {
    const idle = handlers.idleTimeout();
    http1.timeout = idle;
    http1.keepAliveTimeout = idle;
    http1.emit('connection', socket);
  };

  const tls = createTls({
    handshakeTimeout: HANDSHAKE_MILLISECONDS,
    SNICallback: (name, done) => done(null, handlers.secureContext(name)),
    ALPNCallback: ({ protocols: offered }) =>
      ['h2', 'http/1.1'].find((one) => offered.includes(one) && (one !== 'h2' || handlers.http2())),
  });
  let tlsSource = '';
  tls.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    if (socket.alpnProtocol === 'h2') http2.emit('connection', socket);
    else acceptHttp1(socket);
  });
  tls.on('tlsClientError', (_error, socket) => socket.destroy());

  return {
    accept: acceptHttp1,
    acceptTls: (socket) => tls.emit('connection', socket),
    setTls: (options) => {
      const source = JSON.stringify(options);
      // A new context would end the sessions that clients resume.
      if (source !== tlsSource) tls.setSecureContext(options);
      tlsSource = source;
    },
  };
}

/** The head of a request as it came, but asking for no other protocol: the way a load balancer ignores `h2c`. */
function headWithoutUpgrade(req: IncomingMessage): Buffer {
  const lines = [`${req.method} ${req.url} HTTP/${req.httpVersion}`];
  for (let i = 0; i + 1 < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i] ?? '';
    if (!['upgrade', 'connection', 'http2-settings'].includes(name.toLowerCase())) {
      lines.push(`${name}: ${req.rawHeaders[i + 1]}`);
    }
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function refuse(socket: Socket, status: number): void {
  const { body } = statusPage(status);
  socket.end(
    `HTTP/1.1 ${status} ${statusText(status)}\r\nServer: awselb/2.0\r\nContent-Type: text/html\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
