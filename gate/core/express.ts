/**
 * The short way for what most requests are: one credential, known to the cache and allowed, on a plain path, with a free
 * place in the app. It decides as {@link passThrough} does, or not at all. Written for an interpreter, to which an object
 * of five members is half the work of hashing a key: whoever changes it should measure (bench/).
 */

import { hasConstraints, refusal } from '../../contract/decision';
import type { GateOptions } from '../../contract/gate-options';
import { identifyClient } from './client';
import { bearerToken } from './credential';
import { getAllow, isFresh } from './decision-cache';
import type { GatePorts } from './gate';
import { takeLimits } from './limits';
import { loggablePath } from './loggable';
import { charactersOf, NO_BODY } from './metered';
import type { Pass, Trace } from './outcome';
import { placeLife, takeNextPlace } from './queue';
import { clientHeaders, type RequestHeaders, readHeaders } from './request-headers';
import { isKnownMethod, isPublic, isSynthesis, requiredScopes } from './routes';
import { SESSION_COOKIE } from './session-cookie';
import { isPlainPath, isPlainQuery } from './target';
import type { GateRequest } from './visit';

/** What lets the request pass; undefined: it must go the long way, and nothing has been taken or written. */
export function express(request: GateRequest, ports: GatePorts, trace: Trace): Pass | undefined {
  const { options } = ports.settings;
  const { method, target } = request;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? undefined : target.slice(mark + 1);
  if (!isPlainPath(path) || (query !== undefined && (options.queryKey || !isPlainQuery(query)))) return undefined;
  if (options.authorizer.identitySource !== 'credential' || !isKnownMethod(method)) return undefined;
  if (request.protocol === '') return undefined;
  if ((method === 'OPTIONS' && options.cors !== undefined) || isPublic(options, method, path)) return undefined;

  const headers = readHeaders(request.headers);
  if (options.webSession !== undefined && headers.lines.includes(SESSION_COOKIE)) return undefined;
  const credential = onlyCredential(headers, options);
  if (credential === undefined) return undefined;
  const now = ports.now();
  const allow = getAllow(ports, ports.digest(credential));
  if (allow === undefined || !isFresh(allow, now)) return undefined;
  const { grant } = allow;
  // Without an id the name of a plan's bucket is a digest; both it and quotas are for the long way.
  if (allow.statements !== undefined || grant.quota !== undefined || grant.keyId === undefined) return undefined;

  const client = identifyClient(headers.forwardedFor, headers.forwardedProto, request.peer, options.trustedHops);
  const scopes = requiredScopes(options, path);
  if (scopes.length > 0 || hasConstraints(grant)) {
    const facts = { method, path, sourceIp: client.address, now: now / 1000, requiredScopes: scopes };
    if (refusal(grant, facts) !== undefined) return undefined;
  }
  const speaks = isSynthesis(options, path);
  if (speaks && headers.hasBody) return undefined;

  const place = takeNextPlace(ports, options.limits.inFlight, placeLife(options), now);
  if (place === undefined) return undefined;
  const plan = grant.rate === undefined ? undefined : { name: grant.keyId, rate: grant.rate };
  if (takeLimits(client.network, path, plan, ports) !== undefined) {
    ports.places.delete(place);
    return undefined;
  }
  trace.client = client.address;
  trace.path = loggablePath(path, options.keyPrefix);
  trace.cache = 'hit';
  trace.keyId = grant.keyId;
  if (speaks) trace.characters = charactersOf(request, path, query, NO_BODY, options);
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
