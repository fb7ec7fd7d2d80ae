/** Signing in and out: a key is exchanged for a session cookie. */

import { SESSION_PATH } from '../../locations';
import { claimedKeyId, isWellFormed } from '../credential/credential';
import {
  type AuthorizePorts,
  askAuthorizer,
  type CacheState,
  cachedVerdict,
  type Verdict,
} from '../decision/authorize';
import type { Held } from '../decision/invocations';
import { banLeft, noteFailure, noteMalformed } from '../limits/abuse';
import { takeOverall } from '../limits/limits';
import { giveBack, type Taken, takeFromWindow } from '../limits/window';
import type { Client } from '../request/client';
import { parameterValues, queryPairs } from '../request/query';
import { type Headers, headerOf } from '../request/request-headers';
import { isClearTarget } from '../request/target';
import { LONGEST_RETURN, type SessionPorts } from './browser';
import { openSession, sealSession, setCookie, takeSessionCookies } from './session-cookie';
import { type PageState, type Problem, signInPage } from './sign-in-page';

/** What of a visit is looked at, and what is noted for the log. */
export interface SignInVisit {
  readonly method: string;
  readonly target: string;
  readonly headers: Headers;
  readonly peer: string;
  readonly ports: AuthorizePorts & Held & { digest(text: string): string };
  readonly client: Client;
  cache: CacheState | '';
  keyId: string;
}

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

/** What is answered before anything of a body is read; undefined: {@link answerSession} says more. */
export function refuseSession(visit: SignInVisit, sessions: SessionPorts): SessionAnswer | undefined {
  const { ports, method, headers, client } = visit;
  const limited = takeOverall(ports.limits, ports.settings.options.limits, client.network, ports.now());
  if (limited !== undefined) return refusal(visit, 429, 'client-rate', 'busy', limited.retryAfter);
  if (!['GET', 'HEAD', 'POST', 'DELETE'].includes(method)) return { status: 405, reason: 'method-unknown' };
  // Only a form has a body, of a length that is told: nginx refuses a longer one by itself.
  const isForm = method === 'POST';
  const hasBody = headerOf(headers, 'transfer-encoding') !== undefined;
  if (hasBody || (!isForm && (headerOf(headers, 'content-length') ?? '0') !== '0')) {
    return refusal(visit, 400, 'body', 'form');
  }
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (!isSameOrigin(headers, sessions.host, client.proto)) return refusal(visit, 403, 'origin', 'origin');
  const isReadable = !isForm || FORM.test(headerOf(headers, 'content-type') ?? '');
  return isReadable ? undefined : refusal(visit, 400, 'unreadable', 'form');
}

const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i;

function pageState(visit: SignInVisit): PageState {
  return { languages: headerOf(visit.headers, 'accept-language') ?? '', back: '/', signedIn: false };
}

/** Forms of one client that may come slowly, or not at all, within a minute. */
const SLOW_FORMS = 4;
/** Milliseconds within which a form has come at once. */
const PROMPT = 1000;

/**
 * Notes that a form is waited for, or refuses it: forms that come slowly hold places that others need, so a client has
 * few of them a minute. `site` is whom nginx counts the client's connections for.
 */
export function beginForm(visit: SignInVisit, site: string): Taken | SessionAnswer {
  const { ports } = visit;
  const window = { limit: SLOW_FORMS, length: MINUTE };
  const taken = takeFromWindow(ports.limits, `u${site}:`, window, ports.now());
  return taken.allowed ? taken : refusal(visit, 429, 'slow-forms', 'busy', taken.retryAfter);
}

/** The form has come whole, after so many milliseconds. */
export function endForm({ ports }: SignInVisit, { slot }: Taken, took: number): void {
  if (slot !== undefined && took < PROMPT) giveBack(ports.limits, slot);
}

function refusal(
  visit: SignInVisit,
  status: 400 | 403 | 429,
  reason: string,
  problem: Problem,
  retryAfter?: number,
): SessionAnswer {
  const page = signInPage({ ...pageState(visit), problem });
  return { status, reason, page, ...(retryAfter !== undefined && { retryAfter }) };
}

/** Answers a request that {@link refuseSession} has let pass. */
export async function answerSession(
  visit: SignInVisit,
  /** The body of a POST. */
  body: string,
  sessions: SessionPorts,
  /** Makes the authorizer's event for a key. */
  eventFor: (key: string) => string,
): Promise<SessionAnswer> {
  const { ports, method } = visit;
  const { options } = ports.settings;
  const state = pageState(visit);
  if (method === 'GET' || method === 'HEAD') {
    const given = parameterValues(visit.target.split('?').slice(1).join('?'), 'return')[0];
    const signedIn = await isSignedIn(visit, sessions);
    return {
      status: 200,
      reason: 'sign-in-page',
      page: signInPage({ ...state, back: localPath(given, options.relaxedPaths), signedIn }),
    };
  }
  if (method === 'DELETE') return { status: 204, reason: 'signed-out', cookie: setCookie() };
  const form = new Map(queryPairs(body));
  if (form.has('end')) return { status: 303, reason: 'signed-out', location: SESSION_PATH, cookie: setCookie() };
  const back = localPath(form.get('return'), options.relaxedPaths);
  const key = form.get('key')?.trim() ?? '';
  const verdict = await verdictOn(key, visit, eventFor);
  const again = (problem: Problem) => signInPage({ ...state, back, problem });
  if (verdict.kind === 'allow') {
    visit.cache = verdict.cache;
    visit.keyId = verdict.allow.grant.keyId ?? '';
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
  { ports, client: { network } }: SignInVisit,
  eventFor: (key: string) => string,
): Promise<Verdict> {
  const { options } = ports.settings;
  const cacheKey = ports.digest(key);
  const miss = (reason: Extract<Verdict, { kind: 'deny' }>['reason']): Verdict => {
    const window = { limit: options.limits.missesPerMinute, length: MINUTE };
    const taken = takeFromWindow(ports.limits, `m${network}:`, window, ports.now());
    if (!taken.allowed) return { kind: 'busy', reason: 'misses', retryAfter: taken.retryAfter };
    return { kind: 'deny', status: 401, reason, cache: 'none' };
  };
  const isBanned = banLeft(ports, network) > 0;
  if (!isWellFormed(key, 'header', options.keyPrefix)) {
    if (!isBanned) noteMalformed(ports, network, cacheKey);
    return miss('malformed');
  }
  const cached = cachedVerdict(ports, cacheKey);
  if (cached?.kind === 'deny') {
    if (!isBanned) noteFailure(ports, network, claimedKeyId(key, options.keyPrefix));
    return miss(cached.reason);
  }
  if (cached !== undefined) return cached;
  const verdict = await askAuthorizer(ports, { cacheKey, network, isBanned, event: () => eventFor(key) }, ports);
  if (verdict.kind === 'deny' || (verdict.kind === 'busy' && verdict.reason === 'misses' && !isBanned)) {
    noteFailure(ports, network, claimedKeyId(key, options.keyPrefix));
  }
  return verdict;
}

async function isSignedIn({ headers, ports }: SignInVisit, sessions: SessionPorts): Promise<boolean> {
  for (const value of takeSessionCookies(headers).values) {
    if (await openSession(value, sessions.host, sessions.secrets(), sessions.sealing, ports.now())) return true;
  }
  return false;
}

/**
 * Whether a form was sent by a page of this very site. Browsers say so in a header that pages cannot set; those that do
 * not yet send `Origin`. Without either the request is refused, since any page could have made it.
 */
function isSameOrigin(headers: Headers, host: string, proto: string): boolean {
  const origin = headerOf(headers, 'origin');
  const site = headerOf(headers, 'sec-fetch-site');
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
  if (given === undefined || given.length > LONGEST_RETURN || !/^\/(?![/\\])[!-~]*$/.test(given)) return '/';
  return isClearTarget(given, relaxedPaths) && !given.startsWith('/.voicegate/') ? given : '/';
}
