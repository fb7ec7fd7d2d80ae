import { runSimulation } from '@cloud-copilot/iam-simulate';
import type { CloudFormation } from './default-app';

export const ACCOUNT = '111122223333';
const REGION = 'eu-west-1';
export const STACK_ID = `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/Voicegate/1`;

/** What CloudFormation would make of references; resources are named by their logical ids. */
export function concrete(value: unknown, template: CloudFormation): unknown {
  if (Array.isArray(value)) return value.map((item) => concrete(item, template));
  if (typeof value !== 'object' || value === null) return value;
  const [[name, argument] = ['', undefined]] = Object.entries(value);
  if (name === 'Ref') return reference(String(argument), template);
  if (name === 'Fn::GetAtt') return attribute(argument as [string, string], template);
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as [string, unknown[]];
    return parts.map((part) => concrete(part, template)).join(separator);
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, concrete(inner, template)]));
}

function reference(name: string, template: CloudFormation): string {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Partition': 'aws',
    'AWS::Region': REGION,
    'AWS::AccountId': ACCOUNT,
    'AWS::StackId': STACK_ID,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  if (pseudo[name] !== undefined) return pseudo[name];
  switch (template.Resources[name]?.Type) {
    // Their Ref is their ARN.
    case 'AWS::Lambda::Alias':
      return arn('lambda', `function:authorizer:live`);
    case 'AWS::SecretsManager::Secret':
      return arn('secretsmanager', `secret:${name}-AbCdEf`);
    case 'Custom::SelfSignedCertificate':
      return arn('acm', `certificate/${name}`);
    default:
      return name;
  }
}

function attribute([name, what]: [string, string], template: CloudFormation): string {
  if (what !== 'Arn') return `${name}.${what}`;
  switch (template.Resources[name]?.Type) {
    case 'AWS::DynamoDB::GlobalTable':
      return arn('dynamodb', `table/${name}`);
    case 'AWS::Logs::LogGroup':
      return arn('logs', `log-group:${name}:*`);
    case 'AWS::Lambda::Function':
      return arn('lambda', `function:${name}`);
    default:
      return `arn:aws:iam::${ACCOUNT}:role/${name}`;
  }
}

export function arn(service: string, resource: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
}

/** One call that somebody might make. */
export interface Call {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | string[]>>;
}

/** Whether a role may make a call, by AWS's rules of evaluation over all policies of the template. */
export async function allowed(template: CloudFormation, role: RegExp, call: Call): Promise<boolean> {
  const found = Object.keys(template.Resources).filter(
    (name) => template.Resources[name]?.Type === 'AWS::IAM::Role' && role.test(name),
  );
  if (found.length !== 1) throw new Error(`expected one role like ${role}, found ${found.join(', ') || 'none'}`);
  const policies = Object.entries(template.Resources)
    .filter(
      ([, { Type, Properties }]) =>
        Type === 'AWS::IAM::Policy' && JSON.stringify(Properties.Roles).includes(`"${found[0]}"`),
    )
    .map(([name, { Properties }]) => ({ name, policy: concrete(Properties.PolicyDocument, template) }));
  if (template.Resources[String(found[0])]?.Properties.ManagedPolicyArns !== undefined) {
    throw new Error(`${found[0]} has managed policies, which are not in the template`);
  }
  const response = await runSimulation(
    {
      identityPolicies: policies,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      request: {
        principal: `arn:aws:sts::${ACCOUNT}:assumed-role/${found[0]}/session`,
        action: call.action,
        resource: { resource: call.resource, accountId: ACCOUNT },
        contextVariables: { 'aws:SecureTransport': 'true', ...call.context },
      },
    },
    {},
  );
  if (response.resultType === 'error') throw new Error(JSON.stringify(response.errors));
  return response.overallResult === 'Allowed';
}
