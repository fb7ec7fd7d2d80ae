import { Annotations, Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { checkInteger, checkMinutes } from '../shared/checks';
import { type Kinds, shown } from '../shared/kinds';
import type { DeploymentProps } from './deployment-props';
import type { SecureTtsServiceProps } from './secure-tts-service-props';
import type { ServiceMonitoring } from './service-monitoring';
import { healthyTasks, type WatchedTargets } from './service-watches';
import { runbookOf } from './watch';

export const DEPLOYMENT_KINDS: Kinds = {
  deploymentStrategy: 'text',
  bakeTime: 'duration',
  canaryConfiguration: 'object',
  linearConfiguration: 'object',
  lifecycleHooks: 'list',
  circuitBreaker: 'object',
  minHealthyPercent: 'number',
  maxHealthyPercent: 'number',
  rollbackOnAlarms: 'boolean',
  deploymentAlarms: 'object',
};

const DAY_MINUTES = 24 * 60;
const DEFAULT_BAKE_TIME = Duration.minutes(10);
/** Beyond `startupTime`, until the alarm's own periods have passed. */
const GRACE_MINUTES = 2;
/** Alarms whose ring means that the new version is worse. */
const ROLLBACK_ALARMS: readonly string[] = ['AppErrors', 'AuthorizerFailing', 'AuthorizerErrors'];

/** Whether ECS moves requests from one target group to another. */
export function shiftsTraffic({ deploymentStrategy: strategy }: DeploymentProps): boolean {
  return strategy !== undefined && strategy !== ecs.DeploymentStrategy.ROLLING;
}

/** @throws Error naming a prop that is wrong by itself, or beside another. */
export function checkDeployment(props: SecureTtsServiceProps): void {
  const { deploymentStrategy: strategy = ecs.DeploymentStrategy.ROLLING } = props;
  const allowed: readonly string[] = Object.values(ecs.DeploymentStrategy);
  if (!allowed.includes(strategy)) {
    throw new Error(
      `SecureTtsService: deploymentStrategy must be one of ${allowed.join(', ')}, got ${shown(strategy)}`,
    );
  }
  const only = (name: keyof SecureTtsServiceProps, ...strategies: readonly string[]) => {
    if (props[name] === undefined || strategies.includes(strategy)) return;
    throw new Error(
      `SecureTtsService: ${name} is for deploymentStrategy ${strategies.join(', ')}, but that is ${strategy}; leave one of them out`,
    );
  };
  for (const name of ['bakeTime', 'lifecycleHooks'] as const) only(name, 'BLUE_GREEN', 'LINEAR', 'CANARY');
  only('canaryConfiguration', 'CANARY');
  only('linearConfiguration', 'LINEAR');
  for (const name of ['circuitBreaker', 'minHealthyPercent', 'maxHealthyPercent'] as const) only(name, 'ROLLING');
  for (const name of ['pageLogin', 'tokenValidation'] as const) {
    if (!shiftsTraffic(props) || props[name] === undefined) continue;
    throw new Error(
      `SecureTtsService: deploymentStrategy ${strategy} moves the requests of one rule of the listener, but ${name} adds rules for some paths, which would go on to the old tasks; leave one of them out`,
    );
  }
  if (props.bakeTime) checkMinutes('SecureTtsService: bakeTime', props.bakeTime, 0, DAY_MINUTES);
  checkShift('canaryConfiguration', props.canaryConfiguration, 0.1);
  checkShift('linearConfiguration', props.linearConfiguration, 3);
  const { minHealthyPercent: min = 100, maxHealthyPercent: max = 200 } = props;
  checkInteger('SecureTtsService: minHealthyPercent', min, 0, 100);
  checkInteger('SecureTtsService: maxHealthyPercent', max, Math.max(100, min + 1), 200);
  if (props.rollbackOnAlarms && props.monitoringEnabled === false) {
    throw new Error('SecureTtsService: rollbackOnAlarms needs the alarms, but monitoringEnabled is false');
  }
}

function checkShift(prop: string, shift: ecs.TrafficShiftConfig | undefined, least: number): void {
  const { stepPercent: percent, stepBakeTime } = shift ?? {};
  if (percent !== undefined && !(percent >= least && percent <= 100)) {
    throw new Error(
      `SecureTtsService: ${prop}.stepPercent must be from ${least} to 100 percent, got ${shown(percent)}`,
    );
  }
  if (stepBakeTime) checkMinutes(`SecureTtsService: ${prop}.stepBakeTime`, stepBakeTime, 0, DAY_MINUTES);
}

/** What the ECS service is told of deployments. */
export function deploymentOptions(props: DeploymentProps): Partial<ecs.BaseServiceOptions> {
  const { deploymentAlarms, minHealthyPercent = 100, maxHealthyPercent = 200 } = props;
  if (!shiftsTraffic(props)) {
    const { circuitBreaker = { enable: true, rollback: true } } = props;
    return { circuitBreaker, minHealthyPercent, maxHealthyPercent, deploymentAlarms };
  }
  const { deploymentStrategy, canaryConfiguration, linearConfiguration, lifecycleHooks } = props;
  return {
    deploymentStrategy,
    bakeTime: props.bakeTime ?? DEFAULT_BAKE_TIME,
    canaryConfiguration,
    linearConfiguration,
    lifecycleHooks,
    minHealthyPercent,
    maxHealthyPercent,
    deploymentAlarms,
  };
}

/** aws-cdk-lib misses the circuit breaker, which ECS has for rolling deployments only. */
export function acknowledgeNoBreaker(service: ecs.BaseService): void {
  Annotations.of(service).acknowledgeWarning(
    '@aws-cdk/aws-ecs:shouldUseCircuitBreaker',
    'ECS has it for rolling deployments only.',
  );
}

/** Rolls a deployment back when one of the service's alarms rings that tell of a worse version. */
export function rollBackOnAlarms(
  scope: Construct,
  service: ecs.BaseService,
  monitoring: ServiceMonitoring,
  watched: WatchedTargets,
  startupTime: Duration,
): void {
  const minutes = Math.ceil(startupTime.toMinutes({ integral: false })) + GRACE_MINUTES;
  // The alarm that wakes people rings too soon for this: while the first tasks of a new service start, none is healthy.
  const noHealthyTask = new cloudwatch.Alarm(scope, 'RollbackNoHealthyTask', {
    metric: healthyTasks(watched),
    threshold: 1,
    comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: minutes,
    treatMissingData: cloudwatch.TreatMissingData.BREACHING,
    alarmDescription: `No task was healthy for ${minutes} minutes: a deployment is rolled back. ${runbookOf('NoHealthyTask')}`,
  });
  const ours = monitoring.alarms.filter(({ node }) => ROLLBACK_ALARMS.includes(node.id));
  service.enableDeploymentAlarms(
    [noHealthyTask, ...ours].map(({ alarmName }) => alarmName),
    { behavior: ecs.AlarmBehavior.ROLLBACK_ON_ALARM },
  );
}
