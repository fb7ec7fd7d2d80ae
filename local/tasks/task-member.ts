import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { Container } from './container.js';
import { containerCommand, containerDirectory, containerEnvironment } from './container-environment.js';
import type { ProcessSpec } from './container-process.js';
import { resolveSecrets } from './container-secrets.js';
import type { Namespace } from './localize.js';
import { type LogShipper, logShipper } from './log-shipper.js';
import { runnerFor } from './runners/index.js';
import type { TaskSurroundings } from './task-surroundings.js';

/** A container that is ready to be launched. */
export interface Member {
  readonly container: Container;
  readonly shipper: LogShipper | undefined;
  launch(): void;
}

export interface MemberTask {
  readonly id: string;
  readonly shortId: string;
  readonly address: string;
  /** Of this task alone; volumes lie in `v`, what each container has for itself in `c`: short, since sockets' paths are. */
  readonly folder: string;
  /** Folder in which its containers note the ports on which they listen. */
  readonly notes: string;
  say(text: string): void;
}

/** Everything that ECS does before a container's start: volumes, image, secrets, log stream. Throws what went wrong. */
export async function prepareMember(
  task: MemberTask,
  definition: ContainerDefinition,
  endpointOf: (container: string) => Record<string, string>,
  around: TaskSurroundings,
): Promise<Member> {
  const name = definition.name ?? '';
  if ((definition.environmentFiles ?? []).length > 0) {
    throw new Error(`container ${name}: environmentFiles are not read locally; use environment or secrets`);
  }
  const home = join(task.folder, 'c', name);
  const temporary = join(home, 'tmp');
  await mkdir(temporary, { recursive: true });
  const volumes = (definition.mountPoints ?? []).map(({ sourceVolume = '', containerPath = '' }) => ({
    containerPath,
    folder: join(task.folder, 'v', sourceVolume),
  }));
  for (const { folder } of volumes) await mkdir(folder, { recursive: true });
  const context = {
    tools: around.tools,
    assemblyDirectory: around.assemblyDirectory,
    binDirectory: join(around.workDirectory, 'bin'),
    address: task.address,
    loopback: around.loopback,
    containerDirectory: home,
    onWarning: around.onWarning,
    onProgress: (text: string) => task.say(text),
    signal: around.signal,
  };
  const [launch, secrets] = await Promise.all([
    runnerFor(definition.image ?? '', context).prepare(definition, context),
    resolveSecrets(definition, around.clients),
  ]);
  const namespace: Namespace = {
    ...(launch.ownLoopback ? {} : { address: task.address }),
    paths: [...launch.paths, ...volumes],
  };
  const endpoint = endpointOf(name);
  const spec: ProcessSpec = {
    command: containerCommand(launch, namespace),
    cwd: containerDirectory(launch, namespace),
    env: containerEnvironment({ aws: around.aws, definition, launch, namespace, secrets, endpoint, home, temporary }),
    ...(launch.ownLoopback && { loopback: { way: around.loopback, address: task.address, notes: task.notes } }),
  };
  const shipper = logShipper(around.clients.logs, definition.logConfiguration, name, task.id);
  const container = new Container({
    definition,
    stopSignal: launch.stopSignal,
    python: around.tools.python,
    onLine: (text) => {
      around.onLog({ task: task.shortId, container: name, text });
      shipper?.push(text);
    },
  });
  return { container, shipper, launch: () => container.start(spec, namespace) };
}
