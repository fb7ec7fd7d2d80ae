/** What the gate answers instead of letting a request pass. */

import type { DenyReason } from '../../../contract/decision';
import type { RateLimitFields } from './rate-limit-fields';

/** Why a request was not let through; for logs and metrics only. */
export type RefusalReason =
  | DenyReason
  | 'target'
  | 'header'
  | 'body'
  | 'method-unknown'
  | 'client-rate'
  | 'misses'
  | 'banned'
  | 'invocations'
  | 'authorizer'
  | 'overload'
  /** Too many bodies of this client, or of all, are held to be counted. */
  | 'bodies'
  /** No lease came, so nothing could be paid from. */
  | 'lease'
  /** What the request costs cannot be told. */
  | 'unreadable'
  /** By the text's rules; spelled as the code that clients are told. */
  | 'text_too_long'
  | 'invalid_text';

export interface Refusal {
  readonly kind: 'refuse';
  readonly status: 400 | 401 | 403 | 405 | 413 | 415 | 429 | 503;
  readonly reason: RefusalReason;
  /** Seconds. */
  readonly retryAfter?: number;
  /** Further members of the answer's JSON object. */
  readonly members?: Readonly<Record<string, string | number>>;
  readonly fields?: RateLimitFields;
  /** Which limit was reached, in words. */
  readonly limit?: string;
}

export function refuse(status: Refusal['status'], reason: RefusalReason, retryAfter?: number): Refusal {
  return retryAfter === undefined ? { kind: 'refuse', status, reason } : { kind: 'refuse', status, reason, retryAfter };
}

/** A refusal that tells the caller what is wrong: `problem` completes the sentence "the request …". */
export function refuseSaying(status: Refusal['status'], reason: RefusalReason, problem: string): Refusal {
  return { kind: 'refuse', status, reason, members: { detail: `The request ${problem}.` } };
}
