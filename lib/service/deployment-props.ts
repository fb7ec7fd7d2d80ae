import type { Duration } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';

/** How a new version of the service takes the place of the old one. */
export interface DeploymentProps {
  /**
   * How ECS deploys. `BLUE_GREEN`, `CANARY` and `LINEAR` run all new tasks beside the old ones and move the requests
   * over: at once, first a part, or step by step. A second target group is made for it, and a role by which ECS changes the
   * listener's rule. The service then needs one rule: neither `pageLogin` nor `tokenValidation`.
   * @default ecs.DeploymentStrategy.ROLLING: tasks are replaced some at a time
   */
  readonly deploymentStrategy?: ecs.DeploymentStrategy;
  /**
   * How long the old tasks stay after all requests go to the new ones, from 0 minutes to 24 hours in whole minutes: so
   * long a rollback takes seconds. Not for `ROLLING`.
   * @default Duration.minutes(10), where the strategy is not ROLLING
   */
  readonly bakeTime?: Duration;
  /**
   * Share and time of the first step of `CANARY`: `stepPercent` from 0.1 to 100, `stepBakeTime` up to 24 hours.
   * @default - 5 percent for 10 minutes
   */
  readonly canaryConfiguration?: ecs.TrafficShiftConfig;
  /**
   * Share and time of each step of `LINEAR`: `stepPercent` from 3 to 100, `stepBakeTime` up to 24 hours.
   * @default - 10 percent for 6 minutes
   */
  readonly linearConfiguration?: ecs.TrafficShiftConfig;
  /**
   * Functions that ECS calls at stages of a deployment, such as a test before requests go to the new tasks. Not for
   * `ROLLING`.
   * @default - none
   */
  readonly lifecycleHooks?: ecs.IDeploymentLifecycleHookTarget[];
  /**
   * Whether a deployment fails whose tasks do not start, and is rolled back. ECS has it for `ROLLING` only.
   * @default - { enable: true, rollback: true } for ROLLING, none otherwise
   */
  readonly circuitBreaker?: ecs.DeploymentCircuitBreaker;
  /**
   * Percent of the tasks that must be healthy during a rolling deployment, from 0 to 100.
   * @default 100
   */
  readonly minHealthyPercent?: number;
  /**
   * Percent of the tasks that may run during a rolling deployment, from 100 to 200 and more than `minHealthyPercent`. It
   * says how much of Fargate's quota a deployment takes.
   * @default 200
   */
  readonly maxHealthyPercent?: number;
  /**
   * Whether a deployment is rolled back when the app answers with errors, the authorizer fails, or no task is healthy for
   * as long as `startupTime` and two minutes: by the service's own alarms, which refused requests (401, 403, 429) never
   * raise. An alarm that rings already when the deployment begins is not looked at.
   * @default - false for ROLLING, true otherwise
   */
  readonly rollbackOnAlarms?: boolean;
  /**
   * Alarms of yours that fail a deployment besides, and what happens then.
   * @default - none
   */
  readonly deploymentAlarms?: ecs.DeploymentAlarmConfig;
}
