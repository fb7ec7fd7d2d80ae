/**
 * The way of a request: what most of them are passes at once; for all others a visit goes through the steps, in order.
 * As long as none of them waits the whole way is one synchronous run.
 */

import { bearerToken } from '../../../contract/credential';
import { hasConstraints, refusal } from '../../../contract/decision';
import { textField } from '../../../contract/names';
import { SESSION_COOKIE } from '../browser/session-cookie';
import { hasKeyPrefix } from '../credential/credential';
import { consumedHeaders, readSources } from '../credential/identity-source';
import type { Allowed } from '../decision/authorize';
import { getAllow, isFresh } from '../decision/decision-cache';
import { takeToken } from '../limits/bucket';
import { PLAN_BUCKET, takeClientLimits } from '../limits/limits';
import { APP_PLACE, OLDEST, placeLife } from '../limits/queue';
import { openPlaces } from '../limits/share';
import { takePlace } from '../limits/window';
import { type Metered, meter } from '../quota/metering';
import { brokenRule } from '../quota/text-rules';
import { clientText, type Route } from '../request/facts';
import { loggableTrace } from '../request/loggable';
import { type Headers, isSafe, KINDS, Kind, kindOf } from '../request/request-headers';
import type { SharedPorts, Visit } from './visit';
import { walkOf } from './walk';

/** nginx's variables that let a request pass and tell the log of it. */
export interface PassVariables {
  readonly request_uri?: string;
  /** Whether the target is printable ASCII without `#`. */
  readonly gate_plain?: string;
  gate_logged?: string;
  gate_place?: string;
  gate_target?: string;
  gate_headers?: string;
  /** Opens the way; written last. */
  gate_upstream?: string;
}

/** What of njs's request is read. */
export interface Incoming {
  readonly method: string;
  readonly rawHeadersIn: Headers;
  readonly remoteAddress: string;
}

export type MakeVisit<R> = (r: R, method: string, target: string, headers: Headers, now: number) => Visit;

/** Only one run of the tests says false, so that the steps prove to decide as the common way does. */
declare const GATE_COMMON_WAY: boolean | undefined;
const HAS_COMMON_WAY = typeof GATE_COMMON_WAY === 'undefined' || GATE_COMMON_WAY;

const NO_BODY = new Uint8Array();

/** Made once a context: what holds for all requests stands in its closure, which QuickJS reaches fastest. */
export function pipeline<R extends Incoming>(shared: SharedPorts, make: MakeVisit<R>, upstream: string) {
  const { options } = shared.settings;
  const { routes, clients } = shared.facts;
  const { identitySource } = options.authorizer;
  const consumed = identitySource === 'credential' ? undefined : consumedHeaders(readSources(identitySource));
  const open = openPlaces(options.limits.inFlight);
  const life = placeLife(options);
  const { walk, goOn } = walkOf(shared, isForApp);
  return { admit, walk, goOn };

  /**
   * Reads the request, once and for every way, and lets pass at once what the cache allows and nothing holds up: one
   * credential on a plain path, with a free place in the app. For all else a visit is made of what was read. Locals and
   * one function, since every context of njs has a heap of its own: after each system call what is touched comes from far
   * away, and calls and objects cost many times what they do in a loop.
   */
  function admit(r: R, v: PassVariables): Visit | undefined {
    const now = Date.now();
    const { method } = r;
    const headers = r.rawHeadersIn;
    const target = v.request_uri ?? '';
    const mark = target.indexOf('?');
    const route = routes.get(`${method} ${mark < 0 ? target : target.slice(0, mark)}`);
    let credential = '';
    let scheme: Visit['scheme'];
    let isConflict = false;
    let hasBearer = false;
    let forwardedFor: string | undefined;
    let forwardedProto: string | undefined;
    let trace: string | undefined;
    let isClean = true;
    let hasBody = false;
    let contentLength = '';
    let lines = '';
    for (let i = 0; i < headers.length; i++) {
      const pair = headers[i] as Headers[number];
      const value = pair[1];
      const kind = KINDS.get(pair[0]) ?? kindOf(pair[0]);
      if (kind === Kind.Drop) continue;
      if (kind === Kind.Pass || kind === Kind.TraceId) {
        if (kind === Kind.TraceId) trace = trace === undefined ? loggableTrace(value) : '';
        if (consumed !== undefined && !route.isPublic && consumed.includes(pair[0].toLowerCase())) continue;
        if (!isSafe(value)) isClean = false;
        lines = lines.concat('\r\n', pair[0], ': ', value);
      } else if (kind === Kind.ApiKey || kind === Kind.Authorization) {
        const isBearer = kind === Kind.Authorization;
        const text = isBearer ? bearerToken(value) : value.trim();
        // Mostly it is a credential, and of no app's concern.
        if ((consumed !== undefined || text === undefined) && isForApp(route, kind, pair[0], value)) {
          if (!isSafe(value)) isClean = false;
          lines = lines.concat('\r\n', pair[0], ': ', value);
        }
        if (consumed !== undefined) continue;
        if (isBearer && text !== undefined) hasBearer = true;
        if (!text) continue;
        if (scheme !== undefined && credential !== text) isConflict = true;
        credential = text;
        if (!isBearer) scheme = 'header';
        else scheme ??= 'bearer';
      } else if (kind === Kind.ForwardedFor) {
        forwardedFor = forwardedFor === undefined ? value : `${forwardedFor}, ${value}`;
      } else if (kind === Kind.ForwardedProto) {
        forwardedProto = forwardedProto === undefined ? value : `${forwardedProto}, ${value}`;
      } else if (kind === Kind.TransferEncoding) {
        hasBody = true;
      } else if (value !== '0') {
        hasBody = true;
        contentLength = value;
      }
    }
    const client = clients.get(clientText(r.remoteAddress, forwardedFor, forwardedProto));
    if (
      HAS_COMMON_WAY &&
      route.isCommon &&
      isClean &&
      scheme !== undefined &&
      !isConflict &&
      (mark < 0 || (v.gate_plain === '1' && !options.queryKey)) &&
      !(hasBody && route.isSynthesis) &&
      (scheme === 'bearer' || hasKeyPrefix(credential, options.keyPrefix)) &&
      !(options.webSession !== undefined && lines.includes(SESSION_COOKIE))
    ) {
      const allow = getAllow(shared, shared.digest(credential));
      if (
        allow !== undefined &&
        isFresh(allow, now) &&
        isSimple(allow) &&
        ((route.scopes.length === 0 && !hasConstraints(allow.grant)) ||
          isAllowed(allow, method, route, client.address, now))
      ) {
        const { keyId, rate } = allow.grant;
        const metered = route.isSynthesis
          ? meteredQuery(method, mark < 0 ? undefined : target.slice(mark + 1), headers, route.path ?? '')
          : undefined;
        // Whoever waits comes first.
        const place =
          shared.flights.get(OLDEST) === undefined &&
          brokenRule(options.textRules, metered, route.path ?? '') === undefined
            ? takePlace(shared.places, APP_PLACE, open, allow.caller, life)
            : undefined;
        if (place !== undefined) {
          const isLimited =
            rate === undefined
              ? takeClientLimits(shared.limits, options.limits, client.network, route.isSynthesis, now) !== undefined
              : !takeToken(shared.limits, PLAN_BUCKET + keyId, rate, now).allowed;
          if (!isLimited) {
            let logged = route.logged.concat(
              client.logged,
              allow.logged,
              ',"reason":"allowed","cache":"hit","traceId":"',
              trace ?? '',
              '","characters":',
            );
            logged += metered?.kind === 'counted' ? String(metered.characters) : 'null';
            v.gate_logged = logged;
            v.gate_place = `+${place}`;
            v.gate_target = target;
            v.gate_headers = client.lines.concat(allow.lines, lines);
            v.gate_upstream = upstream;
            return undefined;
          }
          shared.places.delete(place);
        }
      }
    }
    const visit = make(r, method, target, headers, now);
    visit.route = route;
    visit.client = client;
    visit.lines = lines;
    visit.isClean = isClean;
    visit.hasBody = hasBody;
    visit.contentLength = contentLength;
    visit.trace = trace ?? '';
    visit.credential = credential;
    visit.scheme = scheme;
    visit.isConflict = isConflict;
    visit.hasBearer = hasBearer;
    return visit;
  }

  /**
   * Whether a header that may hold a credential is the app's own: what no foreign authorizer reads, on public routes that
   * too; beside Voicegate's own another scheme than Bearer. What looks like a key of Voicegate reaches no app.
   */
  function isForApp(route: Route, kind: Kind, name: string, value: string): boolean {
    if (consumed !== undefined) return route.isPublic || !consumed.includes(name.toLowerCase());
    const isOtherScheme = kind === Kind.Authorization && bearerToken(value) === undefined;
    return isOtherScheme && !value.includes(`${options.keyPrefix}_`);
  }

  /** Whether nothing but the grant's constraints is to be looked at; without an id a plan's bucket has a digest for its name. */
  function isSimple({ grant, statements }: Allowed): boolean {
    return grant.keyId !== undefined && grant.quota === undefined && statements === undefined;
  }

  function isAllowed({ grant }: Allowed, method: string, { path = '', scopes }: Route, sourceIp: string, now: number) {
    return refusal(grant, { method, path, sourceIp, now: now / 1000, requiredScopes: scopes }) === undefined;
  }

  function meteredQuery(method: string, query: string | undefined, headers: Headers, path: string): Metered {
    return meter({ method, query, headers, body: NO_BODY }, textField(path), options.maxTextBytes);
  }
}
