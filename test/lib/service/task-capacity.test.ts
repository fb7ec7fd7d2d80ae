import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Size } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { describe, expect, it } from 'vitest';
import {
  AppImage,
  EdgeCertificate,
  SecureTtsService,
  type SecureTtsServiceProps,
  ServiceNetwork,
  TaskCapacity,
} from '../../../lib';
import { attributes, CERTIFICATE_ARN, containers, only, service, TestStack } from '../support/stack';

const ECS = 'AWS::ECS::Service';
const GROUP = 'AWS::ElasticLoadBalancingV2::TargetGroup';

function template(props: Partial<SecureTtsServiceProps>) {
  return service(props).template();
}

describe('TaskCapacity.fargate', () => {
  it('has the storage that is asked for', () => {
    const capacity = TaskCapacity.fargate({ ephemeralStorage: Size.gibibytes(100) });
    expect(only(template({ capacity }), 'AWS::ECS::TaskDefinition').EphemeralStorage).toEqual({ SizeInGiB: 100 });
  });
});

describe('TaskCapacity.fargateSpot', () => {
  it('keeps some tasks on demand and puts the rest on spare capacity', () => {
    const found = template({ capacity: TaskCapacity.fargateSpot({ onDemandBase: 2 }) });
    expect(only(found, ECS).CapacityProviderStrategy).toEqual([
      { CapacityProvider: 'FARGATE', Base: 2, Weight: 0 },
      { CapacityProvider: 'FARGATE_SPOT', Weight: 1 },
    ]);
    expect(only(found, ECS)).not.toHaveProperty('LaunchType');
    found.hasResourceProperties('AWS::ECS::ClusterCapacityProviderAssociations', {
      CapacityProviders: ['FARGATE', 'FARGATE_SPOT'],
    });
  });

  it('finishes within the two minutes that AWS gives: health is red long enough to be seen, then the rest', () => {
    const found = template({ capacity: TaskCapacity.fargateSpot() });
    expect(attributes(only(found, GROUP), 'TargetGroupAttributes')['deregistration_delay.timeout_seconds']).toBe('90');
    expect(containers(found).gate?.StopTimeout).toBe(120);
  });

  it('refuses a number of tasks that is none', () => {
    expect(() => TaskCapacity.fargateSpot({ onDemandBase: -1 })).toThrow(/onDemandBase must be a whole number/);
  });
});

describe('TaskCapacity.fargateSpot with shares', () => {
  it('mixes capacity on demand and spare beyond what always runs on demand', () => {
    const found = template({
      capacity: TaskCapacity.fargateSpot({ onDemandBase: 1, onDemandWeight: 1, spotWeight: 3 }),
    });
    expect(only(found, ECS).CapacityProviderStrategy).toEqual([
      { CapacityProvider: 'FARGATE', Base: 1, Weight: 1 },
      { CapacityProvider: 'FARGATE_SPOT', Weight: 3 },
    ]);
  });
});

describe('TaskCapacity.ec2', () => {
  const instances = 'AWS::AutoScaling::AutoScalingGroup';

  it('runs tasks on instances without GPUs, in the network mode that the gate needs', () => {
    const found = template({ capacity: TaskCapacity.ec2({ minInstances: 1, maxInstances: 3 }) });
    expect(only(found, instances)).toMatchObject({ MinSize: '1', MaxSize: '3' });
    expect(only(found, 'AWS::EC2::LaunchTemplate').LaunchTemplateData).toMatchObject({ InstanceType: 'm7i.large' });
    expect(only(found, 'AWS::ECS::TaskDefinition')).toMatchObject({
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['EC2'],
    });
    expect(containers(found).app?.ResourceRequirements).toBeUndefined();
  });

  it('mixes types and spare capacity, and then finishes within the two minutes that AWS gives', () => {
    const type = (name: string) => new ec2.InstanceType(name);
    const found = template({
      capacity: TaskCapacity.ec2({
        instanceType: type('m7g.large'),
        otherInstanceTypes: [type('m6g.large')],
        instancesDistribution: { onDemandBaseCapacity: 1, onDemandPercentageAboveBaseCapacity: 25 },
      }),
    });
    expect(only(found, instances).MixedInstancesPolicy).toMatchObject({
      InstancesDistribution: { OnDemandBaseCapacity: 1, OnDemandPercentageAboveBaseCapacity: 25 },
      LaunchTemplate: { Overrides: [{ InstanceType: 'm7g.large' }, { InstanceType: 'm6g.large' }] },
    });
    expect(JSON.stringify(only(found, 'AWS::EC2::LaunchTemplate'))).toContain('ECS_ENABLE_SPOT_INSTANCE_DRAINING=true');
    expect(attributes(only(found, GROUP), 'TargetGroupAttributes')['deregistration_delay.timeout_seconds']).toBe('90');
  });

  it('has images from a folder built for the architecture of the instances', () => {
    const stack = new TestStack();
    const instanceType = new ec2.InstanceType('m7g.large');
    service({ image: AppImage.bundled(), capacity: TaskCapacity.ec2({ instanceType }) }, stack);
    const assembly = App.of(stack)?.synth();
    const manifest = readFileSync(join(assembly?.directory ?? '', 'Test.assets.json'), 'utf8');
    expect(manifest).toContain('"platform": "linux/arm64"');
  });

  it('keeps instances on demand where only types are mixed', () => {
    const found = template({
      capacity: TaskCapacity.ec2({ otherInstanceTypes: [new ec2.InstanceType('m6i.large')] }),
    });
    expect(JSON.stringify(only(found, instances))).toContain('"OnDemandPercentageAboveBaseCapacity":100');
  });
});

describe('TaskCapacity.gpu', () => {
  const gpu = (props = {}) => template({ capacity: TaskCapacity.gpu(props) });

  it('gives the app a GPU on instances that grow with the tasks', () => {
    const found = gpu({ maxInstances: 3 });
    expect(containers(found).app?.ResourceRequirements).toEqual([{ Type: 'GPU', Value: '1' }]);
    expect(only(found, 'AWS::AutoScaling::AutoScalingGroup')).toMatchObject({ MinSize: '0', MaxSize: '3' });
    expect(only(found, ECS).CapacityProviderStrategy).toHaveLength(1);
  });

  it('keeps the gate and the app on one loopback, so that the gate cannot be walked around', () => {
    expect(only(gpu(), 'AWS::ECS::TaskDefinition')).toMatchObject({
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['EC2'],
    });
  });

  it('starts instances with encrypted disks and without the old metadata service', () => {
    gpu().hasResourceProperties('AWS::EC2::LaunchTemplate', {
      LaunchTemplateData: Match.objectLike({
        InstanceType: 'g4dn.xlarge',
        MetadataOptions: Match.objectLike({ HttpTokens: 'required' }),
        BlockDeviceMappings: [Match.objectLike({ Ebs: Match.objectLike({ Encrypted: true }) })],
      }),
    });
  });

  it('refuses public subnets, where tasks on instances get no address, and a cluster that it cannot extend', () => {
    const capacity = TaskCapacity.gpu();
    expect(() => template({ capacity, network: ServiceNetwork.publicSubnets() })).toThrow(/get no public address/);
    const stack = new TestStack();
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
    const cluster = ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'theirs', vpc });
    expect(
      () =>
        new SecureTtsService(stack, 'Service', {
          image: ecs.ContainerImage.fromRegistry('example.com/tts:1'),
          certificate: EdgeCertificate.fromArn(CERTIFICATE_ARN),
          capacity,
          cluster,
          vpc,
        }),
    ).toThrow(/instances cannot be added to it/);
    expect(() => TaskCapacity.gpu({ gpuCount: 0 })).toThrow(/gpuCount must be a whole number from 1 to 16, got 0/);
  });
});
