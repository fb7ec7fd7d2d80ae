/** What the gate does for browsers before and after it decides: preflights, the session cookie, the way to sign in. */

import { SESSION_PATH } from '../../locations';
import type { Outcome, Trace } from '../answer/outcome';
import { QUERY_KEY } from '../credential/credential';
import type { Held } from '../decision/authorize';
import { type GatePorts, passThrough } from '../gate';
import { withoutParameter } from '../request/query';
import type { GateRequest } from '../request/visit';
import { type Preflight, preflight } from './cors';
import { openSession, type Sealing, type SessionSecrets, takeSessionCookies } from './session-cookie';

/** What sessions need of the world. */
export interface SessionPorts {
  /** The host that the client asked for. */
  readonly host: string;
  readonly sealing: Sealing;
  secrets(): SessionSecrets;
}

export type BrowserOutcome =
  | { readonly kind: 'preflight'; readonly preflight: Preflight }
  | {
      readonly kind: 'decided';
      readonly outcome: Outcome;
      /** Where to send somebody who can sign in there. */
      readonly location?: string;
      /** Whether the browser holds a cookie that is worth nothing. */
      readonly forget?: boolean;
    };

/** Not a key, whatever keys begin with: refused as any malformed one, and different from every other. */
const NO_KEY = 'session';
const LONGEST_RETURN = 2048;
/** Characters of an `Accept` that are looked at. Browsers send at most 200. */
const LONGEST_ACCEPT = 1024;
const REFUSED_WEIGHT = /^q=0(?:\.0*)?$/i;

/** Decides, synchronously wherever {@link passThrough} does and the client sends no session. */
export function admit(
  request: GateRequest,
  ports: GatePorts,
  sessions: SessionPorts,
  held: Held,
  trace: Trace,
): BrowserOutcome | Promise<BrowserOutcome> {
  const { cors, webSession } = ports.settings.options;
  if (cors !== undefined) {
    const asked = preflight(request, cors.allowOrigins);
    if (asked !== undefined) return { kind: 'preflight', preflight: asked };
  }
  if (webSession === undefined) {
    const outcome = passThrough(request, ports, held, trace);
    return outcome instanceof Promise ? outcome.then(decided) : decided(outcome);
  }
  const { values, headers } = takeSessionCookies(request.headers);
  const finish = (outcome: Outcome) => withSignIn(request, outcome, false);
  if (values.length === 0) {
    const outcome = passThrough(request, ports, held, trace);
    return outcome instanceof Promise ? outcome.then(finish) : finish(outcome);
  }
  return admitSession({ ...request, headers }, values, ports, sessions, held, trace);
}

/** The key in the cookie counts as one in the header, so a second, different credential is told as ever. */
async function admitSession(
  request: GateRequest,
  values: readonly string[],
  ports: GatePorts,
  sessions: SessionPorts,
  held: Held,
  trace: Trace,
): Promise<BrowserOutcome> {
  const secrets = sessions.secrets();
  const keys: (readonly [string, string])[] = [];
  let forget = false;
  for (const value of values) {
    const session = await openSession(value, sessions.host, secrets, sessions.sealing, ports.now());
    forget ||= session === undefined;
    keys.push(['X-API-Key', session?.key ?? NO_KEY]);
  }
  const outcome = await passThrough({ ...request, headers: [...request.headers, ...keys] }, ports, held, trace);
  return withSignIn(request, outcome, forget);
}

function decided(outcome: Outcome): BrowserOutcome {
  return { kind: 'decided', outcome };
}

function withSignIn(request: GateRequest, outcome: Outcome, forget: boolean): BrowserOutcome {
  if (outcome.kind === 'pass') return { kind: 'decided', outcome };
  const location = outcome.status === 401 && isNavigation(request) ? signInFor(request.target) : undefined;
  return { kind: 'decided', outcome, forget, ...(location !== undefined && { location }) };
}

/** A person who opens a page. Programs, and pages that fetch, want the status. */
function isNavigation({ method, headers }: GateRequest): boolean {
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
