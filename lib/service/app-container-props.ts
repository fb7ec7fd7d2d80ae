import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';

/** How the app's container runs, and its task, where the defaults do not fit an image. */
export interface AppContainerProps {
  /**
   * Arguments of the app's container.
   * @default - what the image says
   */
  readonly command?: string[];
  /**
   * What the app's container runs, before its arguments.
   * @default - what the image says
   */
  readonly entryPoint?: string[];
  /**
   * User of the app's container: a name or a number, with `:group` if wanted.
   * @default - what the image says
   */
  readonly user?: string;
  /**
   * Directory in which the app starts.
   * @default - what the image says
   */
  readonly workingDirectory?: string;
  /**
   * A command in the app's container that tells ECS whether it is healthy. The gate asks the app by HTTP besides
   * (`readinessPath`), and needs no such command.
   * @default - none
   */
  readonly healthCheck?: ecs.HealthCheck;
  /**
   * CPU units of the app's container, from 1: its share while the task's containers compete. 1024 are one vCPU.
   * @default - none: it takes what the gate leaves
   */
  readonly cpu?: number;
  /**
   * Memory in MiB, from 6, above which the app's container is killed.
   * @default - none: the task's memory is the limit
   */
  readonly memoryLimitMiB?: number;
  /**
   * Memory in MiB, from 6, that is set aside for the app's container.
   * @default 512, or `memoryLimitMiB` where that is less
   */
  readonly memoryReservationMiB?: number;
  /**
   * Where the app's container logs. The gate logs to a log group in any case: `voicegate usage` and the alarms read it.
   * @default - the log group of the tasks
   */
  readonly logging?: ecs.LogDriver;
  /**
   * Volumes of the task, such as one on Amazon EFS for models.
   * @default - none but the gate's own
   */
  readonly volumes?: ecs.Volume[];
  /**
   * Where the app's container sees volumes of `volumes`.
   * @default - nowhere
   */
  readonly mountPoints?: ecs.MountPoint[];
  /**
   * Role of the task. It gets the right to invoke the authorizer. Containers of a task share it, so what it may do besides
   * the gate may do too.
   * @default - a new one, which may invoke the authorizer and nothing else
   */
  readonly taskRole?: iam.IRole;
  /**
   * Role by which ECS pulls the images, writes logs and reads secrets.
   * @default - a new one
   */
  readonly executionRole?: iam.IRole;
  /**
   * A task definition of your own with the app's container in it, to which the gate is added. What is said here of the
   * task and the app's container is then its own matter, `image` too.
   * @default - a new one with a container of `image`
   */
  readonly taskDefinition?: ecs.TaskDefinition;
}
