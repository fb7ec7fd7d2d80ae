import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../../../local/launch/prepare.mjs';
import { ensureTools } from '../../../local/toolchain/index.mjs';
import { freePort } from '../../support/free-port';

/** Its own limits of lines are lifted: what arrives is what the gate let through. */
const OPTIONS = [
  '--threads',
  '8',
  '--log-level',
  'warning',
  '--limit-request-fields',
  '1000',
  '--limit-request-line',
  '0',
  '--limit-request-field_size',
  '65536',
];

/** One app of `corpus/reporting_app.py` under gunicorn, as the speech service runs. */
export class Gunicorn {
  /** From when it listens. */
  port = 0;
  private child: ChildProcess | undefined;

  constructor(private readonly app: string) {}

  /** Settles when the app answers. */
  async listen(): Promise<void> {
    const { python } = await ensureTools();
    this.port = await freePort();
    const words = ['-m', 'gunicorn', '--bind', `127.0.0.1:${this.port}`, ...OPTIONS, `reporting_app:${this.app}`];
    const child = spawn(python, words, {
      cwd: join(fileURLToPath(new URL('.', import.meta.url)), '../corpus'),
      // As the emulator: bytecode not in the source tree.
      env: { ...process.env, PYTHONPYCACHEPREFIX: join(root, '.voicegate/pycache') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += data;
      });
    }
    const deadline = Date.now() + 30_000;
    while (!(await answers(this.port))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`gunicorn does not answer: ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
  }
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  );
}
