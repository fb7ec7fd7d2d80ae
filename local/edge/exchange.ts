import { type IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Answer } from './answers.js';
import type { RuleRequest } from './conditions.js';
import type { ClientConnection, Header } from './request-headers.js';

/** A request as rules, web ACL and targets see it, whichever HTTP version brought it. */
export interface ExchangeRequest extends RuleRequest, ClientConnection {
  /** Path and query as sent. */
  readonly target: string;
  /** With `Host`, without HTTP/2's pseudo headers; in the order sent. */
  readonly headers: readonly Header[];
  /** Says its host more than once; programs differ in which they believe. */
  readonly ambiguousHost: boolean;
}

/** One request and its one answer. */
export interface Exchange {
  readonly request: ExchangeRequest;
  readonly body: Readable;
  readonly hasBody: boolean;
  /** Whether the head of an answer went out. */
  readonly responded: boolean;
  /** Whether it is over, one way or the other. */
  readonly closed: boolean;
  /** Sends the head; the body is written to what it returns. */
  respond(status: number, headers: readonly Header[]): Writable;
  answer(answer: Answer, headers: readonly Header[]): void;
  /** For a WebSocket handshake: hands the connection over to the target's. @param seen called at every byte */
  readonly switchProtocols?: (headers: readonly Header[], target: Socket, head: Buffer, seen: () => void) => void;
  /** Ends the exchange in the middle, so that the client sees that it is incomplete. */
  destroy(): void;
  /** Called once, when all is sent (`complete`) or the client or we went away. */
  onClosed(listener: (complete: boolean) => void): void;
}

/** After an answer, how long the rest of the request may take before the connection is closed. */
const DISCARD_MILLISECONDS = 5_000;

/** A WebSocket handshake: an exchange as any other, until its target agrees to switch. */
export function upgradeExchangeOf(req: IncomingMessage, socket: Socket, head: Buffer): Exchange {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket);
  res.once('finish', () => socket.end());
  return exchangeOf(req, res, head);
}

export function exchangeOf(
  req: IncomingMessage | Http2ServerRequest,
  res: ServerResponse | Http2ServerResponse,
  upgradeHead?: Buffer,
): Exchange {
  const http1 = res instanceof ServerResponse ? res : undefined;
  let responded = false;
  let finished = false;
  let closed = false;
  onSent(req, res, () => {
    finished = true;
    discardRest(req);
  });
  res.once('close', () => {
    closed = true;
  });
  const respond = (status: number, headers: readonly Header[]): Writable => {
    responded = true;
    if (http1) {
      http1.writeHead(status, headers.flat());
      http1.flushHeaders();
    } else {
      (res as Http2ServerResponse).writeHead(status, headerObject(headers));
    }
    return res as unknown as Writable;
  };
  const destroy = (): void => {
    if ('stream' in req) req.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else req.socket.destroy();
  };
  const switchProtocols: Exchange['switchProtocols'] = (headers, target, head, seen) => {
    responded = true;
    finished = true;
    const socket = req.socket as Socket;
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`, 'latin1'));
    socket.write(head);
    target.write(upgradeHead ?? Buffer.alloc(0));
    socket.on('data', seen);
    target.on('data', seen);
    socket.pipe(target).pipe(socket);
    target.on('error', () => socket.destroy());
    target.once('close', () => socket.destroy());
    socket.once('close', () => target.destroy());
  };
  return {
    request: requestOf(req),
    body: req,
    hasBody: hasBody(req),
    get responded() {
      return responded;
    },
    get closed() {
      return closed;
    },
    respond,
    answer: ({ status, body }, headers) => {
      const bytes = Buffer.from(body, 'utf8');
      const out = respond(status, [...headers, ['Content-Length', String(bytes.length)]]);
      out.end(req.method === 'HEAD' ? undefined : bytes);
    },
    ...(upgradeHead === undefined ? {} : { switchProtocols }),
    destroy,
    onClosed: (listener) => {
      if (closed) listener(finished);
      else res.once('close', () => listener(finished));
    },
  };
}

/** Calls back when the whole answer is handed to the connection. */
function onSent(
  req: IncomingMessage | Http2ServerRequest,
  res: ServerResponse | Http2ServerResponse,
  listener: () => void,
): void {
  if ('stream' in req) {
    const { stream } = req;
    // The response itself says `finish` when the stream closes, for whatever reason.
    stream.once('finish', () => {
      if (!stream.aborted) listener();
    });
  } else {
    res.once('finish', listener);
  }
}

/** Ends what the client still sends after its answer, and lets it read the answer first. */
function discardRest(req: IncomingMessage | Http2ServerRequest): void {
  if (req.readableEnded || req.destroyed) return;
  if ('stream' in req) {
    if (!req.stream.endAfterHeaders) req.stream.close(constants.NGHTTP2_NO_ERROR);
    return;
  }
  req.unpipe();
  req.resume();
  const { socket } = req;
  const timer = setTimeout(() => socket.destroy(), DISCARD_MILLISECONDS).unref();
  req.once('close', () => clearTimeout(timer));
  req.once('end', () => clearTimeout(timer));
}

function requestOf(req: IncomingMessage | Http2ServerRequest): ExchangeRequest {
  const socket = ('stream' in req ? req.stream.session?.socket : req.socket) as Socket | TLSSocket | undefined;
  const pairs: Header[] = [];
  for (let i = 0; i + 1 < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i] ?? '';
    if (!name.startsWith(':')) pairs.push([name, req.rawHeaders[i + 1] ?? '']);
  }
  const url = req.url ?? '/';
  const absolute = /^https?:\/\/([^/?#]*)/i.exec(url);
  const host = absolute?.[1] ?? ('stream' in req ? req.authority || undefined : undefined) ?? req.headers.host ?? '';
  const target = absolute ? `/${url.slice(absolute[0].length).replace(/^\//, '')}` : url;
  const question = target.indexOf('?');
  // Asked for by its value: the socket of an HTTP/2 session is a proxy, which denies having what it gives.
  const tls = typeof (socket as TLSSocket | undefined)?.getCipher === 'function' ? (socket as TLSSocket) : undefined;
  const hosts = pairs.filter(([name]) => name.toLowerCase() === 'host').map(([, value]) => value);
  // HTTP/2 names the host in :authority, and may say it again.
  const contradicted = 'stream' in req && hosts.some((value) => value !== host);
  return {
    method: req.method ?? 'GET',
    target,
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? '' : target.slice(question + 1),
    host,
    headers: [['Host', host], ...joinCookies(pairs).filter(([name]) => name.toLowerCase() !== 'host')],
    ambiguousHost: hosts.length > 1 || contradicted,
    client: (socket?.remoteAddress ?? '').replace(/^::ffff:/, ''),
    clientPort: socket?.remotePort ?? 0,
    scheme: tls ? 'https' : 'http',
    port: socket?.localPort ?? 0,
    // Both are null when the client is gone already, which the types do not say.
    ...(tls ? { tls: { version: tls.getProtocol() ?? '', cipher: tls.getCipher()?.standardName ?? '' } } : {}),
  };
}

/** HTTP/2 may send a cookie header in pieces; HTTP/1.1 has one. */
function joinCookies(pairs: readonly Header[]): readonly Header[] {
  const cookies = pairs.filter(([name]) => name.toLowerCase() === 'cookie').map(([, value]) => value);
  if (cookies.length < 2) return pairs;
  return [...pairs.filter(([name]) => name.toLowerCase() !== 'cookie'), ['Cookie', cookies.join('; ')]];
}

function hasBody(req: IncomingMessage | Http2ServerRequest): boolean {
  if ('stream' in req) return !req.stream.endAfterHeaders;
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > 0);
}

function headerObject(headers: readonly Header[]): Record<string, string | string[]> {
  const object: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    // HTTP/2 has no headers about the connection.
    if (key === 'connection' || key === 'transfer-encoding') continue;
    const before = object[key];
    object[key] = before === undefined ? value : [...[before].flat(), value];
  }
  return object;
}
