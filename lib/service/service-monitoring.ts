import { Annotations } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { ApiKeyAuthorizer } from '../authorizer/api-key-authorizer';
import type { Firewall } from '../firewall/firewall';
import type { AuthorizerGate } from '../gate/authorizer-gate';
import { saveLogQueries } from './log-queries';
import { serviceDashboard } from './service-dashboard';
import { serviceWatches } from './service-watches';
import { runbookOf, type Watch } from './watch';

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
   * The firewall in front, whose blocks the dashboard shows.
   * @default - none
   */
  readonly firewall?: Firewall;
  /**
   * ARN of the certificate, whose days the dashboard shows.
   * @default - none
   */
  readonly certificateArn?: string;
  /**
   * The log group of the gate, for which queries are saved in CloudWatch Logs Insights.
   * @default - none: no queries are saved
   */
  readonly gateLog?: logs.ILogGroup;
  /**
   * Where the alarms that somebody must act on are told, and their end. The others only show.
   * @default - nowhere: they only show in CloudWatch, and synthesis warns of it
   */
  readonly alarmTopic?: sns.ITopic;
  /**
   * Whether a dashboard is made. The first three of an account are free.
   * @default true
   */
  readonly dashboard?: boolean;
}

/** Alarms and a dashboard of a gated service. Refused requests (401, 403, 429) raise no alarm: they are the gate's job. */
export class ServiceMonitoring extends Construct {
  /** The alarms. */
  public readonly alarms: cloudwatch.Alarm[];
  /** The dashboard, unless it is switched off. */
  public readonly dashboard?: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, props: ServiceMonitoringProps) {
    super(scope, id);
    this.alarms = serviceWatches(this, props).map((watch) => this.createAlarm(watch, props.alarmTopic));
    if (props.gateLog) saveLogQueries(this, props.gateLog);
    if (!props.alarmTopic) {
      Annotations.of(this).addWarningV2(
        'voicegate:alarmTopic',
        'Nobody is told of alarms: give alarmTopic (of the app: -c alarmEmail=you@example.com or -c alarmTopicArn=).',
      );
    }
    if (props.dashboard !== false) this.dashboard = serviceDashboard(this, 'Dashboard', props, this.alarms);
  }

  private createAlarm(watch: Watch, topic: sns.ITopic | undefined): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, watch.id, {
      metric: watch.metric,
      threshold: watch.threshold,
      evaluationPeriods: watch.atOnce ? 1 : 3,
      datapointsToAlarm: watch.atOnce ? 1 : 2,
      comparisonOperator: watch.comparison ?? cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: watch.missing ?? cloudwatch.TreatMissingData.NOT_BREACHING,
      alarmDescription: `${watch.description} ${runbookOf(watch.id)}`,
    });
    if (topic && !watch.dashboardOnly) {
      alarm.addAlarmAction(new actions.SnsAction(topic));
      alarm.addOkAction(new actions.SnsAction(topic));
    }
    return alarm;
  }
}
