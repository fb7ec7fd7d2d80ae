/**
 * How a decision travels in an authorizer's `context`. API Gateway accepts only flat strings, numbers and booleans
 * there, so the whole decision is one JSON string under `voicegate`, beside three plain values for other readers.
 */

import type { Allow, Decision, Deny, DenyReason, Grant } from './decision';
import { isQuota, type LeaseGrant, readLeaseGrant } from './quota';
import { isRecord } from './record';

export const CONTEXT_DECISION = 'voicegate';
const VERSION = 1;

export interface DecisionContext {
  readonly principal: string;
  readonly keyId: string;
  /** Separated by spaces, as OAuth writes them. */
  readonly scopes: string;
  readonly [CONTEXT_DECISION]: string;
}

/** A lease travels beside the decision, not in it: a decision may be kept and used again, a lease is taken once. */
export function encodeDecision(decision: Decision, lease?: LeaseGrant): DecisionContext {
  const grant = decision.outcome === 'allow' ? decision.grant : undefined;
  return {
    principal: grant?.principal ?? '',
    keyId: grant?.keyId ?? '',
    scopes: grant?.scopes.join(' ') ?? '',
    [CONTEXT_DECISION]: JSON.stringify({ v: VERSION, ...decision, ...(lease && { lease }) }),
  };
}

/** A decision, and the lease that travels beside it when one was asked for. */
export type Decoded = Deny | (Allow & { readonly lease?: LeaseGrant });

/**
 * The decision in a context, or undefined when the context holds none (a foreign authorizer's).
 * @throws Error when it holds one that this version cannot read: that is a failure, never an allow.
 */
export function decodeDecision(context: Readonly<Record<string, unknown>> | undefined): Decoded | undefined {
  const value = readContext(context);
  if (value === undefined) return undefined;
  if (!isSeconds(value.ttl)) throw new Error('malformed decision');
  if (value.outcome === 'deny') {
    if (value.status !== 401 && value.status !== 403 && value.status !== 429) throw new Error('malformed decision');
    return {
      outcome: 'deny',
      status: value.status,
      reason: typeof value.reason === 'string' ? (value.reason as DenyReason) : 'refused',
      ttl: value.ttl,
      ...(isSeconds(value.retryAfter) ? { retryAfter: value.retryAfter } : {}),
    };
  }
  if (value.outcome !== 'allow' || !isGrant(value.grant)) throw new Error('malformed decision');
  const allow: Allow = { outcome: 'allow', grant: value.grant, ttl: value.ttl };
  return value.lease === undefined ? allow : { ...allow, lease: readLeaseGrant(value.lease) };
}

function readContext(
  context: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> | undefined {
  const text = context?.[CONTEXT_DECISION];
  if (text === undefined) return undefined;
  const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
  if (!isRecord(value) || value.v !== VERSION) throw new Error('malformed decision');
  return value;
}

function isGrant(value: unknown): value is Grant {
  return (
    isRecord(value) &&
    typeof value.principal === 'string' &&
    isStrings(value.scopes) &&
    optional(value.keyId, (item) => typeof item === 'string') &&
    optional(value.notBefore, isSeconds) &&
    optional(value.expires, isSeconds) &&
    optional(value.paths, isStrings) &&
    optional(value.methods, isStrings) &&
    optional(value.sourceCidrs, isStrings) &&
    optional(value.rate, (rate) => isRecord(rate) && isCount(rate.requestsPerMinute) && isCount(rate.burst)) &&
    optional(value.quota, isQuota)
  );
}

function optional(value: unknown, check: (value: unknown) => boolean): boolean {
  return value === undefined || check(value);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 1;
}
