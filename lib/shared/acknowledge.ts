import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Records why findings of policy validation (cdk-nag's rules, by their ids) do not apply to a construct. */
export function acknowledge(construct: IConstruct, findings: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(findings)) {
    try {
      Validations.of(construct).acknowledge({ id, reason });
    } catch (error) {
      // Before 2.269 aws-cdk-lib refuses ids that name a resource, such as `AwsSolutions-IAM5[Resource::*]`. A report of
      // cdk-nag then shows one finding more; that is no reason to fail.
      if (!id.includes('::')) throw error;
    }
  }
}
