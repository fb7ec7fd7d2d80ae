import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Target } from '../contracts.js';
import type { Container } from './container.js';
import { type Dependency, dependencies, stopInOrder } from './container-order.js';
import type { DeployedService } from './deployed-services.js';
import { pause } from './health-check.js';
import { prepareNotes } from './loopback/index.js';
import { CannotRun } from './runners/index.js';
import { freeTaskAddress, portsOf } from './task-address.js';
import { type Member, prepareMember } from './task-member.js';
import { taskMetadata } from './task-metadata.js';
import type { TaskSurroundings } from './task-surroundings.js';

/** Seconds in which a container must reach what another waits for, unless its `startTimeout` says otherwise. */
const START_TIMEOUT = 180;
/** Seconds after which nothing waits any more when everything is to stop. */
const HURRY = 10;
const DRAIN_POLL = 0.2;

export type TaskState = 'pending' | 'running' | 'stopping' | 'stopped';

/** One copy of a task definition: from its address to its last process. */
export class Task {
  readonly id = randomBytes(16).toString('hex');
  readonly shortId = this.id.slice(0, 8);
  readonly createdAt = Date.now();
  state: TaskState = 'pending';
  runningSince = 0;
  address = '';
  /** Settles when nothing of it is left; never rejects. */
  readonly stopped: Promise<void>;

  private members: readonly Member[] = [];
  private order: ReadonlyMap<string, readonly Dependency[]> = new Map();
  private readonly ending = new AbortController();
  private readonly hurried = new AbortController();
  private ended: { readonly why: string; readonly drain: boolean } | undefined;
  private readonly folder: string;

  constructor(
    readonly service: DeployedService,
    private readonly around: TaskSurroundings,
    private readonly onFailed: (task: Task) => void,
  ) {
    this.folder = join(around.workDirectory, this.shortId);
    this.stopped = this.live();
  }

  get targets(): readonly Target[] {
    return this.service.loadBalancers.map(({ targetGroupArn, containerPort }) => ({
      targetGroupArn,
      id: this.address,
      port: containerPort,
    }));
  }

  /** Whether its targets belong into their target groups. */
  get inService(): boolean {
    return this.state === 'running' && this.ended === undefined;
  }

  get isEnding(): boolean {
    return this.ended !== undefined;
  }

  get healthy(): boolean {
    return (
      this.inService &&
      this.members.every(({ container }) => container.health !== 'UNHEALTHY') &&
      this.members.every(
        ({ container }) => !container.hasHealthCheck || !container.essential || container.health === 'HEALTHY',
      ) &&
      this.targets.every((target) => this.around.healthOf(target) === 'healthy')
    );
  }

  get containers(): readonly Container[] {
    return this.members.map(({ container }) => container);
  }

  /** Asks it to stop; `drain` lets its targets finish their requests first. */
  stop(why: string, drain = true): void {
    this.end(why, drain, false);
  }

  /** It must be replaced. */
  fail(why: string): void {
    this.end(why, false, true);
  }

  /** Stops at once and, after a few seconds, by force. */
  hurry(why: string): void {
    this.end(why, false, false);
    this.hurried.abort();
    const timer = setTimeout(() => {
      for (const { container } of this.members) container.kill();
    }, HURRY * 1000);
    void this.stopped.then(() => clearTimeout(timer));
  }

  private end(why: string, drain: boolean, failed: boolean): void {
    if (this.ended !== undefined) return;
    this.ended = { why, drain };
    if (failed) this.onFailed(this);
    this.ending.abort();
  }

  private say(text: string): void {
    this.around.onEvent(`task ${this.shortId} (${this.service.name}) ${text}`);
  }

  private async live(): Promise<void> {
    this.say('pending');
    try {
      await this.prepare();
      if (this.ended === undefined) this.run();
    } catch (error) {
      if (error instanceof CannotRun) this.around.onCannotRun(error.message);
      this.fail((error as Error).message);
    }
    await aborted(this.ending.signal);
    await this.shutDown().catch((error: Error) => this.say(`could not clean up: ${error.message}`));
    this.state = 'stopped';
    this.say(`stopped: ${this.ended?.why ?? ''}`);
    this.around.onChange();
  }

  private async prepare(): Promise<void> {
    const { around, service } = this;
    const definitions = service.taskDefinition.containerDefinitions ?? [];
    this.order = dependencies(definitions);
    const ports = portsOf(definitions);
    this.address = await freeTaskAddress(ports, around.addresses);
    around.addresses.add(this.address);
    const notes = join(this.folder, 'p');
    await prepareNotes(notes, this.address, ports);
    const endpointOf = around.endpoint.register({
      taskId: this.id,
      roleArn: service.taskDefinition.taskRoleArn,
      metadata: () => taskMetadata(this, around.aws),
    });
    this.members = await Promise.all(
      definitions.map((definition) =>
        prepareMember(
          {
            id: this.id,
            shortId: this.shortId,
            address: this.address,
            folder: this.folder,
            notes,
            say: (text) => this.say(text),
          },
          definition,
          endpointOf,
          around,
        ),
      ),
    );
  }

  private run(): void {
    for (const { container } of this.members) {
      void container.exited.then((code) => {
        if (container.essential) this.fail(`essential container ${container.name} ${exitWords(container, code)}`);
      });
      void container.unhealthy.then(() => {
        if (container.essential) this.fail(`essential container ${container.name} failed its health check`);
      });
    }
    const starts = this.members.map(async (member) => {
      const needs = this.order.get(member.container.name) ?? [];
      await Promise.all(needs.map((need) => this.reach(member.container.name, need)));
      if (this.ended !== undefined) return;
      member.launch();
      this.say(`${member.container.name} started`);
    });
    void Promise.all(starts).then(
      () => this.becomeRunning(),
      (error: Error) => this.fail(error.message),
    );
  }

  private becomeRunning(): void {
    if (this.ended !== undefined) return;
    this.state = 'running';
    this.runningSince = Date.now();
    this.say(`running on ${this.address}`);
    this.around.onChange();
  }

  private async reach(name: string, { container: other, condition }: Dependency): Promise<void> {
    const dependency = this.members.find((member) => member.container.name === other)?.container;
    if (dependency === undefined)
      throw new Error(`container ${name} depends on ${other}, which the task does not have`);
    if (condition === 'HEALTHY' && !dependency.hasHealthCheck) {
      throw new Error(`container ${name} waits for ${other} to be HEALTHY, which has no healthCheck`);
    }
    await Promise.race([dependency.started, aborted(this.ending.signal)]);
    if (condition === 'START' || this.ended !== undefined) return;
    const seconds = dependency.startTimeout ?? START_TIMEOUT;
    const reached = condition === 'HEALTHY' ? dependency.healthy : dependency.exited;
    const settled = new AbortController();
    const outcome = await Promise.race([
      reached.then(() => 'reached'),
      dependency.exited.then(() => 'exited'),
      pause(seconds, AbortSignal.any([settled.signal, this.ending.signal])).then(() => 'late'),
    ]);
    settled.abort();
    if (this.ended !== undefined) return;
    if (outcome === 'late') throw new Error(`container ${other} did not become ${condition} within ${seconds} s`);
    if (condition === 'HEALTHY' ? outcome === 'exited' : condition === 'SUCCESS' && dependency.exitCode !== 0) {
      throw new Error(
        `container ${other}, for whose ${condition} ${name} waits, ${exitWords(dependency, dependency.exitCode ?? 0)}`,
      );
    }
  }

  private async shutDown(): Promise<void> {
    const wasRunning = this.state === 'running';
    this.state = 'stopping';
    this.around.onChange();
    if (wasRunning) await this.leaveTargets();
    await stopInOrder(this.containers, this.order);
    await Promise.all(this.members.map(({ shipper }) => shipper?.close()));
    this.around.endpoint.unregister(this.id);
    this.around.addresses.delete(this.address);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  private async leaveTargets(): Promise<void> {
    const synced = this.around.syncTargets();
    await Promise.race([synced, aborted(this.hurried.signal)]);
    if (!this.ended?.drain || this.hurried.signal.aborted) return;
    for (const target of this.targets) {
      const until = Date.now() + (await this.around.deregistrationDelay(target.targetGroupArn)) * 1000;
      // A target that gets no requests has none to finish.
      const idle = (): boolean => ['unused', 'initial'].includes(this.around.healthOf(target));
      while (Date.now() < until && !idle() && !this.hurried.signal.aborted) {
        await pause(DRAIN_POLL, this.hurried.signal);
      }
    }
  }
}

function exitWords(container: Container, code: number): string {
  const output = container.lastLines;
  return `exited with ${code}${output === '' ? '' : `: ${output}`}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
