import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../launch/prepare.mjs';
import type { DeployedStack } from './index.js';

/** What becomes of the deployed resource types here; each line is for the person who starts. */
export interface ServedReport {
  /** They do their work here. */
  readonly served: readonly string[];
  /** AWS's APIs answer with them, and nothing follows from them. */
  readonly kept: readonly string[];
  /** The template was read, no more. */
  readonly accepted: readonly string[];
}

/** The first pattern that matches a type counts. */
const SERVED: readonly (readonly [pattern: RegExp, by: string])[] = [
  [/^AWS::ElasticLoadBalancingV2::/, 'edge: listeners, rules, TLS, health checks'],
  [/^AWS::WAFv2::(WebACL|WebACLAssociation|IPSet|RegexPatternSet|RuleGroup)$/, 'edge: web ACL rules'],
  [/^AWS::ECS::(Service|TaskDefinition|Cluster)$/, 'tasks: containers as processes, health, restarts, desired count'],
  [/^AWS::Lambda::(Function|Alias|Version|LayerVersion|Url|EventSourceMapping)$/, 'emulator: the bundles run in Node'],
  [/^AWS::DynamoDB::/, 'emulator: tables and items'],
  [/^AWS::CertificateManager::/, 'emulator: certificates'],
  [/^(Custom::|AWS::CloudFormation::CustomResource)/, 'emulator: custom resources are executed'],
  [/^AWS::Logs::(LogGroup|LogStream|MetricFilter|SubscriptionFilter)$/, 'emulator: logs of tasks and functions'],
  [
    /^AWS::(S3::Bucket|SNS::(Topic|Subscription)|SQS::Queue|SecretsManager::Secret|SSM::Parameter|StepFunctions::StateMachine)$/,
    'emulator: objects, messages, secrets, state machines',
  ],
  [/^AWS::(Events::Rule|Scheduler::Schedule)$/, 'emulator: schedules and events call their targets'],
];

const KEPT: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^AWS::IAM::/, 'not enforced: every call is allowed'],
  [/^AWS::EC2::/, 'no network is made: all is on this machine, and security groups filter nothing'],
  [
    /^AWS::(S3::BucketPolicy|KMS::|Lambda::(Permission|EventInvokeConfig)|Logs::ResourcePolicy|SNS::TopicPolicy|SQS::QueuePolicy)/,
    'not enforced',
  ],
  [/^AWS::CloudWatch::/, 'no metric of AWS reaches them'],
  [/^AWS::CDK::Metadata$/, 'nothing to do'],
];

/** Sorts the deployed types into what is served, what is only kept, and what was only accepted, with their numbers. */
export function servedReport(stacks: readonly DeployedStack[]): ServedReport {
  const unemulated = JSON.parse(readFileSync(join(root, 'local/emulator/accepted-types.json'), 'utf8')) as Record<
    string,
    string
  >;
  const groups = {
    served: new Map<string, Map<string, number>>(),
    kept: new Map<string, Map<string, number>>(),
    accepted: new Map<string, Map<string, number>>(),
  };
  const count = (group: Map<string, Map<string, number>>, reason: string, type: string): void => {
    const types = group.get(reason) ?? new Map<string, number>();
    types.set(type, (types.get(type) ?? 0) + 1);
    group.set(reason, types);
  };
  for (const { type } of stacks.flatMap(({ resources }) => resources)) {
    const accepted = unemulated[type];
    const served = SERVED.find(([pattern]) => pattern.test(type))?.[1];
    const kept = KEPT.find(([pattern]) => pattern.test(type))?.[1];
    if (accepted) count(groups.accepted, accepted, type);
    else if (served) count(groups.served, served, type);
    else count(groups.kept, kept ?? 'nothing here makes use of it', type);
  }
  return { served: describe(groups.served), kept: describe(groups.kept), accepted: describe(groups.accepted) };
}

function describe(group: ReadonlyMap<string, ReadonlyMap<string, number>>): readonly string[] {
  return [...group].map(
    ([reason, types]) =>
      `${[...types].map(([type, number]) => type.replace(/^AWS::/, '') + (number > 1 ? ` × ${number}` : '')).join(', ')} (${reason})`,
  );
}
