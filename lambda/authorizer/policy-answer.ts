/** Format 1.0 (REQUEST and TOKEN): an IAM policy, as REST APIs need it. */

import { encodeDecision } from '../../contract/authorizer-answer';
import { type PolicyAnswer, UNAUTHORIZED } from '../../contract/authorizer-event';
import type { Decision, Grant } from '../../contract/decision';
import { isPathPattern } from '../../contract/path-pattern';
import type { LeaseGrant } from '../../contract/quota';
import { AMBIGUOUS_RESOURCES } from './ambiguous-path';

type Statement = PolicyAnswer['policyDocument']['Statement'][number];

const ACTION = 'execute-api:Invoke';

/**
 * API Gateway caches a policy for the whole stage and serves every later request of the same credential from it. A
 * policy for the one path that was asked would refuse the next path, and one for everything would let a constrained
 * credential through. So the policy states exactly the grant: paths and methods as resources, networks and times as
 * conditions; API Gateway evaluates it on every request, as the gate evaluates a cached grant.
 *
 * @throws Error `Unauthorized` for a 401, as API Gateway wants it.
 */
export function policyAnswer(decision: Decision, methodArn: string, lease?: LeaseGrant): PolicyAnswer {
  if (decision.outcome === 'deny' && decision.status === 401) throw new Error(UNAUTHORIZED);
  const stage = stageArn(methodArn);
  return {
    principalId: decision.outcome === 'allow' ? decision.grant.principal : 'refused',
    policyDocument: {
      Version: '2012-10-17',
      Statement:
        decision.outcome === 'allow'
          ? grantStatements(decision.grant, stage)
          : [{ Effect: 'Deny', Action: ACTION, Resource: `${stage}/*` }],
    },
    context: { ...encodeDecision(decision, lease) },
  };
}

function grantStatements(grant: Grant, stage: string): readonly Statement[] {
  const condition = grantCondition(grant);
  const resources = grantResources(grant, stage);
  // A list that is there and empty allows nothing, and a policy may not have an empty one.
  if (resources.length === 0 || grant.sourceCidrs?.length === 0) {
    return [{ Effect: 'Deny', Action: ACTION, Resource: `${stage}/*` }];
  }
  const allow: Statement = {
    Effect: 'Allow',
    Action: ACTION,
    Resource: resources,
    ...(condition && { Condition: condition }),
  };
  if (grant.paths === undefined) return [allow];
  return [allow, { Effect: 'Deny', Action: ACTION, Resource: AMBIGUOUS_RESOURCES.map((rest) => `${stage}/${rest}`) }];
}

function grantResources(grant: Grant, stage: string): readonly string[] {
  if (grant.paths === undefined && grant.methods === undefined) return [`${stage}/*`];
  // IAM reads more than we do in a `*` in the middle, a `?` or a `${`: what is no plain pattern or method allows nothing.
  const methods = grant.methods?.filter((method) => /^[A-Z]+$/.test(method)) ?? ['*'];
  const paths = grant.paths?.filter(isPathPattern) ?? ['/*'];
  return methods.flatMap((method) => paths.map((path) => `${stage}/${method}${path}`));
}

function grantCondition(grant: Grant): Readonly<Record<string, unknown>> | undefined {
  const condition = {
    ...(grant.sourceCidrs !== undefined && { IpAddress: { 'aws:SourceIp': grant.sourceCidrs } }),
    ...(grant.notBefore !== undefined && {
      DateGreaterThanEquals: { 'aws:CurrentTime': timestamp(grant.notBefore) },
    }),
    ...(grant.expires !== undefined && { DateLessThan: { 'aws:CurrentTime': timestamp(grant.expires) } }),
  };
  return Object.keys(condition).length > 0 ? condition : undefined;
}

function timestamp(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** `arn:aws:execute-api:region:account:api/stage` of `…/stage/GET/path`. */
function stageArn(methodArn: string): string {
  const stage = /^arn:[^/]+\/[^/]+/.exec(methodArn)?.[0];
  if (stage === undefined) throw new Error('event: methodArn must be the ARN of an execute-api method');
  return stage;
}
