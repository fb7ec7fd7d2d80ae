import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureTools } from '../../../local/toolchain';
import { freePort } from './gate';

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

export interface Gunicorn {
  readonly port: number;
  stop(): Promise<void>;
}

/** One app of `corpus/reporting_app.py` under gunicorn, as the speech service runs. */
export async function startGunicorn(app: string): Promise<Gunicorn> {
  const { python } = await ensureTools();
  const port = await freePort();
  const folder = join(fileURLToPath(new URL('.', import.meta.url)), '../corpus');
  const child = spawn(python, ['-m', 'gunicorn', '--bind', `127.0.0.1:${port}`, ...OPTIONS, `reporting_app:${app}`], {
    cwd: folder,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
    });
  }
  const deadline = Date.now() + 30_000;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`gunicorn does not answer: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { port, stop: () => stop(child) };
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2000) }).then(
    (response) => response.ok,
    () => false,
  );
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(timer);
}
