import * as ecs from 'aws-cdk-lib/aws-ecs';

/** The app behind a gate: its container, and the port on the task's loopback interface. */
export interface Upstream {
  readonly container: ecs.ContainerDefinition;
  readonly port: number;
}

/** What a user said of it. */
export interface UpstreamOptions {
  readonly upstreamContainer?: ecs.ContainerDefinition;
  readonly upstreamPort?: number;
}

/** Finds the app among the containers of a task. @throws Error where it must be said which it is. */
export function findUpstream(taskDefinition: ecs.TaskDefinition, options: UpstreamOptions): Upstream {
  const { upstreamContainer, upstreamPort } = options;
  // biome-ignore lint/complexity/useLiteralKeys: the list is protected, and findAll would miss containers of other scopes.
  const all = taskDefinition['containers'] as ecs.ContainerDefinition[];
  if (upstreamContainer === undefined && all.length === 0) {
    throw new Error('AuthorizerGate: the task definition has no container yet; add the app first, then its gate');
  }
  const mapped = (upstreamContainer ? [upstreamContainer] : all).flatMap((container) =>
    tcpPorts(container).map((port) => ({ container, port })),
  );
  if (upstreamPort !== undefined) {
    const container = upstreamContainer ?? mapped.find(({ port }) => port === upstreamPort)?.container;
    if (container) return { container, port: upstreamPort };
    if (mapped.length > 0) {
      throw new Error(`AuthorizerGate: no container maps upstreamPort ${upstreamPort}; mapped are ${listed(mapped)}`);
    }
    return { container: taskDefinition.defaultContainer ?? (all[0] as ecs.ContainerDefinition), port: upstreamPort };
  }
  const [only, ...others] = mapped;
  if (only === undefined) {
    const names = (upstreamContainer ? [upstreamContainer] : all).map(({ containerName }) => `"${containerName}"`);
    throw new Error(
      `AuthorizerGate: give upstreamPort, the port on which the app listens: ${names.join(', ')} ` +
        `${names.length > 1 ? 'map' : 'maps'} none that could be taken`,
    );
  }
  if (others.length > 0) {
    throw new Error(
      `AuthorizerGate: give upstreamPort, the port on which the app listens: several are mapped, ${listed(mapped)}`,
    );
  }
  return only;
}

function tcpPorts({ portMappings }: ecs.ContainerDefinition): number[] {
  return portMappings
    .filter(({ protocol }) => protocol === undefined || protocol === ecs.Protocol.TCP)
    .map(({ containerPort }) => containerPort)
    .filter((port) => port !== ecs.ContainerDefinition.CONTAINER_PORT_USE_RANGE);
}

function listed(mapped: readonly Upstream[]): string {
  return mapped.map(({ container, port }) => `${port} (container "${container.containerName}")`).join(', ');
}
