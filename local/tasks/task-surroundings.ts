import type { LocalAws, Target, TargetState, Tools } from '../contracts.js';
import type { Clients } from './clients.js';
import type { LoopbackWay } from './loopback/index.js';
import type { TaskEndpoint } from './task-endpoint.js';

/** What all tasks share. */
export interface TaskSurroundings {
  readonly aws: LocalAws;
  readonly clients: Clients;
  readonly tools: Tools;
  readonly endpoint: TaskEndpoint;
  readonly assemblyDirectory: string;
  readonly workDirectory: string;
  readonly addresses: Set<string>;
  /** How what an app binds as its own comes to its task's address. */
  readonly loopback: LoopbackWay;
  /** Aborted when everything stops. */
  readonly signal: AbortSignal;
  readonly onLog: (line: { readonly task: string; readonly container: string; readonly text: string }) => void;
  readonly onEvent: (text: string) => void;
  readonly onWarning: (text: string) => void;
  /** A container cannot be run on this machine: trying again would not help. */
  readonly onCannotRun: (why: string) => void;
  /** Something changed on which the service's plan may depend. */
  readonly onChange: () => void;
  readonly healthOf: (target: Target) => TargetState;
  /** Makes the registered targets those of the tasks that say they are `inService`. */
  readonly syncTargets: () => Promise<void>;
  /** Seconds that a removed target may take for its last requests. */
  readonly deregistrationDelay: (targetGroupArn: string) => Promise<number>;
}
