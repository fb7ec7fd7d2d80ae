import { Annotations } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { certificateWatches } from './certificate-watches';
import { saveLogQueries } from './log-queries';
import { serviceDashboard } from './service-dashboard';
import type { ServiceMonitoringProps } from './service-monitoring-props';
import { serviceWatches } from './service-watches';
import { runbookOf, type Watch } from './watch';

/** Alarms and a dashboard of a gated service. Refused requests (401, 403, 429) raise no alarm: they are the gate's job. */
export class ServiceMonitoring extends Construct {
  /** The alarms. */
  public readonly alarms: cloudwatch.Alarm[];
  /** The dashboard, unless it is switched off. */
  public readonly dashboard?: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, props: ServiceMonitoringProps) {
    super(scope, id);
    const certificate = props.certificate ? certificateWatches(this, props.certificate) : [];
    this.alarms = [...serviceWatches(this, props), ...certificate]
      // Nobody is missed where nobody is asked to run.
      .filter(({ id }) => id !== 'NoHealthyTask' || !runsNone(props.service))
      .map((watch) => this.createAlarm(watch, props.alarmTopic));
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

/** Whether a service is told to run no task at all. */
function runsNone(service: ecs.BaseService): boolean {
  const resource = service.node.tryFindChild('Service');
  return resource instanceof ecs.CfnService && resource.desiredCount === 0;
}
