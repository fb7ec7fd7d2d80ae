import { Template } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { describe, expect, it } from 'vitest';
import { EdgeCertificate, GateImage, SecureTtsService } from '../../lib';
import { ENV, TestStack } from './support/stack';

function service(stack: TestStack, gateImage?: GateImage): string {
  new SecureTtsService(stack, 'Service', {
    image: ecs.ContainerImage.fromRegistry('example.com/tts:1'),
    certificate: EdgeCertificate.selfSigned(),
    gateImage,
  });
  return JSON.stringify(Template.fromStack(stack).toJSON());
}

function copied(stack: TestStack): GateImage {
  return GateImage.fromEcr(ecr.Repository.fromRepositoryName(stack, 'Copies', 'nginx'), '1.30.5');
}

describe('a stack in another partition', () => {
  it.each(['cn-north-1', 'us-gov-west-1'])('names no resource by the ARN of a commercial region: %s', (region) => {
    const stack = new TestStack({ ...ENV, region });
    const template = service(stack, copied(stack));
    expect(template).not.toMatch(/arn:aws:/);
    expect(template).toMatch(/AWS::Partition|arn:aws-/);
  });

  it('cannot pull from the public gallery in China, and says how to copy the image', () => {
    expect(() => service(new TestStack({ ...ENV, region: 'cn-northwest-1' }))).toThrow(
      /a region in China cannot pull .*imagetools create/,
    );
  });
});

describe('a stack whose account and region are unknown', () => {
  it('is complete but for access logs, whose policy depends on the region', () => {
    const template = service(new TestStack({}));
    expect(template).toContain('AWS::WAFv2::WebACLAssociation');
    expect(template).toContain('Custom::SelfSignedCertificate');
    expect(template).not.toContain('AWS::S3::Bucket');
  });
});
