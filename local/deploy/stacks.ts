import { CloudFormationClient, paginateDescribeStacks } from '@aws-sdk/client-cloudformation';
import { awsClients } from '../aws-clients.js';
import type { LocalAws } from '../contracts.js';

export interface StackState {
  readonly id: string;
  /** Its last operation succeeded. */
  readonly complete: boolean;
  readonly outputs: Readonly<Record<string, string>>;
}

/** The stacks that CloudFormation knows, by name. */
export async function describeStacks(aws: LocalAws): Promise<ReadonlyMap<string, StackState>> {
  const { client, destroy } = awsClients(aws, { client: CloudFormationClient });
  const found = new Map<string, StackState>();
  try {
    for await (const page of paginateDescribeStacks({ client }, {})) {
      for (const stack of page.Stacks ?? []) {
        const status = stack.StackStatus ?? '';
        if (!stack.StackName || status === 'DELETE_COMPLETE') continue;
        found.set(stack.StackName, {
          id: stack.StackId ?? '',
          complete: /^(CREATE|UPDATE)_COMPLETE$/.test(status),
          outputs: Object.fromEntries(
            (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
          ),
        });
      }
    }
  } finally {
    destroy();
  }
  return found;
}
