import type * as ecs from 'aws-cdk-lib/aws-ecs';
import { type FinalResource, type FinalTemplate, type Properties, records } from '../shared/final-template';

/** Bytes of a task definition at which we stop: ECS refuses more than 64 KiB, and names and ARNs still grow. */
const LARGEST_TASK_DEFINITION = 60 * 1024;

/** What the validation looks at. */
export interface GateValidationProps {
  readonly taskDefinition: ecs.TaskDefinition;
  readonly gateContainer: string;
  readonly gatePort: number;
  readonly healthPort: number;
  readonly upstreamContainer: string;
  readonly upstreamPort: number;
  readonly trustedHops: number;
  /** Seconds. */
  readonly longestRequest: number;
  /** Seconds that the gate was told. */
  readonly loadBalancerIdleTimeout: number;
}

/** A task with a gate, as it is synthesized in the end. */
export interface GatedTask extends GateValidationProps {
  readonly app: FinalTemplate;
  readonly definition: FinalResource;
}

/** What ECS would refuse about the task, or what could not work in it. */
export function taskErrors(task: GatedTask): string[] {
  return [...portErrors(task), ...memoryErrors(task), ...sizeErrors(task)];
}

/** TCP ports, or those of another protocol, that a container of the final task maps. */
export function mappedPorts(container: Properties, protocol = 'tcp'): number[] {
  return records(container.PortMappings)
    .filter(({ Protocol = 'tcp' }) => Protocol === protocol)
    .map(({ ContainerPort }) => Number(ContainerPort));
}

export function containersOf({ definition }: GatedTask): readonly Properties[] {
  return records(definition.properties.ContainerDefinitions);
}

function portErrors(task: GatedTask): string[] {
  const { gatePort, healthPort, upstreamContainer, upstreamPort, gateContainer, definition } = task;
  const where = definition.construct.node.scope?.node.path;
  const containers = containersOf(task);
  const taken = containers
    .filter(({ Name }) => Name !== gateContainer)
    .flatMap((container) =>
      mappedPorts(container)
        .filter((port) => port === gatePort || port === healthPort)
        .map(
          (port) =>
            `container "${container.Name}" of ${where} maps port ${port}, which is the gate's; ` +
            'containers of a task share one network: give the gate others by gatePort and gateHealthPort',
        ),
    );
  const app = containers.find(({ Name }) => Name === upstreamContainer) ?? {};
  const told = records(app.Environment).find(({ Name }) => Name === 'PORT')?.Value;
  const mapped = containers.filter(({ Name }) => Name !== gateContainer).flatMap((container) => mappedPorts(container));
  return [
    ...taken,
    ...(typeof told === 'string' && told !== String(upstreamPort)
      ? [
          `the environment of container "${upstreamContainer}" of ${where} says PORT=${told}, but upstreamPort is ${upstreamPort}; ` +
            'both must be the port on which the app listens',
        ]
      : []),
    ...(mappedPorts(app).length > 0 && !mapped.includes(upstreamPort)
      ? [
          `no container of ${where} maps upstreamPort ${upstreamPort}; container "${upstreamContainer}" maps ${mappedPorts(app).join(', ')}`,
        ]
      : []),
  ];
}

function memoryErrors(task: GatedTask): string[] {
  const memory = Number(task.definition.properties.Memory);
  if (Number.isNaN(memory)) return [];
  const where = task.definition.construct.node.scope?.node.path;
  const containers = containersOf(task);
  const reserved = summed(containers, ({ MemoryReservation, Memory }) => MemoryReservation ?? Memory);
  if (reserved.sum > memory) {
    return [
      `the containers of ${where} reserve ${reserved.sum} MiB (${reserved.parts}), but the task has ${memory} MiB; ` +
        'ECS refuses that: give the task more memory (memoryLimitMiB)',
    ];
  }
  const limited = containers.filter(({ Memory }) => Memory !== undefined);
  const limits = summed(limited, ({ Memory }) => Memory);
  if (!(limits.sum > memory)) return [];
  return [
    `the containers of ${where} may take up to ${limits.sum} MiB (${limits.parts}), but the task has ${memory} MiB: whoever ` +
      "asks last would be killed; lower memoryLimitMiB of the app's container, or give the task more memory (memoryLimitMiB)",
  ];
}

/** Mebibytes of containers, together and each by its name. */
function summed(containers: readonly Properties[], of: (container: Properties) => unknown) {
  const each = containers.map((container) => ({ name: String(container.Name), mebibytes: Number(of(container) ?? 0) }));
  return {
    sum: each.reduce((total, { mebibytes }) => total + mebibytes, 0),
    parts: each.map(({ name, mebibytes }) => `${name} ${mebibytes}`).join(', '),
  };
}

function sizeErrors(task: GatedTask): string[] {
  const bytes = Buffer.byteLength(JSON.stringify(containersOf(task)));
  if (bytes <= LARGEST_TASK_DEFINITION) return [];
  return [
    `the containers of task definition ${task.definition.construct.node.scope?.node.path} take ${bytes} bytes, more than ${LARGEST_TASK_DEFINITION}; ` +
      'ECS refuses 64 KiB: move environment of the app to environment files (environmentFiles)',
  ];
}
