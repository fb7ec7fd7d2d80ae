import type { IIoHost, IoMessage, IoRequest, StackActivity } from '@aws-cdk/toolkit-lib';

const LINES_KEPT = 40;

/** A line of a stack trace that is not the app's own: whoever reads it looks for theirs. */
const FOREIGN_FRAME = /^ *at .*(?:node_modules[\\/]|[( ]node:)/;

export interface ToolkitHost extends IIoHost {
  /** The last lines that the app wrote, without the frames of Node.js and of packages. */
  output(): string;
  /** Resources that failed, with the reason that CloudFormation gave. */
  failures(): readonly string[];
}

/** The part that is read of what the toolkit reports about the app: its annotations and the findings of its plug-ins. */
interface ValidationReport {
  readonly pluginReports?: readonly {
    readonly violations?: readonly {
      readonly description?: string;
      readonly severity?: string;
      readonly violatingConstructs?: readonly { readonly constructPath?: string }[];
    }[];
  }[];
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

  const warn = (text: string): void => {
    lines.push(text);
    if (!warned.has(text)) options.onWarning(text);
    warned.add(text);
  };

  return {
    output: () =>
      lines
        .flatMap((line) => line.split('\n'))
        .filter((line) => !FOREIGN_FRAME.test(line))
        .join('\n'),
    failures: () => failures,
    async notify(message: IoMessage<unknown>) {
      if (message.code === 'CDK_TOOLKIT_I5502') activity(message.data as StackActivity);
      else if (message.code === 'CDK_TOOLKIT_E9600') annotations(message.data as ValidationReport).forEach(warn);
      else if (message.code === 'CDK_ASSEMBLY_E1002' || message.code === 'CDK_ASSEMBLY_I1001')
        lines.push(message.message);
      // What it says while it bootstraps is about rights in a real account.
      else if (message.level === 'warn' && message.action !== 'bootstrap') warn(message.message);
      if (lines.length > LINES_KEPT) lines.shift();
    },
    async requestResponse<T>(message: IoRequest<unknown, T>): Promise<T> {
      return message.defaultResponse;
    },
  };
}

function annotations(report: ValidationReport): readonly string[] {
  return (report.pluginReports ?? [])
    .flatMap(({ violations }) => violations ?? [])
    .map(({ description = '', violatingConstructs }) => {
      const where = violatingConstructs
        ?.map(({ constructPath }) => constructPath)
        .filter(Boolean)
        .join(', ');
      return where ? `${where}: ${description}` : description;
    });
}
