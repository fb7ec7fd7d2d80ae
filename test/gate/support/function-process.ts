import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { functionError, type Invocation, type RawAnswer } from './lambda-endpoint';

const here = fileURLToPath(new URL('.', import.meta.url));

type Reply = { readonly value: unknown } | { readonly error: { readonly errorMessage: string } };

/** A Lambda function as a process of its own runtime, one invocation at a time, with a timeout and crashes as Lambda's. */
export class FunctionProcess {
  private child: ChildProcess | undefined;
  private ready: Promise<unknown> = Promise.resolve();
  private waiting: ((reply: Reply | undefined) => void) | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  /** `file`: in `test/gate/authorizers`. */
  constructor(
    private readonly file: string,
    private readonly timeout: number,
  ) {}

  /** A behaviour of the Lambda endpoint. */
  readonly invoke = ({ event }: Invocation): Promise<unknown> => {
    const answer = this.queue.then(() => this.run(event));
    this.queue = answer;
    return answer;
  };

  stop(): void {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }

  private async run(event: unknown): Promise<unknown | RawAnswer> {
    const child = this.start();
    // As Lambda's timeout, it does not count the start of the runtime.
    await this.ready;
    const reply = await new Promise<Reply | undefined | 'timeout'>((resolve) => {
      const timer = setTimeout(() => resolve('timeout'), this.timeout);
      this.waiting = (given) => {
        clearTimeout(timer);
        resolve(given);
      };
      child.stdin?.write(`${JSON.stringify(event)}\n`);
    });
    this.waiting = undefined;
    if (reply === 'timeout') {
      this.stop();
      return functionError(`2026-01-01T00:00:00.000Z Task timed out after ${(this.timeout / 1000).toFixed(2)} seconds`);
    }
    if (reply === undefined) return functionError('RequestId: x Error: Runtime exited with error: exit status 1');
    return 'error' in reply ? functionError(reply.error.errorMessage) : reply.value;
  }

  private start(): ChildProcess {
    if (this.child !== undefined) return this.child;
    const file = join(here, '../authorizers', this.file);
    const [command, runner] = file.endsWith('.py')
      ? ['python3', 'function_runner.py']
      : [process.execPath, 'function-runner.mjs'];
    const child = spawn(command, [join(here, runner), file], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    // An empty line says that the handler is loaded.
    this.ready = new Promise((resolve) => {
      lines.once('close', resolve).on('line', (line) => {
        if (line === '') resolve(undefined);
        else this.waiting?.(JSON.parse(line) as Reply);
      });
    });
    child.stdin.on('error', () => undefined);
    child.on('exit', () => {
      if (this.child === child) this.child = undefined;
      this.waiting?.(undefined);
    });
    this.child = child;
    return child;
  }
}
