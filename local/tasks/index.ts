import { mkdir, readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import type { Tasks, TasksOptions } from '../contracts.js';
import { type Clients, taskClients } from './clients.js';
import { DeployedServices } from './deployed-services.js';
import { pause } from './health-check.js';
import { findLoopbackWay, type LoopbackWay } from './loopback/index.js';
import { processTree, readParents } from './process-tree.js';
import { ServiceScheduler } from './service-scheduler.js';
import { TargetRegistrar } from './target-registrar.js';
import type { TaskState } from './task.js';
import { TaskEndpoint } from './task-endpoint.js';
import type { TaskSurroundings } from './task-surroundings.js';
import { unanswered } from './unanswered.js';

/** Seconds between two looks at the deployed services. */
const POLL = 5;
/** Seconds after a task's start in which its app should listen. */
const UNANSWERED_AFTER = 8;
/** Seconds for the last deregistration; the emulator may be gone already. */
const LAST_SYNC = 3;

/** One task, for checks and for the person who watches. */
export interface TaskView {
  readonly id: string;
  readonly service: string;
  readonly address: string;
  readonly state: TaskState;
  readonly healthy: boolean;
  /** `pid`: of the container's shim, the root of its process tree. */
  readonly containers: readonly { readonly name: string; readonly pid: number | undefined }[];
}

export interface LocalTasks extends Tasks {
  tasks(): readonly TaskView[];
}

/**
 * Runs the deployed ECS services of some stacks as processes of this machine, and keeps doing so: desired counts, new
 * task definitions and failures are followed as ECS does. Settles after the first look at the services, when their
 * tasks are starting. Throws if a stack cannot be read or the work directory is not one to empty.
 */
export async function startTasks(options: TasksOptions): Promise<LocalTasks> {
  await emptyFolder(options.workDirectory);
  const clients = taskClients(options.aws);
  try {
    const { way, warning } = await findLoopbackWay(options.tools.python);
    if (warning !== undefined) options.onWarning(warning);
    const manager = new TaskManager(options, clients, await TaskEndpoint.start(clients.sts), way);
    await manager.start();
    return manager;
  } catch (error) {
    clients.destroy();
    throw error;
  }
}

class TaskManager implements LocalTasks {
  private readonly schedulers = new Map<string, ServiceScheduler>();
  private readonly deployed: DeployedServices;
  private readonly registrar: TargetRegistrar;
  private readonly ending = new AbortController();
  private readonly around: TaskSurroundings;
  private wake = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private stopping: Promise<void> | undefined;
  private reachable = true;
  cannotRun: string | undefined;
  /** ARNs of the services that exist. */
  private known: ReadonlySet<string> = new Set();

  constructor(
    private readonly options: TasksOptions,
    private readonly clients: Clients,
    private readonly endpoint: TaskEndpoint,
    loopback: LoopbackWay,
  ) {
    this.deployed = new DeployedServices(clients, options.stackNames);
    this.registrar = new TargetRegistrar(clients.elb, options.onTargets);
    this.around = {
      aws: options.aws,
      clients,
      tools: options.tools,
      endpoint,
      assemblyDirectory: resolve(options.assemblyDirectory),
      workDirectory: resolve(options.workDirectory),
      addresses: new Set(),
      loopback,
      signal: this.ending.signal,
      onLog: options.onLog,
      onEvent: options.onEvent,
      onWarning: once(options.onWarning),
      onCannotRun: (why) => {
        this.cannotRun ??= why;
      },
      onChange: () => this.wake.abort(),
      healthOf: options.healthOf,
      syncTargets: () => this.syncTargets(),
      deregistrationDelay: (arn) => this.registrar.deregistrationDelay(arn),
    };
  }

  async start(): Promise<void> {
    try {
      await this.readServices();
    } catch (error) {
      await this.endpoint.stop();
      throw new Error(
        `the services of ${this.options.stackNames.join(', ')} could not be read from ${this.options.aws.endpoint}: ` +
          `${(error as Error).message}; is the stack deployed?`,
      );
    }
    this.reconcile();
    this.loop = this.keepGoing();
  }

  pids(): readonly number[] {
    const roots = this.allTasks().flatMap(({ containers }) => containers.flatMap(({ pid }) => pid ?? []));
    return processTree(roots, readParents());
  }

  services(): readonly { readonly name: string; readonly desired: number; readonly running: number }[] {
    return [...this.schedulers.values()].map(({ service, tasks }) => ({
      name: `${service.cluster}/${service.name}`,
      desired: service.desired,
      running: tasks.filter(({ state }) => state === 'running').length,
    }));
  }

  tasks(): readonly TaskView[] {
    return this.allTasks().map((task) => ({
      id: task.id,
      service: task.service.name,
      address: task.address,
      state: task.state,
      healthy: task.healthy,
      containers: task.containers.map(({ name, pid }) => ({ name, pid })),
    }));
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  private async stopOnce(): Promise<void> {
    this.ending.abort();
    this.wake.abort();
    await Promise.all([...this.schedulers.values()].map((scheduler) => scheduler.stop('everything stops')));
    await this.loop;
    await this.endpoint.stop();
    this.clients.destroy();
    await emptyFolder(this.options.workDirectory);
  }

  private allTasks() {
    return [...this.schedulers.values()].flatMap(({ tasks }) => tasks);
  }

  private async keepGoing(): Promise<void> {
    let seconds = 0.1;
    while (!this.ending.signal.aborted) {
      await pause(seconds, this.wake.signal);
      if (this.ending.signal.aborted) return;
      this.wake = new AbortController();
      try {
        await this.readServices();
        if (this.ending.signal.aborted) return;
        await this.syncTargets();
        this.tellReachable(true);
      } catch (error) {
        this.tellReachable(false, (error as Error).message);
      }
      if (this.ending.signal.aborted) return;
      seconds = Math.min(POLL, ...this.reconcile());
      this.tellUnanswered();
    }
  }

  /** Returns the seconds until postponed starts. */
  private reconcile(): number[] {
    const waits = [...this.schedulers].flatMap(([arn, scheduler]) => {
      const wait = scheduler.reconcile();
      if (scheduler.tasks.length === 0 && !this.known.has(arn)) this.schedulers.delete(arn);
      return wait ?? [];
    });
    return waits;
  }

  /** A task that should answer by now and does not: says why, as far as that can be seen. */
  private tellUnanswered(): void {
    for (const task of this.allTasks()) {
      if (!task.inService || task.healthy || Date.now() - task.runningSince < UNANSWERED_AFTER * 1000) continue;
      const why = unanswered(task, task.service.taskDefinition.containerDefinitions ?? []);
      if (why !== undefined) this.around.onWarning(`service ${task.service.name}: ${why}`);
    }
  }

  private async readServices(): Promise<void> {
    const services = await this.deployed.read();
    this.known = new Set(services.map(({ arn }) => arn));
    for (const service of services) {
      const scheduler = this.schedulers.get(service.arn);
      if (scheduler === undefined) this.schedulers.set(service.arn, new ServiceScheduler(service, this.around));
      else scheduler.update(service);
    }
    for (const [arn, scheduler] of this.schedulers) if (!this.known.has(arn)) scheduler.remove();
  }

  private async syncTargets(): Promise<void> {
    const groups = [...this.schedulers.values()].flatMap(({ service }) =>
      service.loadBalancers.map(({ targetGroupArn }) => targetGroupArn),
    );
    const wanted = () =>
      this.allTasks()
        .filter((task) => task.inService)
        .flatMap(({ targets }) => targets);
    const synced = this.registrar.sync([...new Set(groups)], wanted);
    if (!this.ending.signal.aborted) return synced;
    const enough = new Promise<void>((done) => setTimeout(done, LAST_SYNC * 1000).unref());
    await Promise.race([synced.catch(() => undefined), enough]);
  }

  private tellReachable(reachable: boolean, why = ''): void {
    if (reachable === this.reachable) return;
    this.reachable = reachable;
    this.options.onEvent(
      reachable ? 'the emulated AWS answers again' : `the emulated AWS does not answer; tasks keep running: ${why}`,
    );
  }
}

/** Makes the folder empty, and refuses one that cannot have been meant. */
async function emptyFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  const contains = (other: string): boolean =>
    `${resolve(other)}${sep}`.startsWith(path === sep ? sep : `${path}${sep}`);
  if (contains(homedir()) || contains(process.cwd())) {
    throw new Error(`workDirectory ${path} would be emptied; give a folder of its own, such as .voicegate/tasks`);
  }
  await mkdir(path, { recursive: true });
  for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true, maxRetries: 3 });
}

/** Each text a single time: every task of an image says the same. */
function once(tell: (text: string) => void): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (!told.has(text)) tell(text);
    told.add(text);
  };
}
