import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { ApiKeyAuthorizer } from '../authorizer/api-key-authorizer';
import type { AuthorizerGate } from '../gate/authorizer-gate';
import { serviceDashboard } from './service-dashboard';

/** What is watched. */
export interface ServiceMonitoringProps {
  /** The load balancer. */
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /** The target group of the gated service. */
  readonly targetGroup: elbv2.ApplicationTargetGroup;
  /** The ECS service. */
  readonly service: ecs.BaseService;
  /** Its gate. */
  readonly gate: AuthorizerGate;
  /**
   * The authorizer of API keys.
   * @default - none: the authorizer is not watched
   */
  readonly apiKeys?: ApiKeyAuthorizer;
  /**
   * Where alarms and their end are told.
   * @default - nowhere: they only show in CloudWatch
   */
  readonly alarmTopic?: sns.ITopic;
  /**
   * Whether a dashboard is made. The first three of an account are free.
   * @default true
   */
  readonly dashboard?: boolean;
}

/** One alarm: how often something may happen in five minutes. */
interface Watch {
  readonly id: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  readonly description: string;
  readonly comparison?: cloudwatch.ComparisonOperator;
  readonly missing?: cloudwatch.TreatMissingData;
}

const PERIOD = Duration.minutes(5);

/** Alarms and a dashboard of a gated service. Refused requests (401, 403, 429) raise no alarm: they are the gate's job. */
export class ServiceMonitoring extends Construct {
  /** The alarms. */
  public readonly alarms: cloudwatch.Alarm[];
  /** The dashboard, unless it is switched off. */
  public readonly dashboard?: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, props: ServiceMonitoringProps) {
    super(scope, id);
    this.alarms = watches(props).map((watch) => this.createAlarm(watch, props.alarmTopic));
    if (props.dashboard !== false) this.dashboard = serviceDashboard(this, 'Dashboard', props, this.alarms);
  }

  private createAlarm(watch: Watch, topic: sns.ITopic | undefined): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, watch.id, {
      metric: watch.metric,
      threshold: watch.threshold,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      comparisonOperator: watch.comparison ?? cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: watch.missing ?? cloudwatch.TreatMissingData.NOT_BREACHING,
      alarmDescription: watch.description,
    });
    if (topic) {
      alarm.addAlarmAction(new actions.SnsAction(topic));
      alarm.addOkAction(new actions.SnsAction(topic));
    }
    return alarm;
  }
}

function watches({ loadBalancer, targetGroup, gate, apiKeys }: ServiceMonitoringProps): Watch[] {
  const often = { statistic: cloudwatch.Stats.SUM, period: PERIOD };
  return [
    {
      id: 'NoHealthyTask',
      metric: targetGroup.metrics.healthyHostCount({
        statistic: cloudwatch.Stats.MINIMUM,
        period: Duration.minutes(1),
      }),
      threshold: 1,
      comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: cloudwatch.TreatMissingData.BREACHING,
      description: 'No task is healthy: nobody is served. Look at the stopped tasks and at the log of the app.',
    },
    {
      id: 'AppErrors',
      metric: targetGroup.metrics.httpCodeTarget(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, often),
      threshold: 10,
      description: 'The app or its gate answers with 5xx. The log lines of the gate say which and why.',
    },
    {
      id: 'LoadBalancerErrors',
      metric: loadBalancer.metrics.httpCodeElb(elbv2.HttpCodeElb.ELB_5XX_COUNT, often),
      threshold: 10,
      description:
        'The load balancer itself answers with 5xx: tasks are missing, refuse connections or answer too late.',
    },
    {
      id: 'Overload',
      metric: gate.metric('Shed', often),
      threshold: 10,
      description: 'Requests are turned away because the app is busy. More tasks, or a smaller limit per client.',
    },
    {
      id: 'StaleDecisions',
      metric: gate.metric('StaleServed', often),
      threshold: 1,
      description: 'The authorizer fails and earlier decisions still serve; when their grace ends, callers get 503.',
    },
    ...(apiKeys
      ? [
          {
            id: 'AuthorizerErrors',
            metric: apiKeys.metricErrors(often),
            threshold: 1,
            description: 'The authorizer fails. Its log says why; most often the key table cannot be read.',
          },
          {
            id: 'AuthorizerThrottles',
            metric: apiKeys.metricThrottles(often),
            threshold: 1,
            description: 'Lambda throttles the authorizer: raise its reserved or the account-wide concurrency.',
          },
        ]
      : []),
  ];
}
