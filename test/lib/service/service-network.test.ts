import { Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { EdgeCertificate, GateImage, SecureTtsService, type SecureTtsServiceProps, ServiceNetwork } from '../../../lib';
import { only, TestStack } from '../support/stack';

function isolated(props: (stack: TestStack) => Partial<SecureTtsServiceProps> = () => ({})) {
  const stack = new TestStack();
  const repository = ecr.Repository.fromRepositoryName(stack, 'Copies', 'nginx');
  new SecureTtsService(stack, 'Service', {
    image: ecs.ContainerImage.fromEcrRepository(repository, 'tts'),
    certificate: EdgeCertificate.selfSigned(),
    network: ServiceNetwork.isolatedSubnets(),
    gateImage: GateImage.fromEcr(repository, '1.30.5'),
    ...props(stack),
  });
  return Template.fromStack(stack);
}

function endpoints(template: Template): string[] {
  return Object.values(template.findResources('AWS::EC2::VPCEndpoint'))
    .map(
      ({ Properties }) =>
        /(ecr\.api|ecr\.dkr|lambda|logs|s3|secretsmanager)/.exec(JSON.stringify(Properties.ServiceName))?.[0] ?? '?',
    )
    .sort();
}

describe('ServiceNetwork.isolatedSubnets', () => {
  it('has no way to the internet, and exactly the endpoints that the service needs', () => {
    const template = isolated();
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    expect(endpoints(template)).toEqual(['ecr.api', 'ecr.dkr', 'lambda', 'logs', 's3']);
    expect(only(template, 'AWS::ECS::Service')).toMatchObject({
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
    });
  });

  it('reaches secrets only where the app has some', () => {
    const template = isolated((stack) => ({
      secrets: { TOKEN: ecs.Secret.fromSecretsManager(new secretsmanager.Secret(stack, 'Secret')) },
    }));
    expect(endpoints(template)).toContain('secretsmanager');
  });

  it("refuses the gate's public image, with the command that copies it", () => {
    expect(() => isolated(() => ({ gateImage: undefined }))).toThrow(/imagetools create -t .*GateImage.fromEcr/);
    expect(() => isolated(() => ({ gateImage: GateImage.publicEcr() }))).toThrow(
      /an isolated network cannot pull the gate's public image/,
    );
  });
});

describe('GateImage', () => {
  it('refuses a tag that is none', () => {
    expect(() => GateImage.publicEcr('a b')).toThrow(/tag must be an image tag such as "1.30.5", got "a b"/);
  });

  it.each(['1.30.5-alpine', 'stable-alpine3.23-perl', 'Alpine'])(
    'refuses %s, whose tools the gate cannot use',
    (tag) => {
      const repository = ecr.Repository.fromRepositoryName(new TestStack(), 'Copies', 'nginx');
      const words = `must be of an image based on Debian, such as "1.30.5", got "${tag}"`;
      expect(() => GateImage.publicEcr(tag)).toThrow(`GateImage.publicEcr: tag ${words}`);
      expect(() => GateImage.fromEcr(repository, tag)).toThrow(`GateImage.fromEcr: tagOrDigest ${words}`);
    },
  );

  it('takes other tags, and one that is known only at deployment', () => {
    const later = Token.asString({ Ref: 'Tag' }, { displayHint: 'alpine' });
    const repository = ecr.Repository.fromRepositoryName(new TestStack(), 'Copies', 'nginx');
    for (const tag of ['1.30.5', 'moved-off-alpine-2026', later]) {
      expect(() => GateImage.publicEcr(tag)).not.toThrow();
      expect(() => GateImage.fromEcr(repository, tag)).not.toThrow();
    }
  });
});
