/** A task as the plan sees it; tasks that are being stopped are left out. */
export interface PlannedTask {
  readonly id: string;
  /** Of the deployment that the service now wants. */
  readonly current: boolean;
  /** Running, its containers' checks and its targets healthy. */
  readonly healthy: boolean;
  readonly createdAt: number;
}

export interface Wanted {
  readonly desired: number;
  /** Of desired, in percent, rounded up: so many tasks stay healthy during a replacement. */
  readonly minimumHealthyPercent: number;
  /** Of desired, in percent, rounded down: so many tasks may exist during a replacement. */
  readonly maximumPercent: number;
}

export interface Plan {
  readonly start: number;
  readonly stop: readonly { readonly id: string; readonly why: string }[];
}

/** The next step of a rolling replacement, by the rules of Amazon ECS. */
export function planNext(wanted: Wanted, tasks: readonly PlannedTask[]): Plan {
  const maximum = Math.floor((wanted.desired * wanted.maximumPercent) / 100);
  const minimum = Math.ceil((wanted.desired * wanted.minimumHealthyPercent) / 100);
  const current = tasks.filter((task) => task.current);
  const old = tasks.filter((task) => !task.current);
  const healthy = tasks.filter((task) => task.healthy).length;
  const currentHealthy = current.filter((task) => task.healthy).length;

  const surplus = worstFirst(current).slice(0, Math.max(0, current.length - wanted.desired));
  const missing = Math.max(0, wanted.desired - current.length);
  const room = Math.max(0, maximum - tasks.length);
  const start = Math.min(missing, room);

  let oldToStop: readonly PlannedTask[] = [];
  if (currentHealthy >= wanted.desired) {
    oldToStop = old;
  } else {
    const roomNeeded = missing - start;
    const spare = Math.min(Math.max(0, healthy - minimum), currentHealthy + roomNeeded);
    const unhealthy = old.filter((task) => !task.healthy).slice(0, roomNeeded);
    oldToStop = [...unhealthy, ...worstFirst(old.filter((task) => task.healthy)).slice(0, spare)];
  }
  return {
    start,
    stop: [
      ...surplus.map(({ id }) => ({ id, why: 'scaled down' })),
      ...oldToStop.map(({ id }) => ({ id, why: 'replaced by a new deployment' })),
    ],
  };
}

/** Unhealthy ones, then the newest. */
function worstFirst(tasks: readonly PlannedTask[]): PlannedTask[] {
  return [...tasks].sort((a, b) => Number(a.healthy) - Number(b.healthy) || b.createdAt - a.createdAt);
}
