import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { countedEvents } from './counted-events';
import type { ServiceMonitoringProps } from './service-monitoring-props';

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
  dashboard.addWidgets(...seldomGraphs(scope, props));
  return dashboard;
}

/** What wakes nobody, and explains much. */
function seldomGraphs(scope: Construct, props: ServiceMonitoringProps): cloudwatch.GraphWidget[] {
  const { loadBalancer, service, gate, apiKeys, firewall, certificate } = props;
  const sum = (namespace: string, metricName: string, dimensionsMap: Record<string, string>, label: string) =>
    new cloudwatch.Metric({ namespace, metricName, dimensionsMap, statistic: cloudwatch.Stats.SUM, label });
  const killed = countedEvents(scope, 'TasksKilledForMemory', {
    description: 'Tasks killed for memory',
    source: 'aws.ecs',
    detailType: ['ECS Task State Change'],
    detail: {
      group: [`service:${service.serviceName}`],
      lastStatus: ['STOPPED'],
      containers: { reason: [{ prefix: 'OutOfMemoryError' }] },
    },
  });
  const table = apiKeys?.keyTable.tableName;
  return [
    graph('Who is refused', [
      gate.metric('FailedAttempts', { label: 'failed attempts' }),
      gate.metric('Bans', { label: 'clients banned' }),
      gate.metric('Banned', { label: 'requests of banned clients' }),
      gate.metric('QuotaExceeded', { label: 'quotas used up' }),
      ...(firewall
        ? [
            sum(
              'AWS/WAFV2',
              'BlockedRequests',
              { WebACL: 'Voicegate', Region: Stack.of(scope).region, Rule: 'ALL' },
              'blocked by the firewall',
            ),
          ]
        : []),
    ]),
    graph('What is scarce', [
      killed.with({ label: 'tasks killed for memory' }),
      loadBalancer.metrics.custom('RejectedConnectionCount', {
        statistic: cloudwatch.Stats.SUM,
        label: 'connections rejected by the load balancer',
      }),
      ...(table === undefined
        ? []
        : [
            sum('AWS/DynamoDB', 'ReadThrottleEvents', { TableName: table }, 'throttled reads of the key table'),
            sum('AWS/DynamoDB', 'WriteThrottleEvents', { TableName: table }, 'throttled writes of the key table'),
          ]),
    ]),
    ...(certificate === undefined
      ? []
      : [
          graph('Days until the certificate ends', [
            new cloudwatch.Metric({
              namespace: 'AWS/CertificateManager',
              metricName: 'DaysToExpiry',
              dimensionsMap: { CertificateArn: certificate.certificate.certificateArn },
              statistic: cloudwatch.Stats.MINIMUM,
              period: Duration.days(1),
              label: 'days',
            }),
          ]),
        ]),
  ];
}

function graph(title: string, left: cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({ title, left, width: 8, height: 6 });
}
