/**
 * `npm run bench:speech`: how well, how fast and with how much memory each voice speaks; arguments go to measure.py.
 * `npm run bench:listeners`: how many hear the service without a gap; arguments go to listeners.py.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findPython } from '../local/launch/python.mjs';

const root = join(import.meta.dirname, '..');
const folder = join(root, '.voicegate', 'venv-bench-speech');
const python = join(folder, 'bin', 'python');
const [what = '', ...words] = process.argv.slice(2);

function run(file: string, args: readonly string[]): void {
  const { status, error } = spawnSync(file, args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(python)) run((await findPython()).executable, ['-m', 'venv', folder]);
const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r'];
run(python, [...install, join(root, 'image', 'requirements.txt')]);
run(python, [...install, join(root, 'bench', 'speech', 'requirements.txt')]);
run(python, [join(root, 'bench', 'speech', what), ...words]);
