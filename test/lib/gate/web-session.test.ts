import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { GATE_ENV } from '../../../contract/names';
import {
  ApiKeyAuthorizer,
  AuthorizerGate,
  type AuthorizerGateOptions,
  EdgeCertificate,
  GateImage,
  RequestAuthorizer,
  SecureTtsService,
  ServiceNetwork,
} from '../../../lib';
import { containers, only, someFunction, TestStack, taskWithApp } from '../support/stack';

const SECRET = 'AWS::SecretsManager::Secret';

function gated(options: Partial<AuthorizerGateOptions> = {}, secretOf?: (stack: TestStack) => Secret) {
  const stack = new TestStack();
  const task = taskWithApp(stack);
  AuthorizerGate.addTo(task, {
    authorizer: new ApiKeyAuthorizer(stack, 'Authorizer'),
    ...options,
    ...(secretOf && { webSessionSecret: secretOf(stack) }),
  });
  return Template.fromStack(stack);
}

describe('webSession', () => {
  it('is off unless it is asked for, and then nothing of it is made', () => {
    const template = gated();
    template.resourceCountIs(SECRET, 0);
    expect(containers(template).gate).not.toHaveProperty('Secrets');
  });

  it('makes a secret of more than 256 bits, and hands it to the gate alone', () => {
    const template = gated({ webSession: true });
    const [id] = Object.keys(template.findResources(SECRET));
    expect(only(template, SECRET).GenerateSecretString).toEqual({
      ExcludePunctuation: true,
      GenerateStringKey: 'current',
      PasswordLength: 64,
      SecretStringTemplate: '{}',
    });
    const { gate, 'gate-init': init, app } = containers(template);
    expect(gate?.Secrets).toEqual([{ Name: GATE_ENV.sessionSecret, ValueFrom: { Ref: id } }]);
    expect([init, app].map((container) => container?.Secrets)).toEqual([undefined, undefined]);
  });

  it('lets the agent that starts the task read that secret, and nothing else read it', () => {
    const template = gated({ webSession: true });
    const [id] = Object.keys(template.findResources(SECRET));
    const readers = template.findResources('AWS::IAM::Policy', {
      Properties: { PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Resource: { Ref: id } })]) } },
    });
    const definition = only(template, 'AWS::ECS::TaskDefinition');
    const { 'Fn::GetAtt': role } = definition.ExecutionRoleArn as { 'Fn::GetAtt': string[] };
    expect(Object.values(readers).map(({ Properties }) => Properties.Roles)).toEqual([[{ Ref: role[0] }]]);
    expect(definition.ExecutionRoleArn).not.toEqual(definition.TaskRoleArn);
  });

  it("takes somebody's own secret", () => {
    const template = gated({ webSession: true }, (stack) => new Secret(stack, 'Mine'));
    const [id] = Object.keys(template.findResources(SECRET));
    expect(id).toMatch(/^Mine/);
    expect(containers(template).gate?.Secrets).toEqual([{ Name: GATE_ENV.sessionSecret, ValueFrom: { Ref: id } }]);
  });

  it.each<[Partial<AuthorizerGateOptions>, string]>([
    [
      { webSession: true, webSessionDuration: Duration.hours(13) },
      'webSessionDuration must be whole seconds from 60 to 43200',
    ],
    [
      { webSession: true, webSessionDuration: Duration.seconds(10) },
      'webSessionDuration must be whole seconds from 60 to 43200',
    ],
    [{ webSessionDuration: Duration.hours(1) }, 'webSessionDuration needs webSession: true'],
  ])('refuses %j', (options, message) => {
    expect(() => gated(options)).toThrow(message);
  });

  it('needs an authorizer of keys', () => {
    const stack = new TestStack();
    const task = taskWithApp(stack);
    const authorizer = RequestAuthorizer.fromFunction(someFunction(stack));
    expect(() => AuthorizerGate.addTo(task, { authorizer, webSession: true })).toThrow(
      'webSession needs an authorizer of API keys',
    );
  });

  it('has a way to its secret in networks without internet', () => {
    const stack = new TestStack();
    const repository = new ecr.Repository(stack, 'Images');
    new SecureTtsService(stack, 'Service', {
      image: ecs.ContainerImage.fromEcrRepository(repository, 'tts'),
      certificate: EdgeCertificate.fromArn('arn:aws:acm:eu-west-1:111122223333:certificate/1'),
      network: ServiceNetwork.isolatedSubnets(),
      gateImage: GateImage.fromEcr(repository, '1.30.5'),
      webSession: true,
    });
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::VPCEndpoint', {
      ServiceName: Match.stringLikeRegexp('secretsmanager'),
    });
  });
});
