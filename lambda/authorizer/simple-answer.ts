/** Payload format 2.0 with simple responses: what the gate and HTTP APIs ask for. */

import { encodeDecision } from '../../contract/authorizer-answer';
import type { AuthorizerEventV2, SimpleAnswer } from '../../contract/authorizer-event';
import { type Decision, type DenyReason, type Grant, refusal } from '../../contract/decision';
import type { LeaseGrant } from '../../contract/quota';
import { hasAmbiguousSegments } from './ambiguous-path';

export function simpleAnswer(decision: Decision, lease?: LeaseGrant): SimpleAnswer {
  return { isAuthorized: decision.outcome === 'allow', context: { ...encodeDecision(decision, lease) } };
}

/**
 * Applies a grant's constraints to a request that came through an HTTP API, where no gate does it afterwards.
 *
 * API Gateway may cache a simple answer, keyed by the values of the authorizer's identity sources, and then serves it
 * for any path. So a constrained grant is allowed only when what it is constrained by is among those values
 * (`$context.path`, `$context.httpMethod`, `$context.identity.sourceIp`), or when there is no identity source, without
 * which API Gateway does not cache. Format 1.0 answers with a policy, which states the constraints itself.
 */
export function decideForHttpApi(decision: Decision, event: AuthorizerEventV2, now: number, ttl: number): Decision {
  if (decision.outcome === 'deny') return decision;
  const { http } = event.requestContext;
  const path = withoutStage(http.path, event.requestContext.stage);
  const refused = (status: 401 | 403, reason: DenyReason): Decision => ({ outcome: 'deny', status, reason, ttl });

  const broken = refusal(decision.grant, { method: http.method, path, sourceIp: http.sourceIp, now });
  if (broken !== undefined) return refused(broken.status, broken.reason);
  if (decision.grant.paths !== undefined && hasAmbiguousSegments(path)) return refused(403, 'path');
  const unkeyed = missingFromCacheKey(decision.grant, event);
  return unkeyed === undefined ? decision : refused(403, unkeyed);
}

function missingFromCacheKey(grant: Grant, event: AuthorizerEventV2): DenyReason | undefined {
  const keys = event.identitySource ?? [];
  if (keys.length === 0) return undefined;
  const { http } = event.requestContext;
  if (grant.paths !== undefined && !keys.includes(http.path)) return 'path';
  if (grant.methods !== undefined && !keys.includes(http.method)) return 'method';
  if (grant.sourceCidrs !== undefined && !keys.includes(http.sourceIp)) return 'address';
  return undefined;
}

/** An HTTP API's paths begin with its stage, unless that is the default one. */
function withoutStage(path: string, stage: string): string {
  return stage !== '$default' && path.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path;
}
