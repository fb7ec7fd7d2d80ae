/** The gate's program as nginx loads it: each export is named in nginx.conf. All decisions are made in `core/`. */

// biome-ignore lint/style/useNodejsImportProtocol: njs's own module, which only looks like Node's
import fs from 'fs';
import { health, isProbeDue, noteProbe } from '../core/answer/health';
import { metricsLine } from '../core/answer/metrics';
import type { Outcome, Trace } from '../core/answer/outcome';
import { admit, type BrowserOutcome } from '../core/browser/browser';
import { PREFLIGHT_METHODS } from '../core/browser/cors';
import { setCookie } from '../core/browser/session-cookie';
import { answerSession } from '../core/browser/sign-in';
import { type ExpressRequest, express } from '../core/express';
import { passThrough } from '../core/gate';
import { topFailures } from '../core/limits/abuse';
import { loggable, loggableTrace } from '../core/request/loggable';
import type { GateRequest } from '../core/request/visit';
import { APP_UPSTREAM } from '../locations';
import { count, expressPorts, gatePorts, now, settings, state, zones } from './ports';
import { answerPage, sessionPorts } from './session';

const { cors, webSession } = settings.options;
const servesBrowsers = cors !== undefined || webSession !== undefined;

/** What `$gate_upstream` names for a request that may pass. */
const UPSTREAM = settings.options.appKeepAlive === undefined ? settings.upstream : APP_UPSTREAM;

/** Seconds that a client may sensibly wait before it tries again. */
const LONGEST_WAIT = 60;

/** `js_access`: passes only by writing `$gate_upstream`, without which the location cannot proxy. */
function access(r: NginxHTTPRequest): void | Promise<void> {
  try {
    if (express(r as unknown as ExpressRequest, UPSTREAM, expressPorts, Date.now())) return;
  } catch (error) {
    return fail(r, error);
  }
  return decide(r);
}

function decide(r: NginxHTTPRequest): void | Promise<void> {
  const trace: Trace = { client: '', path: '', cache: '', keyId: '', reason: '' };
  try {
    const request = begin(r);
    const ports = gatePorts(r);
    if (servesBrowsers) {
      const found = admit(request, ports, sessionPorts(r), ports, trace);
      if (!(found instanceof Promise)) return finishBrowser(r, found, trace);
      return found.then(
        (settled) => finishBrowser(r, settled, trace),
        (error) => fail(r, error),
      );
    }
    const outcome = passThrough(request, ports, ports, trace);
    if (!(outcome instanceof Promise)) return finish(r, outcome, trace);
    return outcome.then(
      (settled) => finish(r, settled, trace),
      (error) => fail(r, error),
    );
  } catch (error) {
    return fail(r, error);
  }
}

function begin(r: NginxHTTPRequest): GateRequest {
  const v = r.variables;
  const { method } = r;
  // Kept, since nginx answers errors as if they were GETs.
  v.gate_method = loggable(method);
  const traceId = v.http_x_amzn_trace_id;
  if (traceId) v.gate_trace = loggableTrace(traceId);
  return {
    method,
    target: v.request_uri ?? '',
    headers: r.rawHeadersIn as unknown as GateRequest['headers'],
    peer: r.remoteAddress,
    protocol: v.server_protocol ?? '',
    requestId: v.request_id ?? '',
  };
}

function finishBrowser(r: NginxHTTPRequest, found: BrowserOutcome, trace: Trace): void {
  const v = r.variables;
  if (found.kind === 'preflight') {
    v.gate_reason = found.preflight.allowed ? 'preflight' : 'origin';
    if (!found.preflight.allowed) {
      r.return(403);
      return;
    }
    r.headersOut['Access-Control-Allow-Methods'] = PREFLIGHT_METHODS;
    if (found.preflight.headers !== '') r.headersOut['Access-Control-Allow-Headers'] = found.preflight.headers;
    r.headersOut['Access-Control-Max-Age'] = String(cors?.maxAge ?? 0);
    r.return(204);
    return;
  }
  if (found.forget) r.headersOut['Set-Cookie'] = [setCookie()];
  if (found.location === undefined) {
    finish(r, found.outcome, trace);
    return;
  }
  v.gate_client = trace.client;
  v.gate_path = trace.path;
  v.gate_cache = trace.cache;
  v.gate_key = trace.keyId;
  v.gate_reason = found.outcome.kind === 'refuse' ? found.outcome.reason : '';
  r.headersOut['Cache-Control'] = 'no-store';
  r.return(303, found.location);
}

/** `js_content` of the sign-in page. */
async function session(r: NginxHTTPRequest): Promise<void> {
  const trace: Trace = { client: '', path: '', cache: '', keyId: '', reason: '' };
  try {
    const request = begin(r);
    const body = request.method === 'POST' ? (r.requestText ?? '') : '';
    const ports = gatePorts(r);
    const answer = await answerSession(request, body, ports, sessionPorts(r), ports, trace);
    const v = r.variables;
    v.gate_client = trace.client;
    v.gate_path = trace.path;
    v.gate_cache = trace.cache;
    v.gate_key = trace.keyId;
    answerPage(r, answer);
  } catch (error) {
    fail(r, error);
  }
}

/** Answers of the gate's own that refuse nobody. */
const OWN_ANSWERS: readonly string[] = ['preflight', 'sign-in-page', 'signed-in', 'signed-out'];

function finish(r: NginxHTTPRequest, outcome: Outcome, trace: Trace): void {
  const v = r.variables;
  v.gate_client = trace.client;
  v.gate_path = trace.path;
  if (outcome.fields !== undefined) {
    v.gate_ratelimit = outcome.fields.rateLimit;
    v.gate_ratelimit_policy = outcome.fields.policy;
  }
  v.gate_cache = trace.cache;
  v.gate_key = trace.keyId;
  if (trace.characters !== undefined) v.gate_characters = String(trace.characters);
  if (outcome.kind === 'refuse') {
    v.gate_reason = outcome.reason;
    if (outcome.retryAfter !== undefined) {
      v.gate_retry = String(outcome.retryAfter);
      // OpenAI's clients obey this; without it some of them sleep until a quota's month is over.
      if (outcome.retryAfter > LONGEST_WAIT) v.gate_should_retry = 'false';
    }
    if (outcome.members !== undefined) v.gate_members = `,${JSON.stringify(outcome.members).slice(1, -1)}`;
    r.return(outcome.status);
    return;
  }
  v.gate_reason = 'allowed';
  v.gate_place = outcome.place;
  v.gate_target = outcome.target;
  v.gate_headers = outcome.headers;
  v.gate_upstream = UPSTREAM;
}

/** Closed: an error of the gate's own is 503. Its text might quote the request, so only its kind is told. */
function fail(r: NginxHTTPRequest, error: unknown): void {
  r.variables.gate_upstream = '';
  r.variables.gate_reason = 'internal';
  r.error(`voicegate: ${error instanceof Error ? error.name : 'error'} while deciding`);
  r.return(503);
}

/** `js_set`, evaluated when the request is logged, which is once and always, also when its client has gone. */
function end(r: NginxHTTPRequest): string {
  const v = r.variables;
  const place = v.gate_place;
  if (place) zones.places.delete(place);
  const held = v.gate_held;
  if (held) {
    for (const key of held.split(' ')) zones.flights.delete(key);
  }
  const reason = v.gate_reason;
  const cache = v.gate_cache;
  if (reason === 'allowed') {
    count(cache === 'hit' ? 'allowed-hit' : 'allowed');
    if (cache === 'stale') count('stale');
    return 'allow';
  }
  // What nginx refused by itself was never seen by `access`.
  if (!v.gate_method) v.gate_method = loggable(r.method);
  if (!v.gate_client) v.gate_client = r.remoteAddress;
  if (!v.gate_path) v.gate_path = loggable((v.request_uri ?? '').replace(/[?#].*/, ''));
  if (reason && OWN_ANSWERS.includes(reason)) {
    count('own');
    return 'own';
  }
  count(`denied-${reason || v.status}`);
  if (cache === 'stale') count('stale');
  return 'deny';
}

/** `js_content` of the health listener. */
function healthz(r: NginxHTTPRequest): void {
  const { status, state: word } = health(state, isDraining(), now());
  r.headersOut['Content-Type'] = 'application/json';
  r.headersOut['Cache-Control'] = 'no-store';
  r.return(status, `${JSON.stringify({ status: word })}\n`);
}

/** The entry script leaves this file when the container is told to stop. */
function isDraining(): boolean {
  try {
    fs.accessSync(`${ngx.prefix}draining`);
    return true;
  } catch {
    return false;
  }
}

/** `js_periodic`, every second in one worker. */
async function tick(): Promise<void> {
  sample();
  if (!isProbeDue(state, now())) return;
  try {
    const response = await ngx.fetch(`http://${settings.upstream}${settings.options.readinessPath}`, {
      headers: { 'User-Agent': 'voicegate-gate' },
    });
    noteProbe(state, response.status < 500 ? 'answered' : 'failing', now());
  } catch (error) {
    const refused = error instanceof Error && /refused|connect failed/i.test(error.message);
    noteProbe(state, refused ? 'refused' : 'slow', now());
  }
}

/** Counts what is in flight, and once a minute writes the metrics line. */
function sample(): void {
  const { metrics: identity } = settings.options;
  const inFlight = zones.places.size();
  count('samples');
  count('in-flight', inFlight);
  if (inFlight > (zones.metrics.get('in-flight-maximum') ?? 0)) zones.metrics.set('in-flight-maximum', inFlight);
  if (identity === undefined || !state.add('metrics-written', '1', 59_500)) return;
  const counters: Record<string, number> = {};
  for (const name of zones.metrics.keys(1024)) counters[name] = zones.metrics.pop(name) ?? 0;
  const samples = counters.samples ?? 1;
  const snapshot = {
    counters: {
      ...counters,
      allowed: (counters.allowed ?? 0) + (counters['allowed-hit'] ?? 0),
      hit: counters['allowed-hit'] ?? 0,
    },
    failures: topFailures(zones.abuse, zones.abuse.keys(65_536), now()),
    inFlight: {
      maximum: counters['in-flight-maximum'] ?? inFlight,
      mean: (counters['in-flight'] ?? 0) / Math.max(1, samples),
    },
  };
  fs.appendFileSync('/dev/stdout', `${metricsLine(snapshot, identity, now())}\n`);
}

export default { access, end, healthz, session, tick };
