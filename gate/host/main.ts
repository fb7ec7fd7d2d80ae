/** The gate's program as nginx loads it: each export is named in nginx.conf. All decisions are made in `core/`. */

import type { Refusal } from '../core/answer/refusal';
import { walkBrowser } from '../core/browser/browser';
import { answerSession, beginForm, endForm, refuseSession } from '../core/browser/sign-in';
import { SIGN_IN_STYLE } from '../core/browser/sign-in-page';
import { takeOverall } from '../core/limits/limits';
import { authorizerEvent } from '../core/pipeline/authorizer-event';
import { type Incoming, type PassVariables, pipeline } from '../core/pipeline/pipeline';
import { unpack, type Visit } from '../core/pipeline/visit';
import { clientText } from '../core/request/facts';
import { type Headers, headerOf } from '../core/request/request-headers';
import { LATE_LOCATION } from '../locations';
import { end, fail, finish, note, UPSTREAM } from './finish';
import { makeVisit, settings, shared } from './ports';
import { answerPage, sessionPorts } from './session';
import { healthz, patientLook as look, tick } from './upkeep';
import { now } from './zones';

type Request = NginxHTTPRequest & Incoming;

const { options } = settings;
const servesBrowsers = options.cors !== undefined || options.webSession !== undefined;

const { admit, walk, goOn } = pipeline<Request>(shared, makeVisit, UPSTREAM);

/** `js_access`: passes only by writing `$gate_upstream`, without which the location cannot proxy. */
function access(r: Request): void | Promise<void> {
  try {
    const visit = admit(r, r.variables as PassVariables);
    if (visit === undefined) return;
    return settle(
      r,
      visit,
      servesBrowsers ? walkBrowser(visit, options, sessionPorts(r), now, walk, limited) : walk(visit),
    );
  } catch (error) {
    fail(r, error);
  }
}

/**
 * `js_access` of the location for requests that {@link access} has let pass so far, though not without their text being
 * counted. njs reads a body only when it is asked before anything has been waited for.
 */
function text(r: Request): void | Promise<void> {
  try {
    const v = r.variables;
    const reading = r as unknown as { readRequestArrayBuffer(): Promise<ArrayBuffer> };
    const visit = visitOf(r);
    unpack(visit, v.gate_carried ?? '');
    v.gate_carried = '';
    const began = visit.at;
    return inTime(r, options.longestRequest * 1000, reading.readRequestArrayBuffer(), (body) => {
      visit.at = now();
      return settle(r, visit, goOn(visit, new Uint8Array(body), visit.at - began));
    });
  } catch (error) {
    fail(r, error);
  }
}

/**
 * Goes on when the body has been read; after so many milliseconds ends the request and its connection, since nginx has no
 * directive for a whole body. An answer while njs waits for a body would crash the worker; a subrequest that ends in 408
 * ends all, as nginx itself does when nothing comes any more.
 */
function inTime<T>(
  r: Request,
  milliseconds: number,
  reading: Promise<T>,
  then: (body: T) => void | Promise<void>,
): Promise<void> {
  const timer = setTimeout(() => void r.subrequest(LATE_LOCATION, { detached: true }), milliseconds);
  // While a timer runs the request would wait for it.
  const read = reading.finally(() => clearTimeout(timer));
  return read.then(then).catch((error) => fail(r, error));
}

function limited(visit: Visit): Refusal | undefined {
  return takeOverall(shared.limits, options.limits, visit.client.network, visit.at);
}

function settle(
  r: Request,
  visit: Visit,
  answer: ReturnType<typeof walk> | ReturnType<typeof walkBrowser>,
): void | Promise<void> {
  if (!(answer instanceof Promise)) {
    finish(r, visit, answer as Parameters<typeof finish>[2]);
    return;
  }
  return (answer as Promise<Parameters<typeof finish>[2]>).then(
    (settled) => finish(r, visit, settled),
    (error) => fail(r, error),
  );
}

function visitOf(r: Request): Visit {
  return makeVisit(r, r.method, r.variables.request_uri ?? '', r.rawHeadersIn as Headers, now());
}

/** A visit of a page of the gate's own. */
function ownVisit(r: Request): Visit {
  const visit = visitOf(r);
  const { facts } = shared;
  const { headers, peer, method, target } = visit;
  const from = [headerOf(headers, 'x-forwarded-for'), headerOf(headers, 'x-forwarded-proto')] as const;
  visit.client = facts.clients.get(clientText(peer, ...from));
  visit.route = facts.routes.get(`${method} ${target.replace(/\?.*/s, '')}`);
  return visit;
}

/** Milliseconds in which a form must be whole. */
const FORM_TIME = 5000;

/** `js_access` of the sign-in page: refuses what need not be read, and waits for the form. */
function form(r: Request): void | Promise<void> {
  try {
    const visit = ownVisit(r);
    const refused = refuseSession(visit, sessionPorts(r));
    if (refused === undefined && visit.method !== 'POST') return;
    const begun = refused ?? beginForm(visit, r.variables.gate_site ?? '');
    if ('status' in begun) {
      note(r.variables, visit, begun.reason);
      answerPage(r, begun);
      return;
    }
    const reading = r as unknown as { readRequestText(): Promise<string> };
    return inTime(r, FORM_TIME, reading.readRequestText(), () => endForm(visit, begun, now() - visit.at));
  } catch (error) {
    fail(r, error);
  }
}

/** `js_content` of the sign-in page. */
async function session(r: Request): Promise<void> {
  try {
    const visit = ownVisit(r);
    const body = visit.method === 'POST' ? (r.requestText ?? '') : '';
    const eventFor = (key: string) => {
      visit.credential = key;
      visit.headers = [];
      return authorizerEvent(visit);
    };
    const answer = await answerSession(visit, body, sessionPorts(r), eventFor);
    note(r.variables, visit, answer.reason);
    answerPage(r, answer);
  } catch (error) {
    fail(r, error);
  }
}

/** `js_access` of the page's style, which so reads no body. */
function style(r: Request): void {
  try {
    const visit = ownVisit(r);
    const refused = limited(visit);
    if (refused !== undefined) {
      finish(r, visit, refused);
      return;
    }
    note(r.variables, visit, 'sign-in-style');
    r.headersOut['Content-Type'] = 'text/css';
    r.headersOut['Cache-Control'] = 'max-age=3600';
    r.headersOut['X-Content-Type-Options'] = 'nosniff';
    r.return(200, SIGN_IN_STYLE);
  } catch (error) {
    fail(r, error);
  }
}

export default { access, text, form, end, healthz, session, style, tick, look };
