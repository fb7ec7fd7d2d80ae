import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { ContainerProcess, type ProcessSpec } from './container-process.js';
import { healthSettings, watchHealth } from './health-check.js';
import { localizeArgument, type Namespace } from './localize.js';

const LAST_LINES = 5;
/** Seconds that ECS gives a container after its stop signal unless told otherwise. */
const STOP_TIMEOUT = 30;

export type ContainerHealth = 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY';

export interface ContainerOptions {
  readonly definition: ContainerDefinition;
  readonly stopSignal: NodeJS.Signals;
  readonly python: string;
  readonly onLine: (text: string) => void;
}

/** One container of a task: started once, with its output, its health check and its end. */
export class Container {
  readonly name: string;
  readonly essential: boolean;
  readonly started: Promise<void>;
  readonly exited: Promise<number>;
  /** Settles with the first success of the health check. */
  readonly healthy: Promise<void>;
  /** Settles when the health check has found it unhealthy. */
  readonly unhealthy: Promise<void>;
  health: ContainerHealth = 'UNKNOWN';
  exitCode: number | undefined;

  private process: ContainerProcess | undefined;
  private watching: Promise<void> = Promise.resolve();
  private readonly lines: string[] = [];
  private readonly ending = new AbortController();
  private readonly settle: { started(): void; exited(code: number): void; healthy(): void; unhealthy(): void };

  constructor(private readonly options: ContainerOptions) {
    this.name = options.definition.name ?? '';
    this.essential = options.definition.essential ?? true;
    const started = deferred<void>();
    const exited = deferred<number>();
    const healthy = deferred<void>();
    const unhealthy = deferred<void>();
    this.started = started.promise;
    this.exited = exited.promise;
    this.healthy = healthy.promise;
    this.unhealthy = unhealthy.promise;
    this.settle = {
      started: started.resolve,
      exited: exited.resolve,
      healthy: healthy.resolve,
      unhealthy: unhealthy.resolve,
    };
  }

  get hasHealthCheck(): boolean {
    return healthSettings(this.options.definition.healthCheck) !== undefined;
  }

  /** Seconds, if the definition has any. */
  get startTimeout(): number | undefined {
    return this.options.definition.startTimeout;
  }

  get pid(): number | undefined {
    return this.process?.pid;
  }

  get state(): 'PENDING' | 'RUNNING' | 'STOPPED' {
    if (this.process === undefined) return 'PENDING';
    return this.exitCode === undefined ? 'RUNNING' : 'STOPPED';
  }

  /** The last output, on one line. */
  get lastLines(): string {
    return this.lines.join(' | ');
  }

  start(spec: ProcessSpec, namespace: Namespace): void {
    const process = new ContainerProcess(spec, { python: this.options.python, onLine: (text) => this.take(text) });
    this.process = process;
    void process.exited.then((code) => {
      this.exitCode = code;
      this.ending.abort();
      this.settle.exited(code);
    });
    this.settle.started();
    this.watch(spec, namespace);
  }

  /** Its stop signal, and SIGKILL after its stop timeout. A container that never started has nothing to stop. */
  async stop(): Promise<void> {
    this.ending.abort();
    await this.process?.stop(this.options.stopSignal, this.options.definition.stopTimeout ?? STOP_TIMEOUT);
    await this.watching;
  }

  kill(): void {
    this.ending.abort();
    this.process?.signal('SIGKILL');
  }

  private take(text: string): void {
    this.lines.push(text.slice(0, 300));
    if (this.lines.length > LAST_LINES) this.lines.shift();
    this.options.onLine(text);
  }

  private watch(spec: ProcessSpec, namespace: Namespace): void {
    const settings = healthSettings(this.options.definition.healthCheck);
    if (settings === undefined) return;
    const command = settings.command.map((argument) => localizeArgument(argument, namespace));
    const probe = async (): Promise<boolean> => {
      const check = new ContainerProcess(
        { ...spec, command },
        { python: this.options.python, onLine: () => undefined },
      );
      const end = (): void => check.signal('SIGKILL');
      const timer = setTimeout(end, settings.timeout * 1000);
      this.ending.signal.addEventListener('abort', end, { once: true });
      const code = await check.exited;
      clearTimeout(timer);
      this.ending.signal.removeEventListener('abort', end);
      return code === 0;
    };
    const onChange = (healthy: boolean): void => {
      this.health = healthy ? 'HEALTHY' : 'UNHEALTHY';
      if (healthy) this.settle.healthy();
      else this.settle.unhealthy();
    };
    this.watching = watchHealth(settings, probe, onChange, this.ending.signal);
  }
}

function deferred<T>(): { promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
