/** Signing in and out: a key is exchanged for a session cookie. */

import { SESSION_PATH } from '../../locations';
import type { Trace } from '../answer/outcome';
import { claimedKeyId, isWellFormed } from '../credential/credential';
import { askAuthorizer, cachedVerdict, type Held, type Verdict } from '../decision/authorize';
import { authorizerEvent, type GatePorts } from '../gate';
import { banLeft, noteFailure } from '../limits/abuse';
import { takeFromWindow } from '../limits/window';
import { type Client, identifyClient } from '../request/client';
import { queryPairs } from '../request/query';
import { headerOf } from '../request/request-headers';
import { parseTarget } from '../request/target';
import type { GateRequest } from '../request/visit';
import type { SessionPorts } from './browser';
import { openSession, sealSession, setCookie, takeSessionCookies } from './session-cookie';
import { type PageState, type Problem, signInPage } from './sign-in-page';

/** What the sign-in page's location answers. */
export interface SessionAnswer {
  readonly status: 200 | 204 | 303 | 400 | 401 | 403 | 405 | 429 | 503;
  /** For logs and metrics. */
  readonly reason: string;
  /** HTML; absent: an answer without a body, or the gate's own JSON for 405. */
  readonly page?: string;
  readonly location?: string;
  readonly cookie?: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

const MINUTE = 60_000;

export async function answerSession(
  request: GateRequest,
  /** The body of a POST. */
  body: string,
  ports: GatePorts,
  sessions: SessionPorts,
  held: Held,
  trace: Trace,
): Promise<SessionAnswer> {
  const { options } = ports.settings;
  const client = identifyClient(
    headerOf(request.headers, 'x-forwarded-for'),
    headerOf(request.headers, 'x-forwarded-proto'),
    request.peer,
    options.trustedHops,
  );
  trace.client = client.address;
  trace.path = SESSION_PATH;
  const { method } = request;
  const state: PageState = {
    languages: headerOf(request.headers, 'accept-language') ?? '',
    back: '/',
    signedIn: false,
  };
  const refuse = (status: 400 | 401 | 403 | 429 | 503, reason: string, problem: Problem, retryAfter?: number) => ({
    status,
    reason,
    page: signInPage({ ...state, problem }),
    ...(retryAfter !== undefined && { retryAfter }),
  });
  if (!['GET', 'HEAD', 'POST', 'DELETE'].includes(method)) return { status: 405, reason: 'method-unknown' };
  const window = { limit: options.limits.requestsPerMinute, length: MINUTE };
  const counted = takeFromWindow(ports.limits, `a${client.network}:`, window, ports.now());
  if (!counted.allowed) return refuse(429, 'client-rate', 'busy', counted.retryAfter);

  if (method === 'GET' || method === 'HEAD') {
    const given = queryPairs(request.target.split('?').slice(1).join('?')).find(([name]) => name === 'return')?.[1];
    const signedIn = await isSignedIn(request, ports, sessions);
    return {
      status: 200,
      reason: 'sign-in-page',
      page: signInPage({ ...state, back: localPath(given, options.relaxedPaths), signedIn }),
    };
  }
  if (!isSameOrigin(request, sessions.host, client.proto)) return refuse(403, 'origin', 'origin');
  if (method === 'DELETE') return { status: 204, reason: 'signed-out', cookie: setCookie() };
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(headerOf(request.headers, 'content-type') ?? '')) {
    return refuse(400, 'unreadable', 'form');
  }
  const form = new Map(queryPairs(body));
  if (form.has('end')) return { status: 303, reason: 'signed-out', location: SESSION_PATH, cookie: setCookie() };
  const back = localPath(form.get('return'), options.relaxedPaths);
  const key = form.get('key')?.trim() ?? '';
  const verdict = await verdictOn(key, request, client, ports, held);
  const again = (problem: Problem) => signInPage({ ...state, back, problem });
  if (verdict.kind === 'allow') {
    trace.cache = verdict.cache;
    trace.keyId = verdict.grant.keyId ?? '';
    const issued = Math.floor(ports.now() / 1000);
    const { lifetime } = options.webSession ?? { lifetime: 0 };
    const session = { key, issued, expires: issued + lifetime };
    const sealed = await sealSession(session, sessions.host, sessions.secrets(), sessions.sealing);
    return { status: 303, reason: 'signed-in', location: back, cookie: setCookie(sealed, lifetime) };
  }
  if (verdict.kind === 'failure') return { status: 503, reason: 'authorizer', page: again('failed'), retryAfter: 5 };
  if (verdict.kind === 'busy') {
    return { status: 429, reason: verdict.reason, page: again('busy'), retryAfter: verdict.retryAfter };
  }
  return { status: 401, reason: verdict.reason, page: again('refused') };
}

/** The decision about the key; a failed attempt that caused no invocation counts as a miss of the client all the same. */
async function verdictOn(
  key: string,
  request: GateRequest,
  client: Client,
  ports: GatePorts,
  held: Held,
): Promise<Verdict> {
  const { options } = ports.settings;
  const miss = (reason: 'malformed' | Extract<Verdict, { kind: 'deny' }>['reason']): Verdict => {
    noteFailure(ports, client.network, claimedKeyId(key, options.keyPrefix));
    const window = { limit: options.limits.missesPerMinute, length: MINUTE };
    const taken = takeFromWindow(ports.limits, `m${client.network}:`, window, ports.now());
    if (!taken.allowed) return { kind: 'busy', reason: 'misses', retryAfter: taken.retryAfter };
    return { kind: 'deny', status: 401, reason, cache: 'none' };
  };
  const cacheKey = ports.digest(key);
  const seconds = banLeft(ports, client.network, cacheKey);
  if (seconds > 0) return { kind: 'busy', reason: 'banned', retryAfter: seconds };
  if (!isWellFormed(key, 'header', options.keyPrefix)) return miss('malformed');
  const cached = cachedVerdict(ports, cacheKey);
  if (cached?.kind === 'deny') return miss(cached.reason);
  if (cached !== undefined) return cached;
  const visit = {
    request: { ...request, headers: [] },
    target: { rawPath: SESSION_PATH, path: SESSION_PATH, query: undefined },
    client,
    network: client.network,
  };
  const identified = { kind: 'one' as const, values: [key], cacheText: key, query: undefined };
  const event = () => JSON.stringify(authorizerEvent(visit, identified, ports));
  const verdict = await askAuthorizer(ports, { cacheKey, network: client.network, event }, held);
  if (verdict.kind === 'deny' || (verdict.kind === 'busy' && verdict.reason === 'misses')) {
    noteFailure(ports, client.network, claimedKeyId(key, options.keyPrefix));
  }
  return verdict;
}

async function isSignedIn(request: GateRequest, ports: GatePorts, sessions: SessionPorts): Promise<boolean> {
  for (const value of takeSessionCookies(request.headers).values) {
    if (await openSession(value, sessions.host, sessions.secrets(), sessions.sealing, ports.now())) return true;
  }
  return false;
}

/**
 * Whether a form was sent by a page of this very site. Browsers say so in a header that pages cannot set; those that do
 * not yet send `Origin`. Without either the request is refused, since any page could have made it.
 */
function isSameOrigin(request: GateRequest, host: string, proto: string): boolean {
  const origin = headerOf(request.headers, 'origin');
  const site = headerOf(request.headers, 'sec-fetch-site');
  const own = host.toLowerCase();
  const given = origin?.toLowerCase();
  // A page under `Referrer-Policy: no-referrer` sends the origin "null".
  // The scheme is left to the browser here: of several proxies the last may have been spoken to in plain HTTP.
  const hidden = given === undefined || given === 'null';
  if (site !== undefined) {
    return site === 'same-origin' && (hidden || given === `https://${own}` || given === `http://${own}`);
  }
  return given === `${proto}://${own}`;
}

/** A path of this site, with its query, or `/`: never a way to another site. */
function localPath(given: string | undefined, relaxedPaths: readonly string[]): string {
  if (given === undefined || !/^\/(?![/\\])[!-~]*$/.test(given)) return '/';
  return parseTarget(given, relaxedPaths) === undefined || given.startsWith('/.voicegate/') ? '/' : given;
}
