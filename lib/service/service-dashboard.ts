import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import type { ServiceMonitoringProps } from './service-monitoring';

/** The dashboard of a gated service: one row for each question that a person on call asks. */
export function serviceDashboard(
  scope: Construct,
  id: string,
  props: ServiceMonitoringProps,
  alarms: readonly cloudwatch.Alarm[],
): cloudwatch.Dashboard {
  const { loadBalancer, targetGroup, service, gate, apiKeys } = props;
  const target = (code: elbv2.HttpCodeTarget, label: string) => targetGroup.metrics.httpCodeTarget(code, { label });
  const percentile = (value: number) =>
    targetGroup.metrics.targetResponseTime({ statistic: cloudwatch.Stats.percentile(value), label: `p${value}` });
  const dashboard = new cloudwatch.Dashboard(scope, id, { defaultInterval: Duration.hours(3) });
  dashboard.addWidgets(
    new cloudwatch.AlarmStatusWidget({ title: 'Is something wrong?', alarms: [...alarms], width: 24, height: 2 }),
  );
  dashboard.addWidgets(
    graph('What callers get', [
      target(elbv2.HttpCodeTarget.TARGET_2XX_COUNT, '2xx'),
      target(elbv2.HttpCodeTarget.TARGET_4XX_COUNT, '4xx'),
      target(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, '5xx'),
      loadBalancer.metrics.httpCodeElb(elbv2.HttpCodeElb.ELB_5XX_COUNT, { label: '5xx of the load balancer' }),
    ]),
    graph('How long they wait (seconds)', [percentile(50), percentile(90), percentile(99)]),
    graph('What the gate decides', [gate.metric('Allowed'), gate.metric('Denied'), gate.metric('Shed')]),
  );
  dashboard.addWidgets(
    graph('How busy tasks are (%)', [service.metricCpuUtilization(), service.metricMemoryUtilization()]),
    graph('Requests in flight per task', [
      gate.metricAdmittedInFlight({ label: 'mean' }),
      gate.metric('AdmittedInFlightMaximum', { statistic: cloudwatch.Stats.MAXIMUM, label: 'highest' }),
    ]),
    graph('The authorizer', [
      gate.metric('AuthorizerInvocations'),
      gate.metric('CacheHits'),
      gate.metric('StaleServed'),
      ...(apiKeys ? [apiKeys.metricErrors(), apiKeys.metricThrottles()] : []),
    ]),
  );
  return dashboard;
}

function graph(title: string, left: cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({ title, left, width: 8, height: 6 });
}
