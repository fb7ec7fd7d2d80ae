import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { checkInteger } from '../shared/checks';

/** Instances with GPUs, one task on each. */
export interface GpuCapacityProps {
  /**
   * Instance type with at least one NVIDIA GPU.
   * @default - g4dn.xlarge: 4 vCPU, 16 GB, one T4
   */
  readonly instanceType?: ec2.InstanceType;
  /**
   * GPUs of the app's container.
   * @default 1
   */
  readonly gpuCount?: number;
  /**
   * Instances at least, from 0 to 1000.
   * @default 0: as many as the tasks need
   */
  readonly minInstances?: number;
  /**
   * Instances at most, from 1 to 1000. During a deployment old and new tasks run side by side.
   * @default 4
   */
  readonly maxInstances?: number;
}

/** A task definition in the network mode that gives the gate and the app one loopback interface. */
export function createGpuTaskDefinition(scope: Construct, id: string): ecs.TaskDefinition {
  return new ecs.Ec2TaskDefinition(scope, id, { networkMode: ecs.NetworkMode.AWS_VPC });
}

/** Instances that join the cluster as capacity, with encrypted disks and without the old metadata service. */
export function addGpuInstances(
  scope: Construct,
  id: string,
  cluster: ecs.ICluster,
  vpcSubnets: ec2.SubnetSelection,
  props: GpuCapacityProps,
): ecs.AsgCapacityProvider {
  checkInteger('TaskCapacity.gpu: minInstances', props.minInstances, 0, 1000);
  checkInteger('TaskCapacity.gpu: maxInstances', props.maxInstances, 1, 1000);
  if (!(cluster instanceof ecs.Cluster)) {
    throw new Error(
      'TaskCapacity.gpu: the cluster was made outside this app, so instances cannot be added to it; leave cluster out or give one made here',
    );
  }
  const launchTemplate = new ec2.LaunchTemplate(scope, `${id}Template`, {
    instanceType: props.instanceType ?? new ec2.InstanceType('g4dn.xlarge'),
    machineImage: ecs.EcsOptimizedImage.amazonLinux2023(ecs.AmiHardwareType.GPU),
    requireImdsv2: true,
    securityGroup: new ec2.SecurityGroup(scope, `${id}SecurityGroup`, {
      vpc: cluster.vpc,
      description: 'Instances with GPUs: admits nobody',
    }),
    role: new iam.Role(scope, `${id}Role`, { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') }),
    userData: ec2.UserData.forLinux(),
    blockDevices: [
      // The root disk of the ECS image: 30 GiB hold neither the driver's libraries nor a large model.
      { deviceName: '/dev/xvda', volume: ec2.BlockDeviceVolume.ebs(100, { encrypted: true }) },
    ],
  });
  const group = new autoscaling.AutoScalingGroup(scope, id, {
    vpc: cluster.vpc,
    vpcSubnets,
    launchTemplate,
    minCapacity: props.minInstances ?? 0,
    maxCapacity: props.maxInstances ?? 4,
  });
  const provider = new ecs.AsgCapacityProvider(scope, `${id}Provider`, {
    autoScalingGroup: group,
    enableManagedTerminationProtection: false,
  });
  cluster.addAsgCapacityProvider(provider);
  return provider;
}
