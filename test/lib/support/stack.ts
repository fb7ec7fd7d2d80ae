import type { Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { EdgeCertificate, SecureTtsService, type SecureTtsServiceProps } from '../../../lib';
import { CERTIFICATE_ARN, ENV, quietApp, TestStack } from './test-stack';

export { CERTIFICATE_ARN, ENV, quietApp, TestStack };

export function vpc(stack: Stack): ec2.Vpc {
  return new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 });
}

/** A function of somebody else's, to be used as an authorizer. */
export function someFunction(stack: Stack, id = 'Foreign'): lambda.Function {
  return new lambda.Function(stack, id, {
    runtime: lambda.Runtime.NODEJS_LATEST,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => ({ isAuthorized: true });'),
  });
}

/** A Fargate task definition with an app that serves on a port. */
export function taskWithApp(stack: Stack, port = 5000): ecs.FargateTaskDefinition {
  const task = new ecs.FargateTaskDefinition(stack, 'Task');
  task.addContainer('App', {
    containerName: 'app',
    image: ecs.ContainerImage.fromRegistry('example.com/app:1'),
    portMappings: [{ containerPort: port, name: 'app' }],
  });
  return task;
}

/** A whole service with an image and a certificate, and whatever else it is about. */
export function service(props: Partial<SecureTtsServiceProps> = {}, stack = new TestStack()) {
  const construct = new SecureTtsService(stack, 'Service', {
    image: ecs.ContainerImage.fromRegistry('example.com/tts:1'),
    certificate: EdgeCertificate.fromArn(CERTIFICATE_ARN),
    ...props,
  });
  return { stack, construct, template: () => Template.fromStack(stack) };
}

export type Properties = Readonly<Record<string, unknown>>;

/** Properties of the only resource of a type. */
export function only(template: Template, type: string): Properties {
  const found = Object.values(template.findResources(type));
  if (found.length !== 1) throw new Error(`expected one ${type}, found ${found.length}`);
  return (found[0]?.Properties ?? {}) as Properties;
}

/** The container definitions of the only task definition, by name. */
export function containers(template: Template): Readonly<Record<string, Properties>> {
  const { ContainerDefinitions } = only(template, 'AWS::ECS::TaskDefinition');
  return Object.fromEntries((ContainerDefinitions as Properties[]).map((entry) => [String(entry.Name), entry]));
}

export function warnings(stack: Stack): string[] {
  return Annotations.fromStack(stack)
    .findWarning('*', Match.anyValue())
    .map((entry) => String(entry.entry.data));
}

export function attributes(properties: Properties, name: string): Readonly<Record<string, unknown>> {
  const list = properties[name] as { Key: string; Value: unknown }[];
  return Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
}

export interface ForwardRule {
  readonly priority: number;
  readonly paths?: readonly string[];
  readonly hosts?: readonly string[];
  /** Types of its actions, in their order. */
  readonly actions: readonly string[];
  readonly properties: Properties;
}

/** The rules of listeners that end in a forward, by their place. */
export function rules(template: Template): readonly ForwardRule[] {
  return Object.values(template.findResources('AWS::ElasticLoadBalancingV2::ListenerRule'))
    .map(({ Properties }) => ({
      priority: Properties.Priority as number,
      paths: condition(Properties, 'PathPatternConfig'),
      hosts: condition(Properties, 'HostHeaderConfig'),
      actions: (Properties.Actions as { Type: string }[]).map(({ Type }) => Type),
      properties: Properties as Properties,
    }))
    .filter(({ actions }) => actions.includes('forward'))
    .sort((a, b) => a.priority - b.priority);
}

function condition(rule: Properties, config: string): readonly string[] | undefined {
  const conditions = rule.Conditions as Readonly<Record<string, { readonly Values?: readonly string[] }>>[];
  return conditions.map((found) => found[config]?.Values).find((values) => values !== undefined);
}
