import { Duration } from 'aws-cdk-lib';
import type * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import { SERVICE_RANGES } from '../../contract/service-ranges';
import type { AuthorizerGate } from '../gate/authorizer-gate';
import { checkInteger } from '../shared/checks';

const { least: MIN_TASKS, most: MAX_TASKS } = SERVICE_RANGES.maxTasks;

/** A number of tasks from a certain time on. */
export interface ScheduledCapacity {
  /** When, such as `Schedule.cron({ hour: '8', minute: '0', weekDay: 'MON-FRI' })`, in UTC. */
  readonly schedule: appscaling.Schedule;
  /**
   * Tasks at least, from then on.
   * @default - unchanged
   */
  readonly minCapacity?: number;
  /**
   * Tasks at most, from then on.
   * @default - unchanged
   */
  readonly maxCapacity?: number;
}

/** How the number of tasks follows the load. */
export interface ServiceScaling {
  /**
   * Tasks at least, from 1 to 1000.
   * @default 2
   */
  readonly minCapacity?: number;
  /** Tasks at most, up to 1000. */
  readonly maxCapacity: number;
  /**
   * CPU utilization, in percent, that is aimed at.
   * @default 60
   */
  readonly targetCpuPercent?: number;
  /**
   * Memory utilization, in percent, that is aimed at. For an app whose memory grows with its load: one that keeps its
   * models in memory uses the same whether it is busy or not, and would only ever be scaled out.
   * @default - memory does not count
   */
  readonly targetMemoryPercent?: number;
  /**
   * Requests in flight per task that are aimed at. They are counted behind the gate: floods that it refuses start no
   * tasks.
   * @default - 70 % of limits.inFlight
   */
  readonly targetInFlight?: number;
  /**
   * How long a task stays after it was needed.
   * @default Duration.minutes(5)
   */
  readonly scaleInCooldown?: Duration;
  /**
   * Numbers of tasks by the clock.
   * @default - none
   */
  readonly schedules?: ScheduledCapacity[];
}

export const DEFAULT_MIN_CAPACITY = 2;

export function checkScaling(scaling: ServiceScaling): void {
  const min = scaling.minCapacity ?? DEFAULT_MIN_CAPACITY;
  checkInteger('SecureTtsService: scaling.minCapacity', min, MIN_TASKS, MAX_TASKS);
  if (scaling.maxCapacity === undefined) {
    throw new Error(
      `SecureTtsService: scaling.maxCapacity must be a whole number from ${min} to ${MAX_TASKS}, got none`,
    );
  }
  checkInteger('SecureTtsService: scaling.maxCapacity', scaling.maxCapacity, min, MAX_TASKS);
  checkInteger('SecureTtsService: scaling.targetCpuPercent', scaling.targetCpuPercent, 10, 95);
  checkInteger('SecureTtsService: scaling.targetMemoryPercent', scaling.targetMemoryPercent, 10, 95);
  if (scaling.targetInFlight !== undefined && !(scaling.targetInFlight > 0)) {
    throw new Error(`SecureTtsService: scaling.targetInFlight must be more than 0, got ${scaling.targetInFlight}`);
  }
}

/** Lets the number of tasks follow CPU, memory where asked for, and admitted requests, whichever needs more. */
export function scaleService(
  service: ecs.BaseService,
  gate: AuthorizerGate,
  inFlightLimit: number,
  scaling: ServiceScaling,
): void {
  const tasks = service.autoScaleTaskCount({
    minCapacity: scaling.minCapacity ?? DEFAULT_MIN_CAPACITY,
    maxCapacity: scaling.maxCapacity,
  });
  const cooldown = {
    scaleInCooldown: scaling.scaleInCooldown ?? Duration.minutes(5),
    scaleOutCooldown: Duration.minutes(1),
  };
  tasks.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: scaling.targetCpuPercent ?? 60, ...cooldown });
  if (scaling.targetMemoryPercent !== undefined) {
    tasks.scaleOnMemoryUtilization('Memory', { targetUtilizationPercent: scaling.targetMemoryPercent, ...cooldown });
  }
  tasks.scaleToTrackCustomMetric('InFlight', {
    metric: gate.metricAdmittedInFlight(),
    targetValue: scaling.targetInFlight ?? inFlightLimit * 0.7,
    ...cooldown,
  });
  for (const [index, schedule] of (scaling.schedules ?? []).entries()) {
    tasks.scaleOnSchedule(`Schedule${index + 1}`, schedule);
  }
}
