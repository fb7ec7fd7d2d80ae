import type { Size } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';

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
  /**
   * Share of the tasks beyond `onDemandBase` that run on demand, from 0 to 1000, beside that of `spotWeight`.
   * @default 0: none
   */
  readonly onDemandWeight?: number;
  /**
   * Share of the tasks beyond `onDemandBase` that run on spare capacity, from 1 to 1000. With 1 beside an
   * `onDemandWeight` of 3 it is a quarter.
   * @default 1
   */
  readonly spotWeight?: number;
}
