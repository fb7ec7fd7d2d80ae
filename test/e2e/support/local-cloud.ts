import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readRunningState } from '../../../local/running';
import { runInThisProcess } from '../../bin/in-process';

const run = promisify(execFile);

export const root = join(__dirname, '../../..');

/** What `npm start -- --json` prints when ready. */
interface Ready {
  readonly http: string;
  readonly https: string;
  readonly ca: string;
  readonly key: string;
  readonly stack: string;
  readonly awsEndpoint: string;
  readonly pid: number;
}

export interface CreatedKey {
  readonly key: string;
  readonly keyId: string;
}

/** A local cloud of its own: own state folder, free ports; started as a user starts it. */
export class LocalCloud {
  private constructor(
    readonly ready: Ready,
    readonly stateDirectory: string,
    private readonly child: ChildProcess,
    private readonly output: string[],
  ) {}

  static async start(
    context: Readonly<Record<string, string>> = {},
    flags: readonly string[] = [],
  ): Promise<LocalCloud> {
    const stateDirectory = await mkdtemp(join(tmpdir(), 'voicegate-e2e-'));
    return LocalCloud.startIn(stateDirectory, context, flags);
  }

  static async startIn(
    stateDirectory: string,
    context: Readonly<Record<string, string>> = {},
    flags: readonly string[] = [],
  ): Promise<LocalCloud> {
    // The small engine, which is ready and speaks at once; the neural one has tests of its own.
    const engine = context.image === undefined ? { engine: 'espeak-ng' } : {};
    const settings = Object.entries({ ...engine, ...context }).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    const child = spawn(
      process.execPath,
      [
        'local/start.mjs',
        '--json',
        '--http-port',
        '0',
        '--https-port',
        '0',
        '--state-dir',
        stateDirectory,
        ...flags,
        ...settings,
      ],
      { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const output: string[] = [];
    child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    const line = await new Promise<string>((resolve, reject) => {
      let text = '';
      const timer = setTimeout(() => reject(new Error(`not ready within 240 s:\n${output.join('')}`)), 240_000);
      child.stdout?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const end = text.indexOf('\n');
        if (end < 0) return;
        clearTimeout(timer);
        resolve(text.slice(0, end));
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`ended with exit code ${code} before it was ready:\n${output.join('')}`));
      });
    });
    return new LocalCloud(JSON.parse(line) as Ready, stateDirectory, child, output);
  }

  /** Everything it has written to standard error so far. */
  log(): string {
    return this.output.join('');
  }

  /** The `voicegate` command against this cloud's key table. */
  async voicegate(...words: readonly string[]): Promise<string> {
    const { stdout } = await run(
      process.execPath,
      [join(root, 'dist/cli.js'), ...words, '--local', '--state-dir', this.stateDirectory],
      { cwd: root, timeout: 30_000 },
    );
    return stdout;
  }

  async createKey(label: string, ...options: readonly string[]): Promise<CreatedKey> {
    // Without a process of its own, which costs a third of a second: what tests do most. Other commands have theirs.
    const words = ['keys', 'create', '--owner', 'e2e', '--label', label, ...options, '--json'];
    const place = ['--local', '--state-dir', this.stateDirectory];
    const { exitCode, stdout, stderr } = await runInThisProcess([...words, ...place], process.env);
    if (exitCode !== 0) throw new Error(`keys create ended with ${exitCode}: ${stderr}`);
    return JSON.parse(stdout) as CreatedKey;
  }

  /** Options for an AWS SDK client that reaches this cloud. */
  aws(): { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } } {
    const state = readRunningState(this.stateDirectory);
    if (state === undefined) throw new Error('the local cloud does not run');
    const { endpoint, region, accessKeyId, secretAccessKey } = state;
    return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  }

  /** Stops without forgetting: `startIn` the same folder goes on from there. */
  async halt(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const ended = new Promise<number | null>((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGINT');
    return ended;
  }

  async stop(): Promise<void> {
    await this.halt();
    await rm(this.stateDirectory, { recursive: true, force: true });
  }
}
