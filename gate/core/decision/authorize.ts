/** From an identity to a decision: the cache, one flight per identity, the authorizer, and what holds when it fails. */

import type { DenyReason } from '../../../contract/decision';
import { CONTEXT_HEADERS } from '../../../contract/names';
import type { LeaseGrant, LeaseRequest } from '../../../contract/quota';
import type { AbusePorts } from '../limits/abuse';
import { takeMiss } from '../limits/limits';
import { giveBack } from '../limits/window';
import { contextHeaders } from '../request/context-headers';
import { loggable } from '../request/loggable';
import { grantHeaders } from '../request/request-headers';
import { callerOf } from '../shared/caller';
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
import { giveBackPlaces, type Held, SLACK, takeInvocation, takeWait } from './invocations';

/** How the decision came about; for logs and metrics. */
export type CacheState = 'hit' | 'miss' | 'wait' | 'stale' | 'none';

/** An allow, and what follows from it for the app and the log. */
export type Allowed = Pick<CachedAllow, 'grant' | 'statements' | 'lines' | 'logged' | 'caller'>;

export type Verdict =
  | { readonly kind: 'allow'; readonly allow: Allowed; readonly cache: CacheState }
  | {
      readonly kind: 'deny';
      readonly status: 401 | 403 | 429;
      readonly reason: DenyReason;
      readonly retryAfter?: number;
      readonly cache: CacheState;
    }
  /** Too many unknown credentials of this client, or too many invocations of this gate. */
  | { readonly kind: 'busy'; readonly reason: 'misses' | 'invocations'; readonly retryAfter: number }
  /** The authorizer failed and nothing recent is known. */
  | { readonly kind: 'failure'; readonly reason: string };

export interface AuthorizePorts extends DecisionZones, AbusePorts {
  readonly settings: Settings;
  readonly flights: CountingDict;
  readonly limits: CountingDict;
  sleep(milliseconds: number): Promise<void>;
  /** Writes into the log, once for all requests of this gate. */
  tell(name: string, message: string): void;
  /** @throws Error when no answer came; it holds no secret. */
  invoke(event: string): Promise<InvokeResponse>;
}

/** Who asks, and what the authorizer is asked. */
export interface Inquiry {
  readonly cacheKey: string;
  /** The client's network. */
  readonly network: string;
  /** The client is banned: what nobody knows has a few look-ups of its own. */
  readonly isBanned?: boolean;
  /** The authorizer's event; made only on a miss. */
  event(lease?: LeaseRequest): string;
  /** Present: a lease is asked for along with the decision. */
  readonly lease?: {
    request(): LeaseRequest;
    /** `from`: when it was asked for, milliseconds since the epoch. */
    take(request: LeaseRequest, grant: LeaseGrant, from: number): void;
  };
}

/** Unknown credentials a minute of a banned client that may cause an invocation: one of them may be a colleague's. */
const BANNED_MISSES = 10;

const POLICY_UNDER_2 =
  'authorizer: it answers an IAM policy under payload format 2.0, as API Gateway takes it without simple responses; the policy is obeyed';
const CONTEXT_LEFT_OUT =
  `authorizer: values of its context were left out; the app gets at most ${CONTEXT_HEADERS.values} of at most ` +
  `${CONTEXT_HEADERS.valueBytes} bytes each, ${CONTEXT_HEADERS.bytes} in all, whose names differ in letters or digits`;

/** What the cache holds: the allow itself, while it is fresh, or a refusal. */
export function cachedDecision(ports: DecisionZones, key: string, now: number): CachedAllow | CachedDeny | undefined {
  const allow = getAllow(ports, key);
  return allow !== undefined && isFresh(allow, now) ? allow : getDeny(ports, key);
}

/** The verdict that the cache holds, if it holds one. */
export function cachedVerdict(ports: AuthorizePorts, key: string, cache: CacheState = 'hit'): Verdict | undefined {
  const found = cachedDecision(ports, key, ports.now());
  if (found === undefined) return undefined;
  return 'grant' in found ? { kind: 'allow', allow: found, cache } : deniedBy(found, cache, ports.now());
}

/** The decision for an identity that the cache does not know. One that was good a moment ago waits in no one's way. */
export async function askAuthorizer(ports: AuthorizePorts, inquiry: Inquiry, held: Held): Promise<Verdict> {
  if (getAllow(ports, inquiry.cacheKey) !== undefined) return askOnce(ports, inquiry, held);
  const waiting = takeWait(ports, inquiry.network, held);
  if (waiting === undefined) return { kind: 'busy', reason: 'invocations', retryAfter: 1 };
  try {
    return await askOnce(ports, inquiry, held);
  } finally {
    giveBackPlaces(ports, waiting, held);
  }
}

async function askOnce(ports: AuthorizePorts, inquiry: Inquiry, held: Held): Promise<Verdict> {
  const { options } = ports.settings;
  const key = inquiry.cacheKey;
  // Without a cache nobody could profit from another's invocation.
  if (!mayCache(options)) return invokeBounded(ports, inquiry, held);
  const look = () => cachedVerdict(ports, key, 'wait');
  const flight = await board(ports, key, options.authorizer.timeout + SLACK, look);
  if (flight.kind === 'landed') return flight.result;
  if (flight.kind !== 'leader') return whenFailing(ports, key, flight.kind);
  held.hold(key);
  let failed = false;
  try {
    // Between this request's first look at the cache and its lead another one may have landed.
    const verdict = look() ?? (await invokeBounded(ports, inquiry, held));
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
export async function renewDecision(
  ports: AuthorizePorts,
  inquiry: Inquiry,
  held: Held,
  request: LeaseRequest,
): Promise<{ readonly lease: LeaseGrant } | { readonly other: Verdict }> {
  const deny = getDeny(ports, inquiry.cacheKey);
  if (deny !== undefined) return { other: deniedBy(deny, 'hit', ports.now()) };
  let granted: LeaseGrant | undefined;
  const lease = {
    request: () => request,
    take: (_: LeaseRequest, grant: LeaseGrant) => {
      granted = grant;
    },
  };
  const verdict = await invokeBounded(ports, { ...inquiry, lease }, held);
  if (granted !== undefined) return { lease: granted };
  if (verdict.kind === 'deny' || verdict.kind === 'busy') return { other: verdict };
  throw new Error('the authorizer granted no lease');
}

async function invokeBounded(ports: AuthorizePorts, inquiry: Inquiry, held: Held): Promise<Verdict> {
  const { options } = ports.settings;
  const known = getAllow(ports, inquiry.cacheKey) !== undefined;
  const { missesPerMinute } = options.limits;
  const [name, limit] = inquiry.isBanned ? ['x', Math.min(missesPerMinute, BANNED_MISSES)] : ['m', missesPerMinute];
  // A credential that was good a moment ago is not an unknown one.
  const miss = known ? undefined : takeMiss(ports.limits, name, limit, inquiry.network, ports.now());
  if (miss?.allowed === false) return { kind: 'busy', reason: 'misses', retryAfter: miss.retryAfter };
  const refund = () => {
    for (const slot of miss?.slots ?? []) giveBack(ports.limits, slot);
  };
  const taken = await takeInvocation(ports, inquiry.network, known, held);
  if (taken === undefined) {
    refund();
    return known
      ? whenFailing(ports, inquiry.cacheKey, 'invocations')
      : { kind: 'busy', reason: 'invocations', retryAfter: 1 };
  }
  let answer: Answer;
  const start = ports.now();
  try {
    const asked = inquiry.lease?.request();
    const response = await ports.invoke(inquiry.event(asked));
    answer = readAnswer(response);
    if (asked !== undefined && answer.outcome === 'allow' && answer.lease !== undefined) {
      inquiry.lease?.take(asked, answer.lease, start);
    }
    if (answer.outcome === 'failure') ports.warn(`authorizer: ${answer.cause}, Lambda answered ${response.status}`);
  } catch (error) {
    ports.warn(`authorizer: ${error instanceof Error ? error.message : 'failed'}`);
    answer = { outcome: 'failure', cause: 'error' };
  } finally {
    giveBackPlaces(ports, taken, held);
  }
  ports.count('authorizer');
  ports.count('authorizer-ms', ports.now() - start);
  const verdict = settle(ports, inquiry.cacheKey, answer);
  if (verdict.kind !== 'deny') refund();
  return verdict;
}

/** Without a time to keep them in no decision is kept, whatever an answer says: its identity may stand for everybody. */
function mayCache({ authorizer }: Settings['options']): boolean {
  return authorizer.positiveTtl > 0 || authorizer.negativeTtl > 0;
}

/** Puts the answer into the cache. */
function settle(ports: AuthorizePorts, key: string, answer: Answer): Verdict {
  const { options } = ports.settings;
  const { positiveTtl, negativeTtl, staleGrace, payloadFormat } = options.authorizer;
  const now = ports.now();
  if (answer.outcome === 'failure') {
    ports.count(`authorizer-${answer.cause}`);
    return whenFailing(ports, key, answer.cause);
  }
  if (answer.isPolicy && payloadFormat === '2.0') ports.tell('policy', POLICY_UNDER_2);
  if (answer.outcome === 'deny') {
    const { status, reason, retryAfter } = answer;
    const deny = { status, reason, ...(retryAfter === undefined ? {} : { retryAt: now + retryAfter * 1000 }) };
    putDeny(ports, key, deny, mayCache(options) ? (answer.ttl ?? negativeTtl) : 0);
    return deniedBy(deny, 'miss', now);
  }
  const { grant, statements, context = {} } = answer;
  const ttl = mayCache(options) ? (answer.ttl ?? positiveTtl) : 0;
  const told = contextHeaders(context);
  if (told.leftOut > 0) ports.tell('context', CONTEXT_LEFT_OUT);
  const lines = grantHeaders(grant) + told.lines;
  const principal = options.masksPrincipal
    ? ''
    : `,"principal":${JSON.stringify(loggable(grant.principal).slice(0, 256))}`;
  const logged = `,"keyId":${JSON.stringify(grant.keyId ?? '')}${principal}`;
  const caller = callerOf(grant.keyId ?? grant.principal);
  const allow = { grant, ...(statements === undefined ? {} : { statements }), lines, logged, caller, at: now, ttl };
  putAllow(ports, key, allow, staleGrace);
  return { kind: 'allow', allow, cache: 'miss' };
}

function whenFailing(ports: AuthorizePorts, key: string, reason: string): Verdict {
  const allow = getAllow(ports, key);
  return allow !== undefined && isInGrace(allow, ports.now(), ports.settings.options.authorizer.staleGrace)
    ? { kind: 'allow', allow, cache: 'stale' }
    : { kind: 'failure', reason };
}

export function deniedBy(deny: CachedDeny, cache: CacheState, now: number): Verdict {
  const { status, reason, retryAt } = deny;
  const retryAfter = retryAt === undefined ? undefined : Math.max(1, Math.ceil((retryAt - now) / 1000));
  return { kind: 'deny', status, reason, ...(retryAfter === undefined ? {} : { retryAfter }), cache };
}
