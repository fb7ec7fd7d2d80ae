import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { describe, expect, it } from 'vitest';
import { AppImage, TaskCapacity } from '../../../lib';
import { containers, only, TestStack } from '../support/stack';

function task(image: ecs.ContainerImage, cpuArchitecture = ecs.CpuArchitecture.X86_64) {
  const stack = new TestStack();
  const definition = TaskCapacity.fargate({ cpuArchitecture })._createTaskDefinition(stack, 'Task');
  definition.addContainer('App', { containerName: 'app', image });
  return {
    stack,
    get template() {
      return Template.fromStack(stack);
    },
  };
}

describe('AppImage.fromFolder', () => {
  it.each([
    [ecs.CpuArchitecture.X86_64, 'linux/amd64'],
    [ecs.CpuArchitecture.ARM64, 'linux/arm64'],
  ])('builds for the architecture of the task, whatever the machine is', (architecture, platform) => {
    const folder = mkdtempSync(join(tmpdir(), 'voicegate-image-'));
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
    const { stack } = task(AppImage.fromFolder(folder), architecture);
    const { directory } = App.of(stack)?.synth() ?? {};
    const manifest = JSON.parse(readFileSync(join(String(directory), 'Test.assets.json'), 'utf8')) as {
      dockerImages: Record<string, { source: { platform: string } }>;
    };
    expect(Object.values(manifest.dockerImages).map(({ source }) => source.platform)).toEqual([platform]);
  });
});

describe('AppImage.fromUri', () => {
  it('lets the task pull from the ECR repository that the URI names, and from no other', () => {
    const { template } = task(AppImage.fromUri('111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/tts:1.2'));
    const policy = JSON.stringify(only(template, 'AWS::IAM::Policy').PolicyDocument);
    expect(policy).toContain('ecr:BatchGetImage');
    expect(policy).toContain('ecr:eu-west-1:111122223333:repository/team/tts');
    expect(JSON.stringify(containers(template).app?.Image)).toContain('/team/tts:1.2');
  });

  // The suffixes of `dnsSuffix` and `dualStackDnsSuffix` of botocore's partitions, as far as registries have them.
  it.each([
    ['eu-west-1', 'amazonaws.com'],
    ['us-gov-west-1', 'amazonaws.com'],
    ['cn-north-1', 'amazonaws.com.cn'],
    ['eusc-de-east-1', 'amazonaws.eu'],
    ['us-iso-east-1', 'c2s.ic.gov'],
    ['us-isob-east-1', 'sc2s.sgov.gov'],
    ['eu-isoe-west-1', 'cloud.adc-e.uk'],
    ['us-isof-south-1', 'csp.hci.ic.gov'],
  ])('knows the registries of every partition: %s, %s', (region, suffix) => {
    for (const host of ['ecr', 'ecr-fips']) {
      const { template } = task(AppImage.fromUri(`111122223333.dkr.${host}.${region}.${suffix}/team/tts:1`));
      const policy = JSON.stringify(only(template, 'AWS::IAM::Policy').PolicyDocument);
      expect(policy).toContain(`ecr:${region}:111122223333:repository/team/tts`);
    }
  });

  it('takes a host that only looks like one as somebody else’s', () => {
    const { template } = task(AppImage.fromUri('111122223333.dkr.ecr.eu-west-1.amazonaws.com.example.org/tts:1'));
    template.resourceCountIs('AWS::IAM::Policy', 0);
  });

  it('pulls by digest', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const { template } = task(AppImage.fromUri(`111122223333.dkr.ecr.eu-west-1.amazonaws.com/tts@${digest}`));
    expect(JSON.stringify(containers(template).app?.Image)).toContain(`/tts@${digest}`);
  });

  it('takes an image of any other registry as it is', () => {
    const { template } = task(AppImage.fromUri('ghcr.io/team/tts:1'));
    expect(containers(template).app?.Image).toBe('ghcr.io/team/tts:1');
    template.resourceCountIs('AWS::IAM::Policy', 0);
  });

  it.each(['./nowhere', 'UPPER/case', 'a b', ''])('refuses "%s", naming both ways', (uri) => {
    expect(() => AppImage.fromUri(uri)).toThrow(/is no image URI and no folder with a Dockerfile/);
  });
});
