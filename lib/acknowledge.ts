import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Records why findings of policy validation (cdk-nag's rules, by their ids) do not apply to a construct. */
export function acknowledge(construct: IConstruct, findings: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(findings)) Validations.of(construct).acknowledge({ id, reason });
}
