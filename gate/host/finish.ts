/** What becomes of a request, told to nginx: it passes, or is answered; and what is done when it has ended. */

import { explain, setupHint } from '../core/answer/explain';
import type { BrowserAnswer } from '../core/browser/browser';
import { PREFLIGHT_METHODS } from '../core/browser/cors';
import { setCookie } from '../core/browser/session-cookie';
import { takeLingeringPlaces } from '../core/limits/body-places';
import type { Answer } from '../core/pipeline/step';
import { carry, type Visit } from '../core/pipeline/visit';
import { type Debit, refund } from '../core/quota/lease';
import { loggedRoute } from '../core/request/facts';
import { APP_UPSTREAM, DIVERTED } from '../locations';
import { settings } from './ports';
import { count, zones } from './zones';

/** What `$gate_upstream` names for a request that may pass. */
export const UPSTREAM = settings.options.appKeepAlive === undefined ? settings.upstream : APP_UPSTREAM;

/** Seconds that a client may sensibly wait before it tries again. */
const LONGEST_WAIT = 60;

/** Notes what the log line says, whatever else becomes of the request. */
export function note(v: NginxHTTPRequest['variables'], visit: Visit, reason: string): void {
  const { route, client, allow, metered } = visit;
  v.gate_logged = route.logged.concat(
    client.logged,
    allow === undefined ? `,"keyId":${JSON.stringify(visit.keyId)}` : allow.logged,
    `,"reason":"${reason}","cache":"${visit.cache}","traceId":"${visit.trace}","characters":`,
    metered?.kind === 'counted' ? String(metered.characters) : 'null',
  );
  v.gate_reason = reason;
  if (visit.cache === 'stale') v.gate_stale = '1';
}

export function finish(r: NginxHTTPRequest, visit: Visit, answer: Answer | BrowserAnswer): void {
  const v = r.variables;
  if (answer === undefined) {
    pass(v, visit);
    return;
  }
  switch (answer.kind) {
    case 'divert':
      note(v, visit, 'body');
      v.gate_carried = carry(visit);
      r.return(DIVERTED);
      return;
    case 'preflight': {
      note(v, visit, answer.allowed ? 'preflight' : 'origin');
      listen(v, visit, 403);
      if (!answer.allowed || visit.hasBody) {
        r.return(403);
        return;
      }
      r.headersOut['Access-Control-Allow-Methods'] = PREFLIGHT_METHODS;
      if (answer.headers !== '') r.headersOut['Access-Control-Allow-Headers'] = answer.headers;
      r.headersOut['Access-Control-Max-Age'] = String(settings.options.cors?.maxAge ?? 0);
      r.return(204);
      return;
    }
    case 'refuse':
      note(v, visit, answer.reason);
      refused(r, visit, answer);
  }
}

function pass(v: NginxHTTPRequest['variables'], visit: Visit): void {
  const { client, target, query, given, allow, lines, fields } = visit;
  note(v, visit, 'allowed');
  if (fields !== undefined) {
    v.gate_ratelimit = fields.rateLimit;
    v.gate_ratelimit_policy = fields.policy;
  }
  v.gate_place = `${visit.cache === 'hit' ? HIT : MISS}${visit.place}`;
  // Mostly the query is what it was, and then the target need not be put together again.
  v.gate_target =
    query === given ? target : target.slice(0, target.indexOf('?')) + (query === undefined ? '' : `?${query}`);
  v.gate_headers = client.lines.concat(allow === undefined ? '' : allow.lines, lines);
  v.gate_upstream = UPSTREAM;
}

/**
 * Whether the rest of a refused request's body is listened to. Where there is none to come nothing is to be heard, and
 * after a refusal that counts for the client's limit the connection may go on.
 */
function listen(v: NginxHTTPRequest['variables'], { hasBody, client, ports }: Visit, status: number): void {
  const places = hasBody ? takeLingeringPlaces(zones.flights, client.caller) : undefined;
  if (places === undefined) v.gate_closing = !hasBody && (status === 401 || status === 403) ? '2' : '1';
  else for (const place of places) ports.hold(place);
}

function refused(r: NginxHTTPRequest, visit: Visit, answer: Extract<BrowserAnswer, { kind: 'refuse' }>): void {
  const v = r.variables;
  const { status, retryAfter, fields, location, forget } = answer;
  listen(v, visit, status);
  if (forget) r.headersOut['Set-Cookie'] = [setCookie()];
  if (location !== undefined && !visit.hasBody) {
    r.headersOut['Cache-Control'] = 'no-store';
    r.return(303, location);
    return;
  }
  if (fields !== undefined) {
    v.gate_ratelimit = fields.rateLimit;
    v.gate_ratelimit_policy = fields.policy;
  }
  if (retryAfter !== undefined) {
    v.gate_retry = String(retryAfter);
    // OpenAI's clients obey this; without it some of them sleep until a quota's month is over.
    if (retryAfter > LONGEST_WAIT) v.gate_should_retry = 'false';
  }
  const { authorizer } = settings.options;
  const keyPrefix = authorizer.identitySource === 'credential' ? settings.options.keyPrefix : undefined;
  const hint = setupHint(answer, visit, keyPrefix);
  const members = hint === undefined ? answer.members : { ...answer.members, detail: hint };
  if (members !== undefined) v.gate_members = `,${JSON.stringify(members).slice(1, -1)}`;
  v.gate_said = JSON.stringify(explain(answer, visit, keyPrefix)).slice(1, -1);
  const { reason } = answer;
  if (reason === 'quota') v.gate_code = 'insufficient_quota';
  if (reason === 'text_too_long' || reason === 'invalid_text') v.gate_code = reason;
  r.return(status);
}

/** Closed: an error of the gate's own is 503. Its text might quote the request, so only its kind is told. */
export function fail(r: NginxHTTPRequest, error: unknown): void {
  const v = r.variables;
  v.gate_upstream = '';
  v.gate_logged = '';
  v.gate_reason = 'internal';
  v.gate_closing = '1';
  r.error(`voicegate: ${error instanceof Error ? error.name : 'error'} while deciding`);
  r.return(503);
}

/** How `$gate_place` begins: `+` where the common way let pass, which holds nothing else. */
const [COMMON, HIT, MISS] = ['+', '=', '-'];
/** Answers of the gate's own that refuse nobody. */
const OWN_ANSWERS: readonly string[] = ['preflight', 'sign-in-page', 'sign-in-style', 'signed-in', 'signed-out'];

/** `js_set`, evaluated when the request is logged, which is once and always, also when its client has gone. */
export function end(r: NginxHTTPRequest): string {
  const v = r.variables;
  const place = v.gate_place;
  if (place?.[0] === COMMON) {
    zones.places.delete(place.slice(1));
    count('allowed-hit');
    return 'allow';
  }
  const held = v.gate_held;
  if (held) for (const key of held.split(' ')) zones.flights.delete(key);
  const paid = v.gate_paid;
  // nginx may notice only when it turns to the app that the client has gone: then not a byte is sent.
  if (paid && !/[1-9]/.test(v.upstream_bytes_sent ?? '')) refund(zones, JSON.parse(paid) as Debit);
  if (v.gate_stale) count('stale');
  if (place) {
    zones.places.delete(place.slice(1));
    count(place[0] === HIT ? 'allowed-hit' : 'allowed');
    return 'allow';
  }
  // What nginx refused by itself was never seen by the program.
  const reason = v.gate_reason || (v.limit_conn_status === 'REJECTED' ? 'overload' : '');
  if (!v.gate_logged) v.gate_logged = loggedByNginx(r, reason);
  if (OWN_ANSWERS.includes(reason)) {
    count('own');
    return 'own';
  }
  count(`denied-${reason || v.status}`);
  return 'deny';
}

function loggedByNginx(r: NginxHTTPRequest, reason: string): string {
  const path = (r.variables.request_uri ?? '').replace(/[?#].*/s, '');
  return (
    `${loggedRoute(r.method, path)},"client":${JSON.stringify(r.remoteAddress)}` +
    `,"keyId":"","reason":"${reason}","cache":"","traceId":"","characters":null`
  );
}
