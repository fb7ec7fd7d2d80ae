/**
 * The app behind the gate, as a bare socket server: it keeps every byte that each connection brought, so that nothing
 * which a library would tidy up or drop stays unseen.
 */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface Received {
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  /** Names as they came. */
  readonly headers: readonly (readonly [string, string])[];
  /** Decoded; undefined when it did not come whole. */
  readonly body: string | undefined;
  /** What the connection brought behind this request: always nothing, unless something was smuggled. */
  readonly extra: string;
}

export interface RecordingApp {
  /** From when it listens. */
  readonly port: number;
  listen(): Promise<void>;
  /** What came with this value of `X-Case`. */
  received(caseId: string): readonly Received[];
  /** What came with none of these values, or never as a whole request. */
  others(caseIds: ReadonlySet<string>): readonly Received[];
  stop(): Promise<void>;
}

/** Answers every request with `respond`'s bytes and closes; a 101 leaves the connection open. */
export function recordingApp(respond: (request: Received) => string = () => ANSWER): RecordingApp {
  const connections: Connection[] = [];
  /** Whose request a connection brought; found once its head is whole. */
  const byCase = new Map<string, Connection[]>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const connection: Connection = { bytes: '', answered: false, filed: false };
    connections.push(connection);
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => {
      connection.bytes += data;
      const request = connection.answered ? undefined : parse(connection.bytes);
      if (request === undefined) return;
      if (!connection.filed) {
        connection.filed = true;
        const id = caseOf(request);
        byCase.set(id, [...(byCase.get(id) ?? []), connection]);
      }
      if (request.body === undefined) return;
      connection.answered = true;
      const answer = respond(request);
      socket.write(Buffer.from(answer, 'latin1'));
      // After a switch of protocols it listens on.
      if (!answer.startsWith('HTTP/1.1 101 ')) socket.end();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  let port = 0;
  const read = (list: readonly Connection[]) => list.map(({ bytes }) => parse(bytes) ?? unreadable(bytes));
  return {
    get port() {
      return port;
    },
    async listen() {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      port = (server.address() as AddressInfo).port;
    },
    received: (caseId) => read(byCase.get(caseId) ?? []),
    others: (caseIds) =>
      read(connections.filter(({ bytes, filed }) => bytes !== '' && !filed)).concat(
        [...byCase].flatMap(([id, list]) => (caseIds.has(id) ? [] : read(list))),
      ),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Connection {
  bytes: string;
  answered: boolean;
  filed: boolean;
}

/** No answer of the gate's own has this header. */
export const APP_MARK = 'X-App';
const ANSWER = `HTTP/1.1 200 OK\r\n${APP_MARK}: 1\r\nContent-Length: 4\r\nConnection: close\r\n\r\napp\n`;

function caseOf(request: Received): string {
  return request.headers.find(([name]) => name.toLowerCase() === 'x-case')?.[1] ?? '';
}

function unreadable(bytes: string): Received {
  return { method: '', target: '', protocol: '', headers: [], body: undefined, extra: bytes };
}

/** Undefined while the head is not whole. Anything but CRLF line ends and one framing is left to the checks as it is. */
function parse(bytes: string): Received | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [line = '', ...lines] = bytes.slice(0, end).split('\r\n');
  const [method = '', target = '', ...protocol] = line.split(' ');
  const headers = lines.map((text): readonly [string, string] => {
    const colon = text.indexOf(':');
    return colon < 0 ? ['', text] : [text.slice(0, colon), text.slice(colon + 1).trim()];
  });
  const head = { method, target, protocol: protocol.join(' '), headers };
  const rest = bytes.slice(end + 4);
  const value = (name: string) => headers.find(([given]) => given.toLowerCase() === name)?.[1];
  if (value('transfer-encoding')?.toLowerCase() === 'chunked') return { ...head, ...dechunk(rest) };
  const length = Number(value('content-length') ?? 0);
  return {
    ...head,
    body: rest.length < length ? undefined : rest.slice(0, length),
    extra: rest.slice(length),
  };
}

function dechunk(text: string): { readonly body: string | undefined; readonly extra: string } {
  let body = '';
  let position = 0;
  for (;;) {
    const size = /^([0-9a-f]+)\r\n/i.exec(text.slice(position, position + 20));
    if (size === null) return { body: undefined, extra: '' };
    const length = Number.parseInt(size[1] ?? '', 16);
    const start = position + size[0].length;
    if (text.length < start + length + 2) return { body: undefined, extra: '' };
    if (length === 0) return { body, extra: text.slice(start + 2) };
    body += text.slice(start, start + length);
    position = start + length + 2;
  }
}
