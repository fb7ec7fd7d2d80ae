import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { checkInteger } from '../shared/checks';
import { checkKinds } from '../shared/kinds';
import { noteArm } from './task-architecture';

/** Instances that run tasks, and how many. */
export interface InstanceCount {
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

/** Instances with GPUs, one task on each. */
export interface GpuCapacityProps extends InstanceCount {
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
}

/** Instances without GPUs. */
export interface Ec2CapacityProps extends InstanceCount {
  /**
   * Instance type. Its CPU architecture is that of the containers: an image built from a folder is built for it.
   * @default - m7i.large: 2 vCPU, 8 GB
   */
  readonly instanceType?: ec2.InstanceType;
  /**
   * Further instance types of the same architecture that may be taken instead, the first before the last. They make spare
   * capacity easier to get.
   * @default - none
   */
  readonly otherInstanceTypes?: ec2.InstanceType[];
  /**
   * How many instances are on demand and how many on spare capacity, which costs about a third and which AWS takes back at
   * two minutes' notice.
   * @default - all on demand
   */
  readonly instancesDistribution?: autoscaling.InstancesDistribution;
}

/** What instances are, once it is decided. */
export interface InstanceOptions extends Omit<Ec2CapacityProps, 'instanceType'> {
  /** The factory, for messages. */
  readonly owner: string;
  readonly instanceType: ec2.InstanceType;
  readonly hardware: ecs.AmiHardwareType;
  /** Of their security group. */
  readonly description: string;
  /** GiB of the root disk. */
  readonly disk: number;
}

export const DEFAULT_GPU_INSTANCE = 'g4dn.xlarge';
const DEFAULT_INSTANCE = 'm7i.large';

/** Ec2 instances as they are asked for. @throws Error naming a prop that is wrong. */
export function ec2Instances(props: Ec2CapacityProps): InstanceOptions {
  checkKinds('TaskCapacity.ec2', props, {
    instanceType: 'object',
    otherInstanceTypes: 'list',
    instancesDistribution: 'object',
    minInstances: 'number',
    maxInstances: 'number',
  });
  const instanceType = props.instanceType ?? new ec2.InstanceType(DEFAULT_INSTANCE);
  for (const other of props.otherInstanceTypes ?? []) {
    if (other.architecture === instanceType.architecture) continue;
    throw new Error(
      `TaskCapacity.ec2: otherInstanceTypes: ${other} is ${other.architecture}, but instanceType ${instanceType} is ${instanceType.architecture}; images run on one of them only`,
    );
  }
  const options: InstanceOptions = {
    ...props,
    owner: 'TaskCapacity.ec2',
    instanceType,
    hardware:
      instanceType.architecture === ec2.InstanceArchitecture.ARM_64
        ? ecs.AmiHardwareType.ARM
        : ecs.AmiHardwareType.STANDARD,
    description: 'Instances: admits nobody',
    disk: 50,
  };
  checkCount(options);
  return options;
}

/** Whether some of the instances are on spare capacity. */
export function takesSpareCapacity({ instancesDistribution }: Pick<InstanceOptions, 'instancesDistribution'>): boolean {
  return (instancesDistribution?.onDemandPercentageAboveBaseCapacity ?? 100) < 100;
}

/** A task definition in the network mode that gives the gate and the app one loopback interface. */
export function createInstanceTaskDefinition(
  scope: Construct,
  id: string,
  hardware: ecs.AmiHardwareType,
  common?: ecs.CommonTaskDefinitionProps,
): ecs.TaskDefinition {
  const definition = new ecs.Ec2TaskDefinition(scope, id, { ...common, networkMode: ecs.NetworkMode.AWS_VPC });
  if (hardware === ecs.AmiHardwareType.ARM) noteArm(definition);
  return definition;
}

export function checkCount({ owner, minInstances, maxInstances }: InstanceCount & { readonly owner: string }): void {
  checkInteger(`${owner}: minInstances`, minInstances, 0, 1000);
  checkInteger(`${owner}: maxInstances`, maxInstances, Math.max(1, minInstances ?? 0), 1000);
}

/** Instances that join the cluster as capacity, with encrypted disks and without the old metadata service. */
export function addInstances(
  scope: Construct,
  id: string,
  cluster: ecs.ICluster,
  vpcSubnets: ec2.SubnetSelection,
  options: InstanceOptions,
): ecs.AsgCapacityProvider {
  if (!(cluster instanceof ecs.Cluster)) {
    throw new Error(
      `${options.owner}: the cluster was made outside this app, so instances cannot be added to it; leave cluster out or give one made here`,
    );
  }
  const { instanceType, otherInstanceTypes = [], instancesDistribution } = options;
  const userData = ec2.UserData.forLinux();
  // aws-cdk-lib does it for groups with a spot price only: tasks leave an instance that AWS takes back.
  if (takesSpareCapacity(options)) {
    userData.addCommands('echo ECS_ENABLE_SPOT_INSTANCE_DRAINING=true >> /etc/ecs/ecs.config');
  }
  const launchTemplate = new ec2.LaunchTemplate(scope, `${id}Template`, {
    instanceType,
    machineImage: ecs.EcsOptimizedImage.amazonLinux2023(options.hardware),
    requireImdsv2: true,
    securityGroup: new ec2.SecurityGroup(scope, `${id}SecurityGroup`, {
      vpc: cluster.vpc,
      description: options.description,
    }),
    role: new iam.Role(scope, `${id}Role`, { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') }),
    userData,
    blockDevices: [{ deviceName: '/dev/xvda', volume: ec2.BlockDeviceVolume.ebs(options.disk, { encrypted: true }) }],
  });
  const isMixed = otherInstanceTypes.length > 0 || instancesDistribution !== undefined;
  const group = new autoscaling.AutoScalingGroup(scope, id, {
    vpc: cluster.vpc,
    vpcSubnets,
    ...(isMixed
      ? {
          mixedInstancesPolicy: {
            launchTemplate,
            launchTemplateOverrides: [instanceType, ...otherInstanceTypes].map((type) => ({ instanceType: type })),
            // Unlike aws-cdk-lib's default, which is none on demand.
            instancesDistribution: { onDemandPercentageAboveBaseCapacity: 100, ...instancesDistribution },
          },
        }
      : { launchTemplate }),
    minCapacity: options.minInstances ?? 0,
    maxCapacity: options.maxInstances ?? 4,
  });
  const provider = new ecs.AsgCapacityProvider(scope, `${id}Provider`, {
    autoScalingGroup: group,
    enableManagedTerminationProtection: false,
  });
  cluster.addAsgCapacityProvider(provider);
  return provider;
}
