/** What the gate does with a request. */

import type { DenyReason } from '../../../contract/decision';
import type { RateLimitFields } from '../quota/rate-limit-fields';

/** Why a request was not let through; for logs and metrics only. */
export type RefusalReason =
  | DenyReason
  | 'target'
  | 'method-unknown'
  | 'client-rate'
  | 'misses'
  | 'banned'
  | 'invocations'
  | 'authorizer'
  | 'overload'
  /** No lease came, so nothing could be paid from. */
  | 'lease'
  /** What the request costs cannot be told. */
  | 'unreadable';

export interface Pass {
  readonly kind: 'pass';
  /** Path and query as the app gets them. */
  readonly target: string;
  /** Header lines, each beginning with CR LF. */
  readonly headers: string;
  /** The place in flight, given back when the request ends. */
  readonly place: string;
  /** Header fields of the answer. */
  readonly fields?: RateLimitFields;
}

export interface Refusal {
  readonly kind: 'refuse';
  readonly status: 400 | 401 | 403 | 405 | 413 | 415 | 429 | 503;
  readonly reason: RefusalReason;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Further members of the answer's JSON object. */
  readonly members?: Readonly<Record<string, string | number>>;
  readonly fields?: RateLimitFields;
}

export type Outcome = Pass | Refusal;

/** What the log line says; filled while deciding. */
export interface Trace {
  client: string;
  path: string;
  cache: string;
  keyId: string;
  reason: string;
  /** Of the text to speak, where it could be told. */
  characters?: number | undefined;
}

export function refuse(status: Refusal['status'], reason: RefusalReason, retryAfter?: number): Refusal {
  return retryAfter === undefined ? { kind: 'refuse', status, reason } : { kind: 'refuse', status, reason, retryAfter };
}
