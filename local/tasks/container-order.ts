import type { ContainerDefinition } from '@aws-sdk/client-ecs';

export type Condition = 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY';

export interface Dependency {
  readonly container: string;
  readonly condition: Condition;
}

const CONDITIONS: readonly string[] = ['START', 'COMPLETE', 'SUCCESS', 'HEALTHY'];

/** What each container waits for. Throws on names that do not exist, on circles, and on dependencies that got lost. */
export function dependencies(containers: readonly ContainerDefinition[]): ReadonlyMap<string, readonly Dependency[]> {
  const names = new Set(containers.map((container) => container.name ?? ''));
  const all = new Map<string, readonly Dependency[]>();
  for (const container of containers) {
    all.set(
      container.name ?? '',
      (container.dependsOn ?? []).map(({ containerName, condition }) => {
        if (!containerName || !condition) {
          throw new Error(`container ${container.name}: a dependsOn without containerName or condition`);
        }
        if (!names.has(containerName)) {
          throw new Error(`container ${container.name} depends on ${containerName}, which the task does not have`);
        }
        if (!CONDITIONS.includes(condition)) {
          throw new Error(
            `container ${container.name}: condition ${condition} must be one of ${CONDITIONS.join(', ')}`,
          );
        }
        return { container: containerName, condition: condition as Condition };
      }),
    );
  }
  startOrder(all);
  return all;
}

/** The containers so that each comes after those it depends on. */
export function startOrder(all: ReadonlyMap<string, readonly Dependency[]>): string[] {
  const order: string[] = [];
  const visiting = new Set<string>();
  const visit = (name: string): void => {
    if (order.includes(name)) return;
    if (visiting.has(name)) throw new Error(`dependsOn goes in a circle: ${[...visiting, name].join(' → ')}`);
    visiting.add(name);
    for (const { container } of all.get(name) ?? []) visit(container);
    visiting.delete(name);
    order.push(name);
  };
  for (const name of all.keys()) visit(name);
  return order;
}

/** Stops each container after all that depend on it. */
export async function stopInOrder(
  containers: readonly { readonly name: string; stop(): Promise<void> }[],
  all: ReadonlyMap<string, readonly Dependency[]>,
): Promise<void> {
  const stops = new Map<string, Promise<void>>();
  const stop = (container: (typeof containers)[number]): Promise<void> => {
    const known = stops.get(container.name);
    if (known !== undefined) return known;
    const first = containers.filter(({ name }) => dependants(container.name, all).includes(name));
    const promise = Promise.all(first.map(stop)).then(() => container.stop());
    stops.set(container.name, promise);
    return promise;
  };
  await Promise.all(containers.map(stop));
}

/** The containers that must have stopped before this one is asked to. */
export function dependants(name: string, all: ReadonlyMap<string, readonly Dependency[]>): string[] {
  return [...all].filter(([, needs]) => needs.some(({ container }) => container === name)).map(([other]) => other);
}
