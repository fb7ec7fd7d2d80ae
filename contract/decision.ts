/** What the authorizer decides about a credential, and how a decision is applied to one request. */

import { type Cidr, cidrContains, parseCidr } from './cidr';
import { matchesPath } from './path-pattern';
import type { Quota } from './quota';

/** Why a request was refused. For logs and metrics only: no answer to a client tells it. */
export type DenyReason =
  | 'missing'
  | 'malformed'
  | 'conflict'
  | 'unknown'
  | 'revoked'
  | 'disabled'
  | 'expired'
  | 'not-yet-valid'
  | 'address'
  | 'path'
  | 'method'
  | 'scope'
  | 'rate'
  | 'quota'
  | 'refused';

/** How fast one key may call: enforced in the gate instead of the limits per client address. */
export interface RatePlan {
  /** Requests a minute, at least 1. */
  readonly requestsPerMinute: number;
  /** Requests at once, at least 1. */
  readonly burst: number;
}

/**
 * What a credential may do. It is cached whole, with its constraints, and evaluated again on every request, so one
 * cached grant serves every path and never answers for another.
 */
export interface Grant {
  /** Who calls: the key's owner, or the subject of a token. Free text. */
  readonly principal: string;
  /** The key's public id; absent for tokens and foreign authorizers. */
  readonly keyId?: string;
  readonly scopes: readonly string[];
  /** Seconds since the epoch before which nothing is allowed. */
  readonly notBefore?: number;
  /** Seconds since the epoch from which nothing is allowed. */
  readonly expires?: number;
  /** Path patterns (exact, or ending in `*`); absent: every path. */
  readonly paths?: readonly string[];
  /** HTTP methods in capitals; absent: every method. */
  readonly methods?: readonly string[];
  /** Client networks; absent: every address. */
  readonly sourceCidrs?: readonly string[];
  readonly rate?: RatePlan;
  /** Present: each request must be paid from a lease as well. */
  readonly quota?: Quota;
}

export interface Allow {
  readonly outcome: 'allow';
  readonly grant: Grant;
  /** Seconds for which the decision may be cached. */
  readonly ttl: number;
}

export interface Deny {
  readonly outcome: 'deny';
  readonly status: 401 | 403 | 429;
  readonly reason: DenyReason;
  /** Seconds for which the decision may be cached. */
  readonly ttl: number;
  /** Seconds after which a 429 may be tried again. */
  readonly retryAfter?: number;
}

export type Decision = Allow | Deny;

/** What of a request a grant's constraints look at. */
export interface RequestFacts {
  readonly method: string;
  readonly path: string;
  readonly sourceIp: string;
  /** Seconds since the epoch. */
  readonly now: number;
  /** Scopes that the route asks for; all are needed. */
  readonly requiredScopes?: readonly string[];
}

/** Whether {@link refusal} may refuse anything under this grant but a lack of scopes. */
export function hasConstraints(grant: Grant): boolean {
  return (
    grant.paths !== undefined ||
    grant.methods !== undefined ||
    grant.sourceCidrs !== undefined ||
    grant.expires !== undefined ||
    grant.notBefore !== undefined
  );
}

/** Applies a grant's constraints to one request: undefined when it is allowed, else why not. */
export function refusal(
  grant: Grant,
  request: RequestFacts,
): { readonly status: 401 | 403; readonly reason: DenyReason } | undefined {
  if (grant.notBefore !== undefined && request.now < grant.notBefore) return { status: 401, reason: 'not-yet-valid' };
  if (grant.expires !== undefined && request.now >= grant.expires) return { status: 401, reason: 'expired' };
  if (grant.sourceCidrs !== undefined && !inNetworks(request.sourceIp, grant.sourceCidrs)) {
    return { status: 403, reason: 'address' };
  }
  if (grant.methods !== undefined && !grant.methods.includes(request.method)) return { status: 403, reason: 'method' };
  if (grant.paths !== undefined && !grant.paths.some((pattern) => matchesPath(pattern, request.path))) {
    return { status: 403, reason: 'path' };
  }
  for (const scope of request.requiredScopes ?? []) {
    if (!grant.scopes.includes(scope)) return { status: 403, reason: 'scope' };
  }
  return undefined;
}

function inNetworks(address: string, cidrs: readonly string[]): boolean {
  return cidrs.some((text) => {
    const cidr: Cidr | undefined = parseCidr(text);
    return cidr !== undefined && cidrContains(cidr, address);
  });
}
