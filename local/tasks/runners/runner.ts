import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import type { Tools } from '../../contracts.js';
import type { PathMapping } from '../localize.js';
import type { LoopbackWay } from '../loopback/index.js';

/** What a runner needs to know about the machine. */
export interface RunnerContext {
  readonly tools: Tools;
  readonly assemblyDirectory: string;
  /** Folder of our own for wrappers; not the container's. */
  readonly binDirectory: string;
  /** The task's address. */
  readonly address: string;
  readonly loopback: LoopbackWay;
  /** A fresh folder of this container. */
  readonly containerDirectory: string;
  /** What the person who starts it should know even when all goes well. */
  readonly onWarning: (text: string) => void;
  /** Progress of steps that take their time. */
  readonly onProgress: (text: string) => void;
  /** Aborted when nothing is to be started any more. */
  readonly signal: AbortSignal;
}

/** How a container of some image is run as a process. Commands and paths are still those inside the container. */
export interface Launch {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  /** The image's own environment; the task definition's goes over it. */
  readonly imageEnv: Readonly<Record<string, string>>;
  /** What only this machine needs to say; goes over everything. */
  readonly localEnv: Readonly<Record<string, string>>;
  /** Folders before the system's in PATH. */
  readonly path: readonly string[];
  readonly workingDirectory: string;
  readonly paths: readonly PathMapping[];
  readonly stopSignal: NodeJS.Signals;
  /** Whether what it binds as 127.0.0.1 or 0.0.0.0 is brought to its task's address without its knowing. */
  readonly ownLoopback: boolean;
}

export interface Runner {
  /** Whether the image is one that this runner knows. */
  handles(image: string, context: RunnerContext): boolean;
  /** Throws a sentence for the person who watches if the container cannot be run here. */
  prepare(container: ContainerDefinition, context: RunnerContext): Promise<Launch>;
}

/** Image references: `registry/repository:tag@digest`. */
export function parseImage(image: string): { readonly repository: string; readonly tag: string | undefined } {
  const [name = '', ...digest] = image.split('@');
  const [, repository = name, tag] = /^(.*?)(?::([\w][\w.-]*))?$/.exec(name) ?? [];
  // `localhost:5000/x`: what follows the colon is a port.
  if (tag !== undefined && digest.length === 0 && repository === '') return { repository: name, tag: undefined };
  return { repository, tag };
}
