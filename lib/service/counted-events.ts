import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';

interface CountedEventsProps {
  readonly description: string;
  /** The service that tells them, such as `aws.ecs`. */
  readonly source: string;
  readonly detailType: string[];
  readonly resources?: string[];
  readonly detail?: Record<string, unknown>;
}

/** How often a service tells an event of some kind, which has no metric of its own: a rule without a target counts it. */
export function countedEvents(scope: Construct, id: string, props: CountedEventsProps): cloudwatch.Metric {
  const { description, source, detailType, resources, detail } = props;
  const rule = new events.Rule(scope, id, {
    description,
    eventPattern: { source: [source], detailType, resources, detail },
  });
  return new cloudwatch.Metric({
    namespace: 'AWS/Events',
    metricName: 'TriggeredRules',
    dimensionsMap: { RuleName: rule.ruleName },
    statistic: cloudwatch.Stats.SUM,
    period: Duration.minutes(5),
  });
}
