import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { GateOptions, GatePackage } from '../../../contract/gate-options';
import { GATE_ENV } from '../../../contract/names';
import { ensureNginx, type Nginx } from '../../../local/toolchain/nginx.mjs';
import { freePort } from '../../support/free-port';
import { CREDENTIALS } from './lambda-endpoint';

const root = fileURLToPath(new URL('../../../', import.meta.url));

let found: Promise<Nginx> | undefined;

/** Milliseconds; as vitest.config.mts has for what tests wait for by themselves. */
const PATIENCE = 20_000;

/** The nginx of the local cloud, installed on first use. */
export function findNginx(): Promise<Nginx> {
  found ??= ensureNginx({ directory: join(root, '.voicegate'), update: () => undefined });
  return found;
}

/**
 * Runs a command in place of the shell, and ends all of its group when the pipe at standard input breaks: whatever way
 * the test's process goes, its gates go with it.
 */
const HELD = 'exec 3<&0; (read -r _ <&3; kill -KILL 0) > /dev/null 2>&1 & exec "$@" < /dev/null 3<&-';

export interface GateSetup {
  readonly upstreamPort: number;
  readonly lambdaUrl: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Run both containers as this user, where the test itself is root. */
  readonly uid?: number;
}

export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** The two containers of a gate as processes, with the environment that the construct gives them. */
export class GateContainers {
  readonly directory = mkdtempSync(join(tmpdir(), 'voicegate-gate-'));
  port = 0;
  healthPort = 0;
  private gate: ChildProcess | undefined;
  private ended: Promise<number | null> | undefined;
  stdout = '';
  stderr = '';

  constructor(
    private readonly pack: GatePackage,
    private readonly setup: GateSetup,
  ) {
    if (setup.uid !== undefined) chmodSync(this.directory, 0o777);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get healthUrl(): string {
    return `http://127.0.0.1:${this.healthPort}/`;
  }

  async init(env: Readonly<Record<string, string | undefined>> = {}): Promise<Finished> {
    this.port ||= await freePort();
    this.healthPort ||= await freePort();
    const child = await this.spawn(this.pack.initCommand, {
      ...(await this.environment()),
      [GATE_ENV.bundle]: this.pack.bundle,
      ...env,
    });
    let output = '';
    child.stdout?.on('data', (data) => {
      output += data;
    });
    child.stderr?.on('data', (data) => {
      output += data;
    });
    const [code] = await once(child, 'close');
    return { code, output };
  }

  async start(env: Readonly<Record<string, string | undefined>> = {}): Promise<void> {
    this.gate = await this.spawn(['sh', '-c', HELD, 'gate', ...this.pack.command], {
      ...(await this.environment()),
      [GATE_ENV.authorizer]: 'arn:aws:lambda:eu-west-1:123456789012:function:authorizer:live',
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_LAMBDA: this.setup.lambdaUrl,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_SESSION_TOKEN: CREDENTIALS.sessionToken,
      ...this.setup.env,
      ...env,
    });
    this.gate.stdout?.on('data', (data) => {
      this.stdout += data;
    });
    this.gate.stderr?.on('data', (data) => {
      this.stderr += data;
    });
    // Not `close`: what a crash leaves behind may hold the pipes open.
    this.ended = once(this.gate, 'exit').then(([code]) => code as number | null);
  }

  /** Waits until health is green; fails when the gate ends before. */
  async ready(): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const status = await this.health();
      if (status === 200) return;
      if (this.gate?.exitCode !== null || Date.now() > deadline) {
        throw new Error(`the gate did not become healthy (${status}): ${this.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The health listener's status; 0 when it does not answer. */
  async health(): Promise<number> {
    return fetch(this.healthUrl, { headers: { connection: 'close' }, signal: AbortSignal.timeout(2000) }).then(
      (response) => response.status,
      () => 0,
    );
  }

  get pid(): number {
    if (this.gate?.pid === undefined) throw new Error('the gate was not started');
    return this.gate.pid;
  }

  signal(name: NodeJS.Signals): void {
    this.gate?.kill(name);
  }

  /** The exit code, once the container has ended by itself. */
  async exited(): Promise<number | null> {
    return this.ended ?? null;
  }

  async stop(): Promise<void> {
    if (this.gate !== undefined && this.gate.exitCode === null) {
      this.gate.kill('SIGTERM');
      const timer = setTimeout(() => this.killGroup(), 5000);
      await this.ended;
      clearTimeout(timer);
    }
    this.killGroup();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Access log lines so far. */
  lines(): readonly Readonly<Record<string, unknown>>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  }

  /** The access log line that matches, once it is there. */
  async line(test: (line: Readonly<Record<string, unknown>>) => boolean): Promise<Readonly<Record<string, unknown>>> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const match = this.lines().find(test);
      if (match !== undefined) return match;
      if (Date.now() > deadline) throw new Error(`no such log line in:\n${this.stdout}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Waits until the error log holds the text. */
  async logged(text: string): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    while (!this.stderr.includes(text)) {
      if (Date.now() > deadline) throw new Error(`the log does not say "${text}": ${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  private killGroup(): void {
    if (this.gate?.pid === undefined) return;
    try {
      process.kill(-this.gate.pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }

  private async environment(): Promise<Record<string, string | undefined>> {
    const { nginx, nginxModules } = await findNginx();
    return {
      PATH: `${dirname(nginx)}:/usr/sbin:/usr/bin:/sbin:/bin`,
      [GATE_ENV.directory]: this.directory,
      [GATE_ENV.listen]: `127.0.0.1:${this.port}`,
      [GATE_ENV.healthListen]: `127.0.0.1:${this.healthPort}`,
      [GATE_ENV.upstream]: `127.0.0.1:${this.setup.upstreamPort}`,
      [GATE_ENV.modules]: nginxModules,
    };
  }

  private async spawn(command: readonly string[], env: Record<string, string | undefined>): Promise<ChildProcess> {
    const { uid } = this.setup;
    const words =
      uid === undefined
        ? command
        : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--no-new-privs', ...command];
    mkdirSync(this.directory, { recursive: true });
    const [file = '', ...args] = words;
    // A group of its own, so that a test leaves nothing behind.
    return spawn(file, args, { env, detached: true, stdio: 'pipe' });
  }
}

/** A gate that is healthy. */
export async function startGate(
  pack: (options: GateOptions) => GatePackage,
  options: GateOptions,
  setup: GateSetup,
): Promise<GateContainers> {
  const gate = new GateContainers(pack(options), setup);
  try {
    // A hundred and forty authorities of the system would be a quarter of nginx's start, which happens two hundred times.
    const authority = join(gate.directory, 'authority.pem');
    writeFileSync(authority, rootCertificates[0] ?? '');
    const { code, output } = await gate.init({ AWS_CA_BUNDLE: authority });
    if (code !== 0) throw new Error(`the init container failed: ${output}`);
    await gate.start();
    await gate.ready();
    return gate;
  } catch (error) {
    await gate.stop();
    throw error;
  }
}
