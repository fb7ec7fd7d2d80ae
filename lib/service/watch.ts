import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';

/** One alarm: how often something may happen in its period. */
export interface Watch {
  /** Also the section of the runbook: `NoHealthyTask` is "No healthy task". */
  readonly id: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  readonly description: string;
  readonly comparison?: cloudwatch.ComparisonOperator;
  readonly missing?: cloudwatch.TreatMissingData;
  /** Whether one period is enough. Default: two of three. */
  readonly atOnce?: boolean;
  /** Whether nobody is woken by it: it shows on the dashboard and in CloudWatch alone. Default: somebody is. */
  readonly dashboardOnly?: boolean;
}

const RUNBOOK = 'https://github.com/voicegate/voicegate/blob/main/docs/runbook.md';

/** Where the runbook says what an alarm means and what to do. */
export function runbookOf(id: string): string {
  return `${RUNBOOK}#${id.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}`;
}
