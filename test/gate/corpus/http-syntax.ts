/**
 * How HTTP/1.1 (RFC 9110 and 9112) reads one request out of the bytes of a connection. It is the model's own reading:
 * it shares no code with the gate. Bytes are a string of one character each (`latin1`).
 */

/** Characters of a line that must be taken, as much as a load balancer passes on; and of one that must not. */
const LINE = { takes: 16_000, refuses: 65_536 };
/** The same for all lines of a head. */
const HEAD = { takes: 64_000, refuses: 280_000 };

export interface Request {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** `1.0` or `1.1`. */
  readonly version: '1.0' | '1.1';
  /** In order, with the names as sent and the values trimmed. */
  readonly headers: readonly (readonly [string, string])[];
  /** Decoded from its framing. `undefined`: the bytes end, or are malformed, within the body. */
  readonly body: string | undefined;
  /** What the framing says about the body's length before it is read. */
  readonly announced: number | 'chunked' | 'none';
  /** The statuses with which a strict recipient may refuse what a lenient one repairs. */
  readonly mayRefuse: readonly number[];
}

export type Reading =
  /** Nothing but line ends follows. */
  | { readonly kind: 'end' }
  /** The head is not whole: no recipient can act on it. */
  | { readonly kind: 'incomplete' }
  /** HTTP/0.9: a line without a version. */
  | { readonly kind: 'simple' }
  | { readonly kind: 'malformed'; readonly statuses: readonly number[] }
  | { readonly kind: 'request'; readonly request: Request; readonly next: number };

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What every server takes as a name; other tokens are refused or ignored by many. */
const PLAIN_NAME = /^[A-Za-z0-9-]+$/;
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:\d*)?$/;
/** Names that everybody takes; what else the grammar allows may be refused. */
const PLAIN_HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?)(:\d{1,4})?$/;

export function readRequest(bytes: string, from: number): Reading {
  let position = from;
  while (bytes[position] === '\r' || bytes[position] === '\n') position++;
  if (position >= bytes.length) return { kind: 'end' };
  const first = readLine(bytes, position);
  if (first === undefined) {
    if (bytes.length - position > LINE.refuses) return malformed(414, 400);
    // A server need not wait for the line's end to see that it is none of HTTP's.
    return /^[A-Z_-]{1,64}( |$)/.test(bytes.slice(position)) ? { kind: 'incomplete' } : malformed(400);
  }
  if (first.text.length > LINE.refuses) return malformed(414, 400);
  const mayRefuse: number[] = first.text.length > LINE.takes ? [414] : [];
  if (first.bare) mayRefuse.push(400);
  const line = /^([^ ]+)( +)([^ ]+)(?:( +)([^ ]+))?( *)$/.exec(first.text);
  const [, method = '', gap = '', target = '', gap2 = '', protocol, trailing = ''] = line ?? [];
  if (line === null || !TOKEN.test(method)) return malformed(400);
  if (protocol === undefined && target.startsWith('/')) return { kind: 'simple' };
  if (protocol === undefined) return malformed(400);
  const version = /^HTTP\/(\d+)\.(\d+)$/.exec(protocol);
  if (version === null) return malformed(400, 505);
  if (version[1] !== '1') return malformed(400, 505);
  // RFC 9112, 3: whitespace may be read leniently, or refused.
  if (gap.length > 1 || gap2.length > 1 || trailing !== '') mayRefuse.push(400);
  if (!/^[A-Z]+$/.test(method)) mayRefuse.push(400);
  const head = readHeaders(bytes, first.next);
  if (head.kind !== 'headers') return head;
  mayRefuse.push(...head.mayRefuse);
  return frame({
    bytes,
    next: head.next,
    method,
    target,
    version: Number(version[2]) >= 1 ? '1.1' : '1.0',
    headers: head.headers,
    mayRefuse,
  });
}

type Head =
  | {
      readonly kind: 'headers';
      readonly headers: readonly (readonly [string, string])[];
      readonly next: number;
      readonly mayRefuse: readonly number[];
    }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly statuses: readonly number[] };

function readHeaders(bytes: string, from: number): Head {
  const headers: (readonly [string, string])[] = [];
  const mayRefuse: number[] = [];
  let position = from;
  let bad = false;
  for (;;) {
    const line = readLine(bytes, position);
    const length = line?.text.length ?? bytes.length - position;
    const read = (line?.next ?? bytes.length) - from;
    if (read > HEAD.refuses || length > LINE.refuses) return malformed(431, 400);
    if (read > HEAD.takes || length > LINE.takes) mayRefuse.push(431);
    // A server may answer at the first bad line, without the end of the head.
    if (bad) return malformed(400);
    if (line === undefined) return { kind: 'incomplete' };
    position = line.next;
    if (line.text === '') return { kind: 'headers', headers, next: position, mayRefuse };
    if (line.bare) mayRefuse.push(400);
    const colon = line.text.indexOf(':');
    const name = colon < 0 ? line.text : line.text.slice(0, colon);
    // RFC 9112, 2.2: a lone CR is refused or read as a space, which at the end is none.
    const value = (colon < 0 ? '' : line.text.slice(colon + 1)).replace(/\r+$/, '');
    if (line.text.endsWith('\r')) mayRefuse.push(400);
    // Whitespace or control characters in or around a name (folded lines begin so), a NUL or a lone CR anywhere.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the subject
    if (name === '' || /[\u0000-\u0020\u007f]/.test(name) || /[\u0000\r]/.test(value)) bad = true;
    else if (colon < 0 || !PLAIN_NAME.test(name)) {
      // No header of any meaning: refused or ignored.
      mayRefuse.push(400, 501);
    } else {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the subject
      if (/[\u0001-\u0008\u000a-\u001f\u007f]/.test(value)) mayRefuse.push(400);
      headers.push([name, value.replace(/^[ \t]+|[ \t]+$/g, '')]);
    }
  }
}

function frame(head: {
  readonly bytes: string;
  readonly next: number;
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly headers: readonly (readonly [string, string])[];
  readonly mayRefuse: readonly number[];
}): Reading {
  const { bytes, next, method, target, version, headers } = head;
  const mayRefuse = [...head.mayRefuse];
  const hosts = valuesOf(headers, 'host');
  if (hosts.length > 1 || (hosts.length === 0 && version === '1.1')) return malformed(400);
  if (hosts[0] !== undefined && !HOST.test(hosts[0])) return malformed(400);
  if (hosts[0] !== undefined && !PLAIN_HOST.test(hosts[0])) mayRefuse.push(400);
  // No list: of two, no server could say which counts.
  if (valuesOf(headers, 'authorization').length > 1) mayRefuse.push(400);

  const codings = valuesOf(headers, 'transfer-encoding');
  const lengths = valuesOf(headers, 'content-length');
  // RFC 9112, 6.1: both, or a coding in HTTP/1.0, are the marks of smuggling; a coding that is not known is 501.
  if (codings.length > 0 && (lengths.length > 0 || codings.length > 1 || version === '1.0')) return malformed(400, 501);
  if (codings[0] !== undefined && codings[0].toLowerCase() !== 'chunked') return malformed(400, 501);
  if (lengths.length > 1 || (lengths[0] !== undefined && !/^\d+$/.test(lengths[0]))) return malformed(400);
  // OWS around a value is a space or a tab; not every server trims the tab.
  if (/\n(transfer-encoding|content-length):[^\n]*\t/i.test(bytes.slice(0, next))) mayRefuse.push(400, 501);
  const rest = { method, target, version, headers };
  if (codings.length > 0) {
    const chunks = readChunks(bytes, next);
    mayRefuse.push(...chunks.mayRefuse);
    return {
      kind: 'request',
      request: { ...rest, body: chunks.body, announced: 'chunked', mayRefuse },
      next: chunks.next,
    };
  }
  const announced = lengths[0] === undefined ? 'none' : Number(lengths[0]);
  if (announced !== 'none' && announced > Number.MAX_SAFE_INTEGER) return malformed(400, 413);
  const length = announced === 'none' ? 0 : announced;
  const body = bytes.length - next < length ? undefined : bytes.slice(next, next + length);
  return { kind: 'request', request: { ...rest, body, announced, mayRefuse }, next: next + length };
}

interface Chunks {
  readonly body: string | undefined;
  readonly next: number;
  readonly mayRefuse: readonly number[];
}

function readChunks(bytes: string, from: number): Chunks {
  const mayRefuse: number[] = [];
  const broken: Chunks = { body: undefined, next: bytes.length, mayRefuse };
  let body = '';
  let position = from;
  for (;;) {
    const line = readLine(bytes, position);
    const size = /^([0-9A-Fa-f]{1,12})([ \t]*)(;.*)?$/.exec(line?.text ?? '');
    if (line === undefined || size === null) return broken;
    if (line.bare || size[2] !== '' || size[3] !== undefined) mayRefuse.push(400);
    const length = Number.parseInt(size[1] ?? '', 16);
    position = line.next;
    if (length === 0) break;
    if (bytes.length - position < length) return broken;
    body += bytes.slice(position, position + length);
    position += length;
    if (bytes[position] === '\n') mayRefuse.push(400);
    const end = readLine(bytes, position);
    if (end === undefined || end.text !== '') return broken;
    position = end.next;
  }
  // Trailers: read over, never passed on.
  for (;;) {
    const line = readLine(bytes, position);
    if (line === undefined) return broken;
    position = line.next;
    if (line.text === '') return { body, next: position, mayRefuse };
    mayRefuse.push(400);
  }
}

function readLine(
  bytes: string,
  from: number,
): { readonly text: string; readonly next: number; readonly bare: boolean } | undefined {
  const end = bytes.indexOf('\n', from);
  if (end < 0) return undefined;
  const bare = end === from || bytes[end - 1] !== '\r';
  return { text: bytes.slice(from, bare ? end : end - 1), next: end + 1, bare };
}

export function valuesOf(headers: readonly (readonly [string, string])[], name: string): readonly string[] {
  return headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
}

function malformed(...statuses: number[]): { readonly kind: 'malformed'; readonly statuses: readonly number[] } {
  return { kind: 'malformed', statuses };
}
