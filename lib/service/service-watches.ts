import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { countedEvents } from './counted-events';
import type { ServiceMonitoringProps } from './service-monitoring-props';
import type { Watch } from './watch';

/** The target groups of a service, between which deployments may change. */
export type WatchedTargets = Pick<ServiceMonitoringProps, 'targetGroup' | 'alternateTargetGroup'>;

/** Healthy tasks, in whichever target group there are more. */
export function healthyTasks(watched: WatchedTargets): cloudwatch.IMetric {
  return ofEither(watched, 'MAX([FILL(first, 0), FILL(second, 0)])', (group) =>
    group.metrics.healthyHostCount({ statistic: cloudwatch.Stats.MINIMUM, period: Duration.minutes(1) }),
  );
}

/** A metric of the one target group, or of both. */
function ofEither(
  { targetGroup, alternateTargetGroup }: WatchedTargets,
  expression: string,
  metric: (group: elbv2.ApplicationTargetGroup) => cloudwatch.Metric,
): cloudwatch.IMetric {
  const first = metric(targetGroup);
  if (!alternateTargetGroup) return first;
  return new cloudwatch.MathExpression({
    expression,
    usingMetrics: { first, second: metric(alternateTargetGroup) },
    period: first.period,
  });
}

/** What is watched of a gated service: first what somebody is told, then what only shows. */
export function serviceWatches(scope: Construct, props: ServiceMonitoringProps): Watch[] {
  const { loadBalancer, service, gate, apiKeys } = props;
  const often = { statistic: cloudwatch.Stats.SUM, period: Duration.minutes(5) };
  const soon = { statistic: cloudwatch.Stats.SUM, period: Duration.minutes(1) };
  return [
    {
      id: 'NoHealthyTask',
      metric: healthyTasks(props),
      threshold: 1,
      comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: cloudwatch.TreatMissingData.BREACHING,
      description: 'No task is healthy: nobody is served. Look at the stopped tasks and at the log of the app.',
    },
    {
      id: 'AppErrors',
      metric: ofEither(props, 'FILL(first, 0) + FILL(second, 0)', (group) =>
        group.metrics.httpCodeTarget(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, often),
      ),
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
      id: 'AuthorizerFailing',
      // The gate's own count: a deleted alias and a foreign authorizer are seen too.
      metric: gate.metric('AuthorizerErrors', soon),
      threshold: 1,
      description: 'Gates ask the authorizer and get no decision: callers who are not in the cache get 503.',
    },
    {
      id: 'StaleDecisions',
      metric: gate.metric('StaleServed', soon),
      threshold: 1,
      // Before the grace has ended.
      atOnce: true,
      description: 'The authorizer fails and earlier decisions still serve; when their grace ends, callers get 503.',
    },
    {
      id: 'DeploymentFailed',
      metric: countedEvents(scope, 'FailedDeployments', {
        description: 'A deployment of the service failed and is rolled back',
        source: 'aws.ecs',
        detailType: ['ECS Deployment State Change'],
        resources: [service.serviceArn],
        detail: { eventName: ['SERVICE_DEPLOYMENT_FAILED'] },
      }),
      threshold: 1,
      atOnce: true,
      description:
        'A deployment failed and was rolled back: the version before serves. Its tasks say why they stopped.',
    },
    {
      id: 'Overload',
      metric: gate.metric('Shed', often),
      threshold: 10,
      dashboardOnly: true,
      description: 'Requests are turned away because the app is busy. More tasks, or a smaller limit per client.',
    },
    ...(apiKeys
      ? [
          {
            id: 'AuthorizerErrors',
            metric: apiKeys.metricErrors(often),
            threshold: 1,
            dashboardOnly: true,
            description: 'The authorizer fails. Its log says why; most often the key table cannot be read.',
          },
          {
            id: 'AuthorizerThrottles',
            metric: apiKeys.metricThrottles(often),
            threshold: 1,
            dashboardOnly: true,
            description: 'Lambda throttles the authorizer: raise its reserved or the account-wide concurrency.',
          },
        ]
      : []),
  ];
}
