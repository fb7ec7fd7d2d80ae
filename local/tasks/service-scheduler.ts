import type { DeployedService } from './deployed-services.js';
import { planNext } from './rolling-plan.js';
import { Task } from './task.js';
import type { TaskSurroundings } from './task-surroundings.js';

/** Seconds until the first replacement of a failed task; doubles with each failure in a row. */
const FIRST_BACKOFF = 1;
const LONGEST_BACKOFF = 60;
/** Seconds that a task must have been running for a failure to be the first one again. */
const STEADY = 60;

/** Keeps one service at its desired count, as the ECS service scheduler does. */
export class ServiceScheduler {
  private all: Task[] = [];
  private failures = 0;
  private notBefore = 0;
  private removed = false;

  constructor(
    private deployed: DeployedService,
    private readonly around: TaskSurroundings,
  ) {}

  get service(): DeployedService {
    return this.deployed;
  }

  get tasks(): readonly Task[] {
    return this.all;
  }

  update(service: DeployedService): void {
    if (service.deployment !== this.deployed.deployment) {
      this.failures = 0;
      this.notBefore = 0;
    }
    this.deployed = service;
  }

  /** The service was deleted. */
  remove(): void {
    this.removed = true;
    for (const task of this.all) task.stop('the service was deleted');
  }

  /** Settles when every task is gone. */
  async stop(why: string): Promise<void> {
    this.removed = true;
    for (const task of this.all) task.hurry(why);
    await Promise.all(this.all.map((task) => task.stopped));
  }

  /** Looks at the tasks and takes the next step. Returns seconds until a postponed start, if there is one. */
  reconcile(): number | undefined {
    for (const task of this.all) this.judge(task);
    this.all = this.all.filter(({ state }) => state !== 'stopped');
    if (this.removed) return undefined;
    const active = this.all
      .filter(({ state }) => state === 'pending' || state === 'running')
      .filter((task) => !task.isEnding);
    const plan = planNext(
      this.deployed,
      active.map((task) => ({
        id: task.id,
        current: task.service.deployment === this.deployed.deployment,
        healthy: task.healthy,
        createdAt: task.createdAt,
      })),
    );
    for (const { id, why } of plan.stop) active.find((task) => task.id === id)?.stop(why);
    const wait = this.notBefore - Date.now();
    if (plan.start > 0 && wait > 0) return wait / 1000;
    for (let i = 0; i < plan.start; i += 1) this.all.push(this.startTask());
    return undefined;
  }

  private judge(task: Task): void {
    if (!task.inService || Date.now() - task.runningSince < this.deployed.healthCheckGracePeriod * 1000) return;
    const unhealthy = task.targets.find((target) => this.around.healthOf(target) === 'unhealthy');
    if (unhealthy !== undefined) {
      task.fail(`its target ${unhealthy.id}:${unhealthy.port} failed the load balancer's health checks`);
    }
  }

  private startTask(): Task {
    return new Task(this.deployed, this.around, (task) => this.postpone(task));
  }

  /** The next start waits, longer after each failure in a row. */
  private postpone(task: Task): void {
    // A failure of an obsolete deployment says nothing about the new one.
    if (this.removed || task.service.deployment !== this.deployed.deployment) return;
    if (task.runningSince > 0 && Date.now() - task.runningSince > STEADY * 1000) this.failures = 0;
    const seconds = Math.min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** this.failures);
    this.failures += 1;
    this.notBefore = Math.max(this.notBefore, Date.now() + seconds * 1000);
    this.around.onEvent(`service ${this.deployed.name}: the next task starts in ${seconds} s`);
  }
}
