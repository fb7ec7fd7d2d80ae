/**
 * The short way for what most requests are: one credential, known to the cache and allowed, on a plain path, with a free
 * place in the app. It decides as {@link passThrough} does, or not at all.
 *
 * No objects of its own, and no more functions than what it shares with the long way. Every context of njs has a heap of
 * its own, and after each system call what a function touches comes from far away, so that a call or an object costs
 * many times what it does in a loop.
 */

import { bearerToken } from '../../contract/credential';
import { hasConstraints, refusal } from '../../contract/decision';
import { SESSION_COOKIE } from './browser/session-cookie';
import { hasKeyPrefix } from './credential/credential';
import { getAllow, isFresh } from './decision/decision-cache';
import type { GatePorts } from './gate';
import { takeToken } from './limits/bucket';
import { PLAN_BUCKET, takeLimits } from './limits/limits';
import { APP_PLACE, OLDEST, placeLife } from './limits/queue';
import { takePlace } from './limits/window';
import { charactersOf, NO_BODY } from './quota/metered';
import { clientText } from './request/facts';
import { loggableTrace } from './request/loggable';
import { clientHeaders, isSafe, KINDS, Kind, kindOf } from './request/request-headers';
import { isPlainQuery } from './request/target';
import type { GateRequest } from './request/visit';

/** nginx's variables that let a request pass and tell the log of it. */
export interface PassVariables {
  gate_method?: string;
  gate_trace?: string;
  gate_client?: string;
  gate_path?: string;
  gate_cache?: string;
  gate_key?: string;
  gate_characters?: string;
  gate_reason?: string;
  gate_place?: string;
  gate_target?: string;
  gate_headers?: string;
  /** Opens the way; written last. */
  gate_upstream?: string;
}

/** What of njs's request it reads. */
export interface ExpressRequest {
  readonly method: string;
  readonly rawHeadersIn: GateRequest['headers'];
  readonly remoteAddress: string;
  readonly variables: PassVariables & { readonly request_uri?: string };
}

export type ExpressPorts = Pick<
  GatePorts,
  'settings' | 'facts' | 'allow' | 'flights' | 'limits' | 'places' | 'digest' | 'now'
>;

/**
 * Lets the request pass to `upstream`, and tells whether it did. If not it must go the long way, and nothing has been
 * taken or written by then. `now`: milliseconds since the epoch.
 */
export function express(r: ExpressRequest, upstream: string, ports: ExpressPorts, now: number): boolean {
  const v = r.variables;
  const { method } = r;
  const target = v.request_uri ?? '';
  const { facts } = ports;
  const { options } = ports.settings;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const route = facts.routes.get(`${method} ${path}`);
  if (!route.isCommon) return false;
  const query = mark < 0 ? undefined : target.slice(mark + 1);
  if (query !== undefined && (options.queryKey || !isPlainQuery(query))) return false;

  let credential: string | undefined;
  let isBearer = false;
  let forwardedFor: string | undefined;
  let forwardedProto: string | undefined;
  let trace: string | undefined;
  let lines = '';
  const headers = r.rawHeadersIn;
  for (let i = 0; i < headers.length; i++) {
    const pair = headers[i];
    if (pair === undefined) return false;
    const value = pair[1];
    const kind = KINDS.get(pair[0]) ?? kindOf(pair[0]);
    if (kind === Kind.Drop) continue;
    if (kind === Kind.Pass) {
      if (isSafe(value)) lines += `\r\n${pair[0]}: ${value}`;
    } else if (kind === Kind.TraceId) {
      if (trace !== undefined) return false;
      trace = loggableTrace(value);
      // What a log may hold is safe.
      if (trace === '' && !isSafe(value)) continue;
      lines += `\r\n${pair[0]}: ${value}`;
    } else if (kind === Kind.ApiKey || kind === Kind.Authorization) {
      if (credential !== undefined) return false;
      isBearer = kind === Kind.Authorization;
      credential = isBearer ? bearerToken(value) : value.trim();
      if (!credential) return false;
    } else if (kind === Kind.ForwardedFor) {
      if (forwardedFor !== undefined) return false;
      forwardedFor = value;
    } else if (kind === Kind.ForwardedProto) {
      if (forwardedProto !== undefined) return false;
      forwardedProto = value;
    } else if (route.isSynthesis && (kind === Kind.TransferEncoding || value !== '0')) {
      // A body that may be counted must be waited for.
      return false;
    }
  }
  if (credential === undefined) return false;
  if (!isBearer && !hasKeyPrefix(credential, options.keyPrefix)) return false;
  if (options.webSession !== undefined && lines.includes(SESSION_COOKIE)) return false;

  const allow = getAllow(ports, ports.digest(credential));
  if (allow === undefined || !isFresh(allow, now)) return false;
  const { grant } = allow;
  const { keyId, rate } = grant;
  // Without an id the name of a plan's bucket is a digest; both it and quotas are for the long way.
  if (keyId === undefined || grant.quota !== undefined || allow.statements !== undefined) return false;
  const client = facts.clients.get(clientText(r.remoteAddress, forwardedFor, forwardedProto));
  if (route.scopes.length > 0 || hasConstraints(grant)) {
    const asked = { method, path, sourceIp: client.address, now: now / 1000, requiredScopes: route.scopes };
    if (refusal(grant, asked) !== undefined) return false;
  }

  // Whoever waits comes first.
  if (ports.flights.get(OLDEST) !== undefined) return false;
  const place = takePlace(ports.places, APP_PLACE, options.limits.inFlight, now, placeLife(options));
  if (place === undefined) return false;
  const isLimited =
    rate === undefined
      ? takeLimits(client.network, path, undefined, ports) !== undefined
      : !takeToken(ports.limits, PLAN_BUCKET + keyId, rate, now).allowed;
  if (isLimited) {
    ports.places.delete(place);
    return false;
  }
  v.gate_method = method;
  v.gate_place = place;
  v.gate_client = client.address;
  v.gate_path = route.loggable;
  v.gate_cache = 'hit';
  v.gate_key = keyId;
  v.gate_reason = 'allowed';
  if (trace !== undefined) v.gate_trace = trace;
  if (route.isSynthesis) {
    const characters = charactersOf({ method, headers }, path, query, NO_BODY, options);
    if (characters !== undefined) v.gate_characters = String(characters);
  }
  v.gate_target = target;
  v.gate_headers = clientHeaders(client) + allow.lines + lines;
  v.gate_upstream = upstream;
  return true;
}
