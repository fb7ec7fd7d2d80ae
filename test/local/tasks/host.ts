/** A process of its own that runs the tasks of a stack, to be killed by a test. Its argument: {@link HostArguments}. */

import type { LocalAws, Tools } from '../../../local/contracts.js';
import { startTasks } from '../../../local/tasks/index.js';

export interface HostArguments {
  readonly aws: LocalAws;
  readonly tools: Tools;
  readonly stack: string;
  readonly assembly: string;
  readonly work: string;
}

const { aws, tools, stack, assembly, work } = JSON.parse(process.argv[2] ?? '') as HostArguments;

void startTasks({
  aws,
  tools,
  stackNames: [stack],
  assemblyDirectory: assembly,
  workDirectory: work,
  onLog: () => undefined,
  onWarning: () => undefined,
  onEvent: () => undefined,
  healthOf: () => 'healthy',
}).then((tasks) => {
  setInterval(() => console.log(JSON.stringify({ running: tasks.services()[0]?.running, pids: tasks.pids() })), 200);
});
