import { Size } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';

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
  }

  public _createTaskDefinition(scope: Construct, id: string): ecs.TaskDefinition {
    return new ecs.FargateTaskDefinition(scope, id, {
      cpu: this.props.cpu ?? 2048,
      memoryLimitMiB: this.props.memoryLimitMiB ?? 8192,
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
