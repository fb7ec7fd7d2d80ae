/** From an identity to a decision: the cache, one flight per identity, the authorizer, and what holds when it fails. */

import type { DenyReason, Grant } from '../../../contract/decision';
import type { LeaseGrant, LeaseRequest } from '../../../contract/quota';
import { hasFailed } from '../limits/abuse';
import { giveBack, takeFromWindow, takePlace } from '../limits/window';
import type { Renewal } from '../quota/lease';
import { grantHeaders } from '../request/request-headers';
import type { CountingDict } from '../shared/dict';
import type { Settings } from '../shared/settings';
import { type Answer, type InvokeResponse, readAnswer } from './authorizer-answer';
import {
  type CachedAllow,
  type CachedDeny,
  type DecisionZones,
  getAllow,
  getDeny,
  isFresh,
  isInGrace,
  putAllow,
  putDeny,
} from './decision-cache';
import { board, land } from './flight';
import type { Statement } from './policy';

/** How the decision came about; for logs and metrics. */
export type CacheState = 'hit' | 'miss' | 'wait' | 'stale' | 'none';

export type Verdict =
  | {
      readonly kind: 'allow';
      readonly grant: Grant;
      readonly statements?: readonly Statement[];
      /** What the app is told about the grant: its header lines. */
      readonly lines: string;
      readonly cache: CacheState;
    }
  | {
      readonly kind: 'deny';
      readonly status: 401 | 403 | 429;
      readonly reason: DenyReason;
      readonly retryAfter?: number;
      readonly cache: CacheState;
    }
  /** Too many unknown credentials of this client, or too many invocations of this gate. */
  | { readonly kind: 'busy'; readonly reason: 'misses' | 'invocations' | 'banned'; readonly retryAfter: number }
  /** The authorizer failed and nothing recent is known. */
  | { readonly kind: 'failure'; readonly reason: string };

export interface AuthorizePorts extends DecisionZones {
  readonly settings: Settings;
  readonly flights: CountingDict;
  readonly limits: CountingDict;
  /** Failed attempts and bans: see abuse.ts. */
  readonly abuse: CountingDict;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  /** @throws Error when no answer came; it holds no secret. */
  invoke(event: string): Promise<InvokeResponse>;
  /** Counts something for the metrics. */
  count(metric: string, by?: number): void;
  /** Tells an operator what went wrong; holds no secret. */
  warn(text: string): void;
}

/** Remembers which leases and places must be given back should the request end before its invocation does. */
export interface Held {
  hold(key: string): void;
  release(key: string): void;
}

export interface Identity {
  readonly cacheKey: string;
  /** The client's network. */
  readonly network: string;
  /** The authorizer's event; made only on a miss. */
  event(lease?: LeaseRequest): string;
  /** Present: a lease is asked for along with the decision. */
  readonly lease?: {
    request(): LeaseRequest;
    /** `from`: when it was asked for, milliseconds since the epoch. */
    take(request: LeaseRequest, grant: LeaseGrant, from: number): void;
  };
}

/** Milliseconds beyond an invocation's own timeout after which nobody waits for it any more. */
export const SLACK = 1000;

/** The decision that the cache holds, if it holds one. */
export function cachedVerdict(ports: AuthorizePorts, key: string, cache: CacheState = 'hit'): Verdict | undefined {
  const allow = getAllow(ports, key);
  if (allow !== undefined && isFresh(allow, ports.now())) return allowed(allow, cache);
  const deny = getDeny(ports, key);
  return deny === undefined ? undefined : denied(deny, cache, ports.now());
}

/** The decision for an identity that the cache does not know. */
export async function askAuthorizer(ports: AuthorizePorts, identity: Identity, held: Held): Promise<Verdict> {
  const { options } = ports.settings;
  const key = identity.cacheKey;
  // Without a cache nobody could profit from another's invocation.
  const alone = options.authorizer.positiveTtl === 0 && options.authorizer.negativeTtl === 0;
  if (alone) return invokeBounded(ports, identity, held);
  const look = () => cachedVerdict(ports, key, 'wait');
  const flight = await board(ports, key, options.authorizer.timeout + SLACK, look);
  if (flight.kind === 'landed') return flight.result;
  if (flight.kind !== 'leader') return whenFailing(ports, key, flight.kind);
  held.hold(key);
  let failed = false;
  try {
    // Between this request's first look at the cache and its lease another one may have landed.
    const verdict = look() ?? (await invokeBounded(ports, identity, held));
    failed = verdict.kind === 'failure' || (verdict.kind === 'allow' && verdict.cache === 'stale');
    return verdict;
  } finally {
    land(ports.flights, key, failed, ports.now());
    held.release(key);
  }
}

/**
 * Asks for a lease, and has the decision renewed by the same invocation.
 * @throws Error when there is no answer, or one without the lease.
 */
export async function renewLease(
  ports: AuthorizePorts,
  identity: Identity,
  held: Held,
  request: LeaseRequest,
): Promise<Renewal<Verdict>> {
  const deny = getDeny(ports, identity.cacheKey);
  if (deny !== undefined) return { other: denied(deny, 'hit', ports.now()) };
  let granted: LeaseGrant | undefined;
  const lease = {
    request: () => request,
    take: (_: LeaseRequest, grant: LeaseGrant) => {
      granted = grant;
    },
  };
  const verdict = await invokeBounded(ports, { ...identity, lease }, held);
  if (granted !== undefined) return { lease: granted };
  if (verdict.kind === 'deny' || verdict.kind === 'busy') return { other: verdict };
  throw new Error('the authorizer granted no lease');
}

async function invokeBounded(ports: AuthorizePorts, identity: Identity, held: Held): Promise<Verdict> {
  const { options } = ports.settings;
  const known = getAllow(ports, identity.cacheKey) !== undefined;
  const misses = { limit: options.limits.missesPerMinute, length: 60_000 };
  // A credential that was good a moment ago is not an unknown one.
  const miss = known ? undefined : takeFromWindow(ports.limits, `m${identity.network}:`, misses, ports.now());
  if (miss?.allowed === false) return { kind: 'busy', reason: 'misses', retryAfter: miss.retryAfter };
  const refund = () => {
    if (miss?.slot !== undefined) giveBack(ports.limits, miss.slot);
  };
  const patience = 2 * options.authorizer.timeout + SLACK;
  // Half of the invocations is for clients without a failed attempt: a flood from many addresses keeps no newcomer out.
  const { invocations } = options.limits;
  const places =
    !known && hasFailed(ports.abuse, identity.network, ports.now()) ? Math.ceil(invocations / 2) : invocations;
  const place = takePlace(ports.flights, '*', places, ports.now(), patience);
  if (place === undefined) {
    refund();
    return known
      ? whenFailing(ports, identity.cacheKey, 'invocations')
      : { kind: 'busy', reason: 'invocations', retryAfter: 1 };
  }
  held.hold(place);
  let answer: Answer;
  const start = ports.now();
  try {
    const asked = identity.lease?.request();
    const response = await ports.invoke(identity.event(asked));
    answer = readAnswer(response);
    if (asked !== undefined && answer.outcome === 'allow' && answer.lease !== undefined) {
      identity.lease?.take(asked, answer.lease, start);
    }
    if (answer.outcome === 'failure') ports.warn(`authorizer: ${answer.cause}, Lambda answered ${response.status}`);
  } catch (error) {
    ports.warn(`authorizer: ${error instanceof Error ? error.message : 'failed'}`);
    answer = { outcome: 'failure', cause: 'error' };
  } finally {
    ports.flights.delete(place);
    held.release(place);
  }
  ports.count('authorizer');
  ports.count('authorizer-ms', ports.now() - start);
  const verdict = settle(ports, identity.cacheKey, answer);
  if (verdict.kind !== 'deny') refund();
  return verdict;
}

/** Puts the answer into the cache. */
function settle(ports: AuthorizePorts, key: string, answer: Answer): Verdict {
  const { positiveTtl, negativeTtl, staleGrace } = ports.settings.options.authorizer;
  const now = ports.now();
  if (answer.outcome === 'failure') {
    ports.count(`authorizer-${answer.cause}`);
    return whenFailing(ports, key, answer.cause);
  }
  if (answer.outcome === 'deny') {
    const { status, reason, retryAfter } = answer;
    const deny = { status, reason, ...(retryAfter === undefined ? {} : { retryAt: now + retryAfter * 1000 }) };
    putDeny(ports, key, deny, answer.ttl ?? negativeTtl);
    return denied(deny, 'miss', now);
  }
  const { grant, statements, ttl = positiveTtl } = answer;
  const lines = grantHeaders(grant);
  const allow = { grant, ...(statements === undefined ? {} : { statements }), lines, at: now, ttl };
  putAllow(ports, key, allow, staleGrace);
  return allowed(allow, 'miss');
}

function whenFailing(ports: AuthorizePorts, key: string, reason: string): Verdict {
  const allow = getAllow(ports, key);
  return allow !== undefined && isInGrace(allow, ports.now(), ports.settings.options.authorizer.staleGrace)
    ? allowed(allow, 'stale')
    : { kind: 'failure', reason };
}

function allowed(allow: CachedAllow, cache: CacheState): Verdict {
  const { grant, statements, lines } = allow;
  return statements === undefined
    ? { kind: 'allow', grant, lines, cache }
    : { kind: 'allow', grant, statements, lines, cache };
}

function denied(deny: CachedDeny, cache: CacheState, now: number): Verdict {
  const { status, reason, retryAt } = deny;
  const retryAfter = retryAt === undefined ? undefined : Math.max(1, Math.ceil((retryAt - now) / 1000));
  return { kind: 'deny', status, reason, ...(retryAfter === undefined ? {} : { retryAfter }), cache };
}
