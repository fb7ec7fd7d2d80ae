/**
 * The short way for what most requests are: one credential, known to the cache and allowed, on a plain path, with a free
 * place in the app. It decides as {@link passThrough} does, or not at all. Written for an interpreter, to which an object
 * of five members is half the work of hashing a key: whoever changes it should measure (bench/).
 */

import { hasConstraints, refusal } from '../../contract/decision';
import type { GateOptions } from '../../contract/gate-options';
import { bearerToken } from './credential';
import { getAllow, isFresh } from './decision-cache';
import type { GatePorts } from './gate';
import { takeLimits } from './limits';
import { charactersOf, NO_BODY } from './metered';
import type { Pass, Trace } from './outcome';
import { placeLife, takeNextPlace } from './queue';
import { clientHeaders, type RequestHeaders } from './request-headers';
import { SESSION_COOKIE } from './session-cookie';
import { isPlainQuery } from './target';
import type { GateRequest } from './visit';

export type ExpressPorts = Pick<
  GatePorts,
  'settings' | 'facts' | 'allow' | 'flights' | 'limits' | 'places' | 'digest' | 'now'
>;

/** A request with a header is of no protocol so old that it would matter. */
export type ExpressRequest = Omit<GateRequest, 'protocol' | 'requestId'>;

/** What lets the request pass; undefined: it must go the long way, and nothing has been taken or written. */
export function express(
  { method, target, headers: pairs, peer }: ExpressRequest,
  headers: RequestHeaders,
  ports: ExpressPorts,
  trace: Trace,
): Pass | undefined {
  const { facts, settings } = ports;
  const { options } = settings;
  const mark = target.indexOf('?');
  const query = mark < 0 ? undefined : target.slice(mark + 1);
  const path = mark < 0 ? target : target.slice(0, mark);
  const route = facts.route(method, path);
  const { scopes, isSynthesis } = route;
  if (!route.isCommon || (isSynthesis && headers.hasBody)) return undefined;
  if (query !== undefined && (options.queryKey || !isPlainQuery(query))) return undefined;
  if (options.webSession !== undefined && headers.lines.includes(SESSION_COOKIE)) return undefined;

  const credential = onlyCredential(headers, options);
  if (credential === undefined) return undefined;
  const now = ports.now();
  const allow = getAllow(ports, ports.digest(credential));
  if (allow === undefined || !isFresh(allow, now)) return undefined;
  const { grant } = allow;
  const { keyId, rate } = grant;
  // Without an id the name of a plan's bucket is a digest; both it and quotas are for the long way.
  if (keyId === undefined || grant.quota !== undefined || allow.statements !== undefined) return undefined;
  const client = facts.client(headers.forwardedFor, headers.forwardedProto, peer);
  if (scopes.length > 0 || hasConstraints(grant)) {
    const asked = { method, path, sourceIp: client.address, now: now / 1000, requiredScopes: scopes };
    if (refusal(grant, asked) !== undefined) return undefined;
  }

  const place = takeNextPlace(ports, options.limits.inFlight, placeLife(options), now);
  if (place === undefined) return undefined;
  const plan = rate === undefined ? undefined : { name: keyId, rate };
  if (takeLimits(client.network, path, plan, ports) !== undefined) {
    ports.places.delete(place);
    return undefined;
  }
  trace.client = client.address;
  trace.path = route.loggable;
  trace.cache = 'hit';
  trace.keyId = keyId;
  if (isSynthesis) trace.characters = charactersOf({ method, headers: pairs }, path, query, NO_BODY, options);
  return { kind: 'pass', target, headers: clientHeaders(client) + allow.lines + headers.lines, place };
}

/** The one credential of a request that has one, in the form in which it comes to the cache. */
function onlyCredential({ apiKeys, authorizations }: RequestHeaders, options: GateOptions): string | undefined {
  if (apiKeys.length + authorizations.length !== 1) return undefined;
  const text = apiKeys.length === 1 ? apiKeys[0]?.trim() : bearerToken(authorizations[0] ?? '');
  if (text === undefined || text === '') return undefined;
  // Only a bearer may be something else than a key.
  const isKey = text.startsWith(options.keyPrefix) && text[options.keyPrefix.length] === '_';
  return isKey || apiKeys.length === 0 ? text : undefined;
}
