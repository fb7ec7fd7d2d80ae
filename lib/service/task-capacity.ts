import { Size } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { checkInteger } from '../shared/checks';
import type { FargateCapacityProps, FargateSpotCapacityProps } from './fargate-capacity-props';
import { checkFargateSize, DEFAULT_CPU, DEFAULT_MEMORY } from './fargate-size';
import {
  addInstances,
  checkCount,
  createInstanceTaskDefinition,
  DEFAULT_GPU_INSTANCE,
  type Ec2CapacityProps,
  ec2Instances,
  type GpuCapacityProps,
  type InstanceOptions,
  takesSpareCapacity,
} from './instance-capacity';

/** @internal What a service needs besides its task definition. */
export interface CapacityServiceOptions extends ecs.BaseServiceOptions {
  readonly vpcSubnets: ec2.SubnetSelection;
  readonly assignPublicIp: boolean;
  readonly securityGroups: ec2.ISecurityGroup[];
}

/** On what the tasks run. */
export abstract class TaskCapacity {
  /** Fargate: no instances to look after. */
  public static fargate(props: FargateCapacityProps = {}): TaskCapacity {
    return new FargateCapacity(props);
  }

  /**
   * Fargate on spare capacity, at about a third of the price: AWS takes tasks back at two minutes' notice. ECS then
   * deregisters the task from the target group by itself, before it sends TERM. Requests that take longer than 80 seconds
   * may be cut off.
   */
  public static fargateSpot(props: FargateSpotCapacityProps = {}): TaskCapacity {
    return new FargateSpotCapacity(props);
  }

  /**
   * EC2 instances without GPUs, which grow and shrink with the tasks: for types that Fargate does not have, instances that
   * are reserved already, or a mix of types and of spare capacity.
   */
  public static ec2(props: Ec2CapacityProps = {}): TaskCapacity {
    return new InstanceCapacity(ec2Instances(props));
  }

  /** EC2 instances with GPUs, which grow and shrink with the tasks. */
  public static gpu(props: GpuCapacityProps = {}): TaskCapacity {
    checkInteger('TaskCapacity.gpu: gpuCount', props.gpuCount, 1, 16);
    const { gpuCount = 1, instanceType = new ec2.InstanceType(DEFAULT_GPU_INSTANCE), ...count } = props;
    const options = {
      ...count,
      owner: 'TaskCapacity.gpu',
      instanceType,
      hardware: ecs.AmiHardwareType.GPU,
      description: 'Instances with GPUs: admits nobody',
      // The root disk of the ECS image, 30 GiB, holds neither the driver's libraries nor a large model.
      disk: 100,
    };
    checkCount(options);
    return new InstanceCapacity(options, gpuCount);
  }

  /** @internal Whether AWS may take tasks back at two minutes' notice. */
  public get _interruptible(): boolean {
    return false;
  }

  /** @internal GPUs that the app's container gets. */
  public get _gpuCount(): number | undefined {
    return undefined;
  }

  /** @internal */
  public abstract _createTaskDefinition(
    scope: Construct,
    id: string,
    common?: ecs.CommonTaskDefinitionProps,
  ): ecs.TaskDefinition;

  /** @internal @throws Error where a task definition of the user's does not run on it. */
  public abstract _checkTaskDefinition(taskDefinition: ecs.TaskDefinition): void;

  /** @internal */
  public abstract _createService(
    scope: Construct,
    id: string,
    taskDefinition: ecs.TaskDefinition,
    options: CapacityServiceOptions,
  ): ecs.BaseService;
}

class FargateCapacity extends TaskCapacity {
  constructor(private readonly props: FargateCapacityProps) {
    super();
    checkFargateSize(props);
  }

  public _checkTaskDefinition({ isFargateCompatible, node }: ecs.TaskDefinition): void {
    if (!isFargateCompatible) throw new Error(misfit(node.path, 'Fargate', 'TaskCapacity.ec2() or .gpu()'));
  }

  public _createTaskDefinition(
    scope: Construct,
    id: string,
    common?: ecs.CommonTaskDefinitionProps,
  ): ecs.TaskDefinition {
    return new ecs.FargateTaskDefinition(scope, id, {
      ...common,
      cpu: this.props.cpu ?? DEFAULT_CPU,
      memoryLimitMiB: this.props.memoryLimitMiB ?? DEFAULT_MEMORY,
      ephemeralStorageGiB: (this.props.ephemeralStorage ?? Size.gibibytes(40)).toGibibytes(),
      runtimePlatform: {
        cpuArchitecture: this.props.cpuArchitecture ?? ecs.CpuArchitecture.X86_64,
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
      },
    });
  }

  public _createService(
    scope: Construct,
    id: string,
    taskDefinition: ecs.TaskDefinition,
    options: CapacityServiceOptions,
  ): ecs.BaseService {
    return new ecs.FargateService(scope, id, { ...options, taskDefinition });
  }
}

class FargateSpotCapacity extends FargateCapacity {
  private readonly onDemandBase: number;
  private readonly onDemandWeight: number;
  private readonly spotWeight: number;

  constructor(props: FargateSpotCapacityProps) {
    super(props);
    this.onDemandBase = props.onDemandBase ?? 1;
    this.onDemandWeight = props.onDemandWeight ?? 0;
    this.spotWeight = props.spotWeight ?? 1;
    checkInteger('TaskCapacity.fargateSpot: onDemandBase', this.onDemandBase, 0, 1000);
    checkInteger('TaskCapacity.fargateSpot: onDemandWeight', this.onDemandWeight, 0, 1000);
    checkInteger('TaskCapacity.fargateSpot: spotWeight', this.spotWeight, 1, 1000);
  }

  public override get _interruptible(): boolean {
    return true;
  }

  public override _createService(
    scope: Construct,
    id: string,
    taskDefinition: ecs.TaskDefinition,
    options: CapacityServiceOptions,
  ): ecs.BaseService {
    if (options.cluster instanceof ecs.Cluster) options.cluster.enableFargateCapacityProviders();
    const service = super._createService(scope, id, taskDefinition, {
      ...options,
      capacityProviderStrategies: [
        { capacityProvider: 'FARGATE', base: this.onDemandBase, weight: this.onDemandWeight },
        { capacityProvider: 'FARGATE_SPOT', weight: this.spotWeight },
      ],
    });
    followCapacityProviders(service, options.cluster);
    return service;
  }
}

class InstanceCapacity extends TaskCapacity {
  constructor(
    private readonly instances: InstanceOptions,
    private readonly gpuCount?: number,
  ) {
    super();
  }

  public override get _interruptible(): boolean {
    return takesSpareCapacity(this.instances);
  }

  public override get _gpuCount(): number | undefined {
    return this.gpuCount;
  }

  public _checkTaskDefinition({ isEc2Compatible, node }: ecs.TaskDefinition): void {
    if (!isEc2Compatible) throw new Error(misfit(node.path, 'EC2', 'TaskCapacity.fargate()'));
  }

  public _createTaskDefinition(
    scope: Construct,
    id: string,
    common?: ecs.CommonTaskDefinitionProps,
  ): ecs.TaskDefinition {
    return createInstanceTaskDefinition(scope, id, this.instances.hardware, common);
  }

  public _createService(
    scope: Construct,
    id: string,
    taskDefinition: ecs.TaskDefinition,
    options: CapacityServiceOptions,
  ): ecs.BaseService {
    const { assignPublicIp, ...rest } = options;
    if (assignPublicIp) {
      throw new Error(
        `${this.instances.owner}: tasks on instances get no public address; use ServiceNetwork.privateSubnets or .isolatedSubnets`,
      );
    }
    const provider = addInstances(scope, `${id}Instances`, options.cluster, options.vpcSubnets, this.instances);
    const service = new ecs.Ec2Service(scope, id, {
      ...rest,
      taskDefinition,
      capacityProviderStrategies: [{ capacityProvider: provider.capacityProviderName, weight: 1 }],
    });
    followCapacityProviders(service, options.cluster);
    // Instances that lose their rights or their group first could not stop the service's tasks.
    service.node.addDependency(provider.autoScalingGroup);
    if (provider.autoScalingGroup.role) service.node.addDependency(provider.autoScalingGroup.role);
    return service;
  }
}

/**
 * The service comes after its cluster's capacity providers and goes before them: ECS refuses to remove one that is in
 * use, and a service that names one the cluster has not got yet. The association is made by an aspect of the cluster, so
 * it can only be named by the cluster as a whole.
 */
function followCapacityProviders(service: ecs.BaseService, cluster: ecs.ICluster): void {
  if (cluster instanceof ecs.Cluster) service.node.addDependency(cluster);
}

function misfit(path: string, kind: string, other: string): string {
  return `SecureTtsService: taskDefinition ${path} is not for ${kind}, on which capacity runs its tasks; give capacity: ${other}, or another task definition`;
}
