/**
 * What must become of the bytes that a client sends to the gate, request by request. Written from the product's
 * promises alone and sharing no code with the gate, so that the gate is not checked against itself.
 */

import { isUtf8 } from 'node:buffer';
import { isIP } from 'node:net';
import type { Decision } from '../../../contract/decision';
import type { GateOptions } from '../../../contract/gate-options';
import { type Request, readRequest, valuesOf } from './http-syntax';
import { judgeTarget } from './model-target';

/** All that an outcome depends on besides the bytes. */
export interface World {
  readonly options: GateOptions;
  /** What the authorizer decides about each credential it knows; it refuses others with 401. */
  readonly credentials: ReadonlyMap<string, Decision>;
  /** Address of the connection's other end. */
  readonly peer: string;
}

/** What the app must receive, exactly. */
export interface Forwarded {
  readonly method: string;
  /** Any of these request targets: one, unless taking the credential out of the query leaves a bare `?`. */
  readonly targets: readonly string[];
  /** Lower case; undefined where the client named none. */
  readonly host: string | undefined;
  /** Values of the identity headers; undefined: absent or empty. */
  readonly principal: string | undefined;
  readonly keyId: string | undefined;
  readonly scopes: string | undefined;
  readonly forwardedFor: string;
  readonly proto: 'http' | 'https';
  /** Headers that are nobody's business but the app's; others may be left out. */
  readonly passed: readonly (readonly [string, string])[];
  /** Undefined: only its beginning can have come. */
  readonly body: string | undefined;
}

export interface Outcome {
  /** Statuses with which the gate may refuse; empty: it must not. */
  readonly refused: readonly number[];
  /** Present: the gate may pass it on, and must unless it refuses. */
  readonly forwarded?: Forwarded;
  /** The connection need not be used after a refusal; after a plain 401 or 403 it stays. */
  readonly mayEnd: boolean;
  /** An HTTP/0.9 request is answered without a status line. */
  readonly bare?: boolean;
  /** The body is broken or never ends: a gate that streams has passed its beginning on before it can know. */
  readonly partial?: Forwarded;
}

export interface Trace {
  readonly outcomes: readonly Outcome[];
  /** `incomplete`: the client must end the connection, for the server rightly waits for more. */
  readonly end: 'closed' | 'open' | 'incomplete';
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What apps read, and no gate has a reason to touch. */
const OWN =
  /^(user-agent|accept|accept-.*|content-type|content-encoding|cookie|origin|referer|range|if-.*|sec-.*|x-other|x-long|x-case|x-amzn-trace-id)$/i;
/** Free of control characters, which nothing of a request may hold. */
function isFree(value: string): boolean {
  return /^[\t -~\u0080-\u00ff]*$/.test(value);
}

function isText(value: string): boolean {
  return isUtf8(Buffer.from(value, 'latin1'));
}

/** The outcome of each request on a connection that carries these bytes. */
export function predict(bytes: string, world: World): Trace {
  const outcomes: Outcome[] = [];
  let position = 0;
  for (;;) {
    const reading = readRequest(bytes, position);
    if (reading.kind === 'end') return { outcomes, end: 'open' };
    if (reading.kind === 'incomplete') return { outcomes, end: 'incomplete' };
    if (reading.kind === 'simple') {
      // Without headers it has no credential, and without a status line no refusal: no client of today sends it.
      outcomes.push({ refused: [400], mayEnd: true, bare: true });
      return { outcomes, end: 'closed' };
    }
    if (reading.kind === 'malformed') {
      outcomes.push({ refused: reading.statuses, mayEnd: true });
      return { outcomes, end: 'closed' };
    }
    const { request } = reading;
    outcomes.push(judge(request, world));
    if (request.body === undefined) return { outcomes, end: 'incomplete' };
    const connection = valuesOf(request.headers, 'connection').flatMap((value) => value.toLowerCase().split(/[\s,]+/));
    const persists = request.version === '1.1' ? !connection.includes('close') : connection.includes('keep-alive');
    if (!persists) return { outcomes, end: 'closed' };
    position = reading.next;
  }
}

function judge(request: Request, world: World): Outcome {
  const { options } = world;
  const { method } = request;
  const mayRefuse = [...request.mayRefuse];
  const tooLarge = typeof request.announced === 'number' && request.announced > options.maxBodyBytes;
  const large = tooLarge || (request.body?.length ?? 0) > options.maxBodyBytes ? [413] : [];
  const target = judgeTarget(request.target, options.relaxedPaths);

  const first: number[] = [];
  if (!METHODS.includes(method)) first.push(405, 501);
  // The target of CONNECT is no path, so there is no telling which of the two is wrong.
  if (target.kind === 'refused' || method === 'CONNECT') first.push(400);
  if (target.kind === 'refused' || first.length > 0) {
    return { refused: [...first, ...large, ...mayRefuse], mayEnd: true };
  }

  const own = request.headers.filter(([name]) => OWN.test(name));
  if (own.some(([, value]) => !isFree(value))) return { refused: [400, ...large, ...mayRefuse], mayEnd: true };
  // Passed on as they came, or not at all; of other headers control characters may be refused too.
  if (request.headers.some(([, value]) => !isText(value) || !isFree(value))) mayRefuse.push(400);

  const decision = decide(request, target, world);
  const refused = [...decision.refused, ...large, ...mayRefuse, ...target.mayRefuse];
  if (decision.allowed === undefined || tooLarge) {
    // What remains of a body that nobody wants may be read over, or turn out to be broken.
    if (request.body === undefined && request.announced === 'chunked') refused.push(400);
    const plain = request.announced === 'none' && refused.every((status) => status === 401 || status === 403);
    return { refused, mayEnd: !plain };
  }
  const grant = decision.allowed === 'public' ? undefined : decision.allowed;
  const hosts = valuesOf(request.headers, 'host');
  const forwarded: Forwarded = {
    method,
    targets: forwardedTargets(target.rawPath, target.query, options.queryKey),
    host: (target.authority ?? hosts[0])?.toLowerCase(),
    principal: grant && percentEncoded(grant.principal),
    keyId: grant?.keyId && percentEncoded(grant.keyId),
    scopes: grant && percentEncoded(grant.scopes.join(' ')),
    ...clientOf(request, world),
    passed: own.filter(([, value]) => value !== ''),
    body: request.body,
  };
  if (request.body === undefined) return { refused: [...refused, 400, 413], mayEnd: true, partial: forwarded };
  return large.length > 0 ? { refused, mayEnd: true, partial: forwarded } : { refused, mayEnd: true, forwarded };
}

type Grant = Extract<Decision, { outcome: 'allow' }>['grant'];

interface Judgement {
  readonly refused: readonly number[];
  readonly allowed?: Grant | 'public';
}

function decide(
  request: Request,
  target: { readonly path: string; readonly query: string | undefined },
  world: World,
): Judgement {
  const { options, credentials } = world;
  const method = request.method;
  const open = options.publicRoutes.some(
    (route) =>
      (route.method === '*' || route.method === method || (route.method === 'GET' && method === 'HEAD')) &&
      covers(route.path, target.path),
  );
  // What answers a GET without looking at its body would be kept waiting by it.
  const hasBody = request.announced !== 'none' && request.announced !== 0;
  if (open && hasBody && ['GET', 'HEAD'].includes(method)) return { refused: [400] };
  if (open) return { refused: [], allowed: 'public' };

  const found = new Set<string>();
  const keys = new Set<string>();
  let malformed = false;
  for (const value of valuesOf(request.headers, 'x-api-key')) if (value !== '') keys.add(value);
  for (const value of valuesOf(request.headers, 'authorization')) {
    const bearer = /^bearer(?:[ \t]+|$)(.*)$/i.exec(value);
    if (bearer?.[1] === '') malformed = true;
    else if (bearer?.[1] !== undefined) found.add(bearer[1]);
  }
  if (options.queryKey) for (const value of queryKeys(target.query)) if (value !== '') keys.add(value);
  for (const key of keys) found.add(key);

  // A list of two is a repeated header written in one line.
  if ([...found].some((text) => text.includes(','))) return { refused: [400, 401] };
  if (found.size > 1) return { refused: [400] };
  const [text = ''] = found;
  // Only a Bearer credential may be something else than a key.
  const known = !keys.has(text) || text.startsWith(`${options.keyPrefix}_`);
  const decision = known ? credentials.get(text) : undefined;
  if (decision === undefined) return { refused: [401] };
  if (decision.outcome === 'deny') return { refused: [decision.status] };
  const { grant } = decision;
  const needed = options.requiredScopes.find((route) => covers(route.path, target.path))?.scopes ?? [];
  if (
    (grant.paths && !grant.paths.some((pattern) => covers(pattern, target.path))) ||
    (grant.methods && !grant.methods.includes(method)) ||
    !needed.every((scope) => grant.scopes.includes(scope))
  ) {
    return { refused: [403] };
  }
  return { refused: malformed ? [401] : [], allowed: grant };
}

/** `/x` is that path alone, `/x/*` every path that begins with `/x/`. */
function covers(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

function queryKeys(query: string | undefined): readonly string[] {
  return [...new URLSearchParams(`?${query ?? ''}`)]
    .filter(([name]) => name === 'api_key')
    .map(([, value]) => value.trim());
}

function forwardedTargets(rawPath: string, query: string | undefined, queryKey: boolean): readonly string[] {
  if (query === undefined) return [rawPath];
  const kept = query
    .split('&')
    .filter((pair) => !queryKey || ![...new URLSearchParams(`?${pair}`).keys()].includes('api_key'))
    .join('&');
  return kept === '' && query !== '' ? [rawPath, `${rawPath}?`] : [`${rawPath}?${kept}`];
}

/** The trusted proxy's entry of X-Forwarded-For: each proxy appends the address it saw. */
function clientOf(request: Request, world: World): { readonly forwardedFor: string; readonly proto: 'http' | 'https' } {
  const entries = valuesOf(request.headers, 'x-forwarded-for').join(',').split(',');
  const entry = entries[entries.length - world.options.trustedHops]?.trim() ?? '';
  const bare = /^\[(.*)\](?::\d+)?$/.exec(entry)?.[1] ?? entry.replace(/^([\d.]+):\d+$/, '$1');
  // With no proxy in front, both headers are the client's own claims.
  const told = world.options.trustedHops === 0 ? [] : valuesOf(request.headers, 'x-forwarded-proto');
  const protocol = told.join(',').split(',').at(-1)?.trim().toLowerCase();
  return {
    forwardedFor: isIP(bare) > 0 && !bare.includes('%') ? bare : world.peer,
    proto: protocol === 'https' ? 'https' : 'http',
  };
}

/** Percent-encoded UTF-8 outside `A-Za-z0-9._~@:/+-`, cut to 1 KB before the character that does not fit. */
export function percentEncoded(text: string): string {
  const characters = Array.from(text, (character) =>
    [...Buffer.from(character, 'utf8')]
      .map((byte) => {
        const ascii = String.fromCharCode(byte);
        return /[A-Za-z0-9._~@:/+-]/.test(ascii) ? ascii : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
      })
      .join(''),
  );
  let length = 0;
  const kept = characters.findIndex((encoded) => {
    length += encoded.length;
    return length > 1024;
  });
  return characters.slice(0, kept < 0 ? undefined : kept).join('');
}
