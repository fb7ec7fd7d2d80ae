import type { IIoHost, IoMessage, IoRequest, StackActivity } from '@aws-cdk/toolkit-lib';

const LINES_KEPT = 40;

export interface ToolkitHost extends IIoHost {
  /** The last lines that the app wrote. */
  output(): string;
  /** Resources that failed, with the reason that CloudFormation gave. */
  failures(): readonly string[];
}

/** Takes the CDK toolkit's messages: stack activity becomes progress, warnings are shown once, questions get their default. */
export function createToolkitHost(options: {
  readonly update: (detail: string) => void;
  readonly onWarning: (text: string) => void;
}): ToolkitHost {
  const lines: string[] = [];
  const failures: string[] = [];
  const warned = new Set<string>();

  const activity = ({ event, progress, metadata }: StackActivity): void => {
    const name = metadata?.constructPath ?? event.LogicalResourceId ?? '';
    const status = event.ResourceStatus ?? '';
    if (status.endsWith('_FAILED') && event.ResourceStatusReason)
      failures.push(`${name} (${event.ResourceType}): ${event.ResourceStatusReason}`);
    // A stack's own events have its name as their logical id.
    if (event.LogicalResourceId === event.StackName) return;
    // The total is the toolkit's guess: an update that touches more than it had counted goes beyond.
    const { completed, total } = progress;
    const count = total !== undefined && completed <= total ? `${completed} of ${total}` : `${completed}`;
    options.update(
      `${event.StackName}: resource ${count}, ${event.ResourceType?.replace(/^AWS::/, '')} ${name.split('/').slice(1).join('/') || name}`,
    );
  };

  return {
    output: () => lines.join('\n'),
    failures: () => failures,
    async notify(message: IoMessage<unknown>) {
      if (message.code === 'CDK_TOOLKIT_I5502') activity(message.data as StackActivity);
      else if (message.code === 'CDK_ASSEMBLY_E1002' || message.code === 'CDK_ASSEMBLY_I1001')
        lines.push(message.message);
      else if (message.level === 'warn' && !warned.has(message.message)) {
        warned.add(message.message);
        options.onWarning(message.message);
      }
      if (lines.length > LINES_KEPT) lines.shift();
    },
    async requestResponse<T>(message: IoRequest<unknown, T>): Promise<T> {
      return message.defaultResponse;
    },
  };
}
