/** Finds what identifies the caller, and what of the query remains for the app. */

import type { GateOptions } from '../../../contract/gate-options';
import { queryPairs, withoutParameter } from '../request/query';
import type { Visit } from '../request/visit';
import { findCredential, hasKeyPrefix, QUERY_KEY } from './credential';
import { identityValues } from './identity-source';

export type Identity =
  | Identified
  | {
      readonly kind: 'refuse';
      readonly status: 400 | 401;
      readonly reason: 'missing' | 'conflict' | 'malformed';
      /** What of the query the app gets; for public routes. */
      readonly query: string | undefined;
    };

export interface Identified {
  readonly kind: 'one';
  /** The authorizer's identity source. */
  readonly values: readonly string[];
  /** What the decision may depend on: its digest is the key of the cache. */
  readonly cacheText: string;
  /** How it came, where a look at the credential tells whether the authorizer need be asked at all. */
  readonly scheme?: 'header' | 'bearer' | 'query';
  /** What of the query the app gets. */
  readonly query: string | undefined;
}

export function identify(visit: Visit, options: GateOptions): Identity {
  const { identitySource } = options.authorizer;
  return identitySource === 'credential' ? byCredential(visit, options) : bySource(visit, identitySource);
}

const NONE: readonly string[] = [];

function byCredential(visit: Visit, options: GateOptions): Identity {
  const given = visit.target.query;
  const mayHoldKey = options.queryKey && given !== undefined && /api|%/i.test(given);
  const query = mayHoldKey ? orUndefined(withoutParameter(given, QUERY_KEY)) : given;
  const { apiKeys, authorizations } = visit.headers;
  const queryKeys = mayHoldKey
    ? queryPairs(given).flatMap(([name, value]) => (name === QUERY_KEY ? [value] : []))
    : NONE;
  const credential = findCredential({ apiKeys, authorizations, queryKeys });
  if (credential.kind === 'none') return { kind: 'refuse', status: 401, reason: 'missing', query };
  if (credential.kind === 'conflict') return { kind: 'refuse', status: 400, reason: 'conflict', query };
  if (credential.kind === 'malformed') return { kind: 'refuse', status: 401, reason: 'malformed', query };
  const { text, scheme } = credential;
  if (scheme !== 'bearer' && !hasKeyPrefix(text, options.keyPrefix)) {
    return { kind: 'refuse', status: 401, reason: 'malformed', query };
  }
  return { kind: 'one', values: [text], cacheText: text, scheme, query };
}

/** A foreign authorizer sees the whole request, so its decision may depend on method and path too. */
function bySource(visit: Visit, sources: readonly string[]): Identity {
  const { request, target, client } = visit;
  const facts = {
    headers: request.headers,
    query: target.query,
    method: request.method,
    path: target.path,
    sourceIp: client.address,
  };
  const values = identityValues(sources, facts);
  let query = target.query;
  for (const source of sources) {
    const parameter = /^\$request\.querystring\.(.+)$/.exec(source)?.[1];
    if (parameter !== undefined && query !== undefined) query = orUndefined(withoutParameter(query, parameter));
  }
  if (values === undefined) return { kind: 'refuse', status: 401, reason: 'missing', query };
  return {
    kind: 'one',
    values,
    cacheText: JSON.stringify([...values, request.method, target.path]),
    query,
  };
}

function orUndefined(query: string): string | undefined {
  return query === '' ? undefined : query;
}
