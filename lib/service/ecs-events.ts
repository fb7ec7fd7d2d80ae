import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';

interface EcsEventsProps {
  readonly description: string;
  readonly detailType: string;
  readonly resources?: string[];
  readonly detail: Record<string, unknown>;
}

/** How often ECS tells an event of some kind, which has no metric of its own: a rule without a target counts it. */
export function ecsEvents(scope: Construct, id: string, props: EcsEventsProps): cloudwatch.Metric {
  const { description, detailType, resources, detail } = props;
  const rule = new events.Rule(scope, id, {
    description,
    eventPattern: { source: ['aws.ecs'], detailType: [detailType], resources, detail },
  });
  return new cloudwatch.Metric({
    namespace: 'AWS/Events',
    metricName: 'TriggeredRules',
    dimensionsMap: { RuleName: rule.ruleName },
    statistic: cloudwatch.Stats.SUM,
    period: Duration.minutes(5),
  });
}
