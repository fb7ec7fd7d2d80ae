import { Size } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { checkInteger } from '../shared/checks';
import { checkFargateSize, DEFAULT_CPU, DEFAULT_MEMORY } from './fargate-size';
import { addGpuInstances, createGpuTaskDefinition, type GpuCapacityProps } from './gpu-capacity';

/** Size of tasks on Fargate. */
export interface FargateCapacityProps {
  /**
   * CPU units; 1024 are one vCPU. Fargate allows 256, 512, 1024, 2048, 4096, 8192 and 16384.
   * @default 2048
   */
  readonly cpu?: number;
  /**
   * Memory in MiB; which values are allowed depends on `cpu`.
   * @default 8192
   */
  readonly memoryLimitMiB?: number;
  /**
   * Ephemeral storage, from 21 to 200 GiB.
   * @default - 40 GiB
   */
  readonly ephemeralStorage?: Size;
  /**
   * CPU architecture of the containers. An image built from a folder is built for it.
   * @default ecs.CpuArchitecture.X86_64
   */
  readonly cpuArchitecture?: ecs.CpuArchitecture;
}

/** Size of tasks on Fargate, some of them on spare capacity. */
export interface FargateSpotCapacityProps extends FargateCapacityProps {
  /**
   * Tasks that always run on demand, so that an interruption never takes all.
   * @default 1
   */
  readonly onDemandBase?: number;
}

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

  /** EC2 instances with GPUs, which grow and shrink with the tasks. */
  public static gpu(props: GpuCapacityProps = {}): TaskCapacity {
    return new GpuCapacity(props);
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
  public abstract _createTaskDefinition(scope: Construct, id: string): ecs.TaskDefinition;

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

  public _createTaskDefinition(scope: Construct, id: string): ecs.TaskDefinition {
    return new ecs.FargateTaskDefinition(scope, id, {
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

  constructor(props: FargateSpotCapacityProps) {
    super(props);
    this.onDemandBase = props.onDemandBase ?? 1;
    checkInteger('TaskCapacity.fargateSpot: onDemandBase', this.onDemandBase, 0, 1000);
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
        { capacityProvider: 'FARGATE', base: this.onDemandBase, weight: 0 },
        { capacityProvider: 'FARGATE_SPOT', weight: 1 },
      ],
    });
    followCapacityProviders(service, options.cluster);
    return service;
  }
}

class GpuCapacity extends TaskCapacity {
  constructor(private readonly props: GpuCapacityProps) {
    super();
    checkInteger('TaskCapacity.gpu: gpuCount', props.gpuCount, 1, 16);
  }

  public override get _gpuCount(): number {
    return this.props.gpuCount ?? 1;
  }

  public _createTaskDefinition(scope: Construct, id: string): ecs.TaskDefinition {
    return createGpuTaskDefinition(scope, id);
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
        'TaskCapacity.gpu: tasks on instances get no public address; use ServiceNetwork.privateSubnets or .isolatedSubnets',
      );
    }
    const provider = addGpuInstances(scope, `${id}Instances`, options.cluster, options.vpcSubnets, this.props);
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
