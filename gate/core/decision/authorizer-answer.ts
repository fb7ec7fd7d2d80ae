/** Reads what the authorizer answered. What cannot be read is a failure, never an allow. */

import { decodeDecision } from '../../../contract/authorizer-answer';
import { UNAUTHORIZED } from '../../../contract/authorizer-event';
import type { Deny, Grant } from '../../../contract/decision';
import type { LeaseGrant } from '../../../contract/quota';
import { isRecord } from '../../../contract/record';
import { readPolicy, type Statement } from './policy';

export interface InvokeResponse {
  readonly status: number;
  /** The `X-Amz-Function-Error` header. */
  readonly functionError: string | undefined;
  readonly payload: string;
}

type Values = Readonly<Record<string, unknown>>;

export type Answer =
  | {
      readonly outcome: 'allow';
      readonly grant: Grant;
      /** From a policy: evaluated again for every route. */
      readonly statements?: readonly Statement[];
      /** Seconds, when the answer itself states them. */
      readonly ttl?: number;
      /** When one was asked for. */
      readonly lease?: LeaseGrant;
      /** What a foreign authorizer says of the caller. */
      readonly context?: Values | undefined;
      readonly isPolicy?: true;
    }
  | (Omit<Deny, 'ttl'> & { readonly ttl?: number; readonly isPolicy?: true })
  | { readonly outcome: 'failure'; readonly cause: 'throttled' | 'refused' | 'error' | 'function-error' | 'malformed' };

export function readAnswer(response: InvokeResponse): Answer {
  if (response.status === 429) return { outcome: 'failure', cause: 'throttled' };
  // 403: the gate's own credentials are refused. It says nothing about the client's.
  if (response.status === 403) return { outcome: 'failure', cause: 'refused' };
  if (response.status !== 200) return { outcome: 'failure', cause: 'error' };
  const value = parse(response.payload);
  if (response.functionError !== undefined && response.functionError !== '') {
    return isRecord(value) && value.errorMessage === UNAUTHORIZED
      ? { outcome: 'deny', status: 401, reason: 'refused' }
      : { outcome: 'failure', cause: 'function-error' };
  }
  if (!isRecord(value)) return { outcome: 'failure', cause: 'malformed' };
  const context = value.context === undefined || value.context === null ? undefined : value.context;
  if (context !== undefined && !isRecord(context)) return { outcome: 'failure', cause: 'malformed' };
  try {
    if ('policyDocument' in value) {
      const answer = readPolicyAnswer(value, context);
      return answer.outcome === 'failure' ? answer : { ...answer, isPolicy: true };
    }
    if (typeof value.isAuthorized === 'boolean') return readSimpleAnswer(value.isAuthorized, context);
  } catch {
    // The context holds a decision of another version.
  }
  return { outcome: 'failure', cause: 'malformed' };
}

function readSimpleAnswer(isAuthorized: boolean, context: Values | undefined): Answer {
  const decision = decodeDecision(context);
  if (decision?.outcome === 'deny') return decision;
  if (!isAuthorized) return { outcome: 'deny', status: 403, reason: 'refused' };
  return decision ?? { outcome: 'allow', grant: foreignGrant('', context), context };
}

function readPolicyAnswer(value: Values, context: Values | undefined): Answer {
  if (typeof value.principalId !== 'string') return { outcome: 'failure', cause: 'malformed' };
  const statements = readPolicy(value.policyDocument);
  if (statements === undefined) return { outcome: 'failure', cause: 'malformed' };
  const decision = decodeDecision(context);
  if (decision?.outcome === 'deny') return decision;
  if (!statements.some((statement) => statement.effect === 'Allow')) {
    return { outcome: 'deny', status: 403, reason: 'refused' };
  }
  // Voicegate's own policy says no more than the grant beside it, in terms that only API Gateway can evaluate.
  return decision ?? { outcome: 'allow', grant: foreignGrant(value.principalId, context), statements, context };
}

/** A grant without constraints, from the plain values that authorizers commonly put into their context. */
function foreignGrant(principalId: string, context: Values | undefined): Grant {
  const principal = principalId !== '' ? principalId : (plain(context?.principal) ?? plain(context?.sub) ?? '');
  const keyId = plain(context?.keyId);
  const scopes = plain(context?.scopes) ?? plain(context?.scope) ?? '';
  return {
    principal,
    ...(keyId === undefined || keyId === '' ? {} : { keyId }),
    scopes: scopes.split(' ').filter((scope) => scope !== ''),
  };
}

function plain(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
