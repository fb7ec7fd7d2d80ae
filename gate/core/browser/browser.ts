/** What the gate does for browsers before and after it decides: preflights, the session cookie, the way to sign in. */

import type { GateOptions } from '../../../contract/gate-options';
import { SESSION_HEADER, SESSION_OPEN } from '../../../contract/names';
import { SESSION_PATH } from '../../locations';
import type { Refusal } from '../answer/refusal';
import { type Found, QUERY_KEY, takeCredential } from '../credential/credential';
import { withoutParameter } from '../request/query';
import type { Headers } from '../request/request-headers';
import { type Preflight, preflight } from './cors';
import { openSession, type Sealing, type SessionSecrets, takeSessionCookies, withoutSession } from './session-cookie';

/** What sessions need of the world. */
export interface SessionPorts {
  /** The host that the client asked for. */
  readonly host: string;
  readonly sealing: Sealing;
  secrets(): SessionSecrets;
}

/** What of a visit is looked at, and what a session changes of it. */
export interface BrowserVisit extends Found {
  readonly method: string;
  readonly target: string;
  headers: Headers;
  /** What is passed on to the app. */
  lines: string;
}

export type BrowserAnswer =
  | ({ readonly kind: 'preflight' } & Preflight)
  | (Refusal & {
      /** Where to send somebody who can sign in there. */
      readonly location?: string;
      /** Whether the browser holds a cookie that is worth nothing. */
      readonly forget?: boolean;
    });

/** Not a key, whatever keys begin with: refused as any malformed one, and different from every other. */
const NO_KEY = 'session';
/** Characters of the target to which signing in leads back: percent-encoded it goes into a form of 2 KB. */
export const LONGEST_RETURN = 600;
/** Characters of an `Accept` that are looked at. Browsers send at most 200. */
const LONGEST_ACCEPT = 1024;
const REFUSED_WEIGHT = /^q=0(?:\.0*)?$/i;

/** Walks as `walk` does, synchronously too unless the client sends a session. */
export function walkBrowser<V extends BrowserVisit, A extends { readonly kind: string }>(
  visit: V,
  { cors, webSession }: Pick<GateOptions, 'cors' | 'webSession'>,
  sessions: SessionPorts,
  now: () => number,
  walk: (visit: V) => A | Refusal | undefined | Promise<A | Refusal | undefined>,
  /** Takes one request of the client's overall limit. */
  limit: (visit: V) => Refusal | undefined,
): A | BrowserAnswer | undefined | Promise<A | BrowserAnswer | undefined> {
  if (cors !== undefined) {
    const asked = preflight(visit, cors.allowOrigins);
    if (asked !== undefined) return limit(visit) ?? { kind: 'preflight', ...asked };
  }
  if (webSession === undefined) return walk(visit);
  const { values, headers } = takeSessionCookies(visit.headers);
  if (values.length > 0) {
    visit.lines = withoutSession(visit.lines);
    visit.headers = headers;
    return walkSession(visit, values, sessions, now, walk);
  }
  const answer = walk(visit);
  return answer instanceof Promise
    ? answer.then((settled) => withSignIn(visit, settled, false))
    : withSignIn(visit, answer, false);
}

/** The key in the cookie counts as one in the header, so a second, different credential is told as ever. */
async function walkSession<V extends BrowserVisit, A extends { readonly kind: string }>(
  visit: V,
  values: readonly string[],
  sessions: SessionPorts,
  now: () => number,
  walk: (visit: V) => A | Refusal | undefined | Promise<A | Refusal | undefined>,
): Promise<A | BrowserAnswer | undefined> {
  const secrets = sessions.secrets();
  let forget = false;
  let open = false;
  for (const value of values) {
    const session = await openSession(value, sessions.host, secrets, sessions.sealing, now());
    if (session === undefined) forget = true;
    else open = true;
    takeCredential(visit, session?.key ?? NO_KEY, 'header');
  }
  if (open) visit.lines += `\r\n${SESSION_HEADER}: ${SESSION_OPEN}`;
  return withSignIn(visit, await walk(visit), forget);
}

function withSignIn<A extends { readonly kind: string }>(
  visit: BrowserVisit,
  answer: A | Refusal | undefined,
  forget: boolean,
): A | BrowserAnswer | undefined {
  if (answer === undefined || !isRefusal(answer)) return answer;
  const location = answer.status === 401 && isNavigation(visit) ? signInFor(visit.target) : undefined;
  return { ...answer, forget, ...(location !== undefined && { location }) };
}

function isRefusal(answer: { readonly kind: string }): answer is Refusal {
  return answer.kind === 'refuse';
}

/** A person who opens a page. Programs, and pages that fetch, want the status. */
function isNavigation({ method, headers }: BrowserVisit): boolean {
  if (method !== 'GET') return false;
  let html = false;
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (lower === 'accept') html = acceptsHtml(value);
    else if (lower === 'sec-fetch-dest' && value !== 'document') return false;
    else if (lower === 'x-api-key' || lower === 'authorization') return false;
  }
  return html;
}

function acceptsHtml(accept: string): boolean {
  if (accept.length > LONGEST_ACCEPT) return false;
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';');
    return type.trim().toLowerCase() === 'text/html' && !parameters.some((text) => REFUSED_WEIGHT.test(text.trim()));
  });
}

/** The sign-in page that leads back to what was asked for, though never with a key in it. */
function signInFor(target: string): string {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : withoutParameter(target.slice(mark + 1), QUERY_KEY);
  const full = query === '' ? path : `${path}?${query}`;
  const back = full.length <= LONGEST_RETURN ? full : path.length <= LONGEST_RETURN ? path : '/';
  return back === '/' ? SESSION_PATH : `${SESSION_PATH}?return=${encodeURIComponent(back)}`;
}
