import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, saysNoNetwork } from '../launch/command.mjs';
import { lastLines } from '../launch/node-modules.mjs';
import { root } from '../launch/prepare.mjs';
import { Problem } from '../launch/problem.mjs';
import { findPython } from '../launch/python.mjs';
import { ensureUv, installByUv } from './uv.js';

const REQUIREMENTS = ['local/emulator/requirements.txt', 'image/requirements.txt'];
const DEVELOPMENT = ['local/toolchain/requirements-dev.txt', 'image/requirements-dev.txt'];
/** Files in which every package has its hashes: pip takes no others beside them. */
const HASHED = /^image\//;

export interface PythonOptions {
  readonly directory: string;
  readonly development: boolean;
  readonly update: (detail: string) => void;
  readonly signal?: AbortSignal;
}

/** The Python of the project's virtual environment, with the emulator and the image's packages in it. */
export async function ensurePython(options: PythonOptions): Promise<string> {
  const { directory, development, update, signal } = options;
  const environment = join(directory, 'venv');
  const python = join(environment, 'bin/python');
  const stamp = join(environment, 'installed');
  const wanted = development ? [...REQUIREMENTS, ...DEVELOPMENT] : REQUIREMENTS;
  const hash = fingerprint(wanted);
  const installed = read(stamp).split('\n');
  // An environment whose Python was removed or replaced by another version cannot be mended.
  const usable = existsSync(stamp) && (await runs(python, installed[0] ?? '', signal));
  if (usable && installed.includes(hash)) return python;

  if (!usable) {
    const base = await findPython({ signal });
    update(`virtual environment (Python ${base.version})`);
    rmSync(environment, { recursive: true, force: true });
    await createEnvironment(base, environment, signal);
  }
  update('Python packages');
  const byUv = (await ensureUv(python, signal)) && (await installByUv(python, wanted, signal));
  signal?.throwIfAborted();
  if (!byUv) for (const words of installations(wanted)) await install(python, words, update, signal);
  const { output } = await runCommand(python, ['-c', 'import sys; print(sys.version)'], { signal });
  // The runtime's own hash too: after `npm test`, `npm start` finds its packages there.
  writeFileSync(stamp, [output.trim().replace(/\n/g, ' '), fingerprint(REQUIREMENTS), hash, ''].join('\n'));
  return python;
}

/** What pip is called with where uv cannot be had: it takes files with hashes and files without by themselves. */
function installations(wanted: readonly string[]): readonly (readonly string[])[] {
  const [hashed, plain] = [true, false].map((is) => wanted.filter((file) => HASHED.test(file) === is));
  return [plain ?? [], ['--require-hashes', ...(hashed ?? [])]];
}

async function runs(python: string, version: string, signal?: AbortSignal): Promise<boolean> {
  const { status, output } = await runCommand(python, ['-c', 'import sys; print(sys.version)'], { signal });
  return status === 0 && output.trim().replace(/\n/g, ' ') === version;
}

async function createEnvironment(
  base: { readonly executable: string; readonly version: string },
  environment: string,
  signal?: AbortSignal,
): Promise<void> {
  const { status, output } = await runCommand(base.executable, ['-m', 'venv', environment], { signal });
  if (status === 0) return;
  signal?.throwIfAborted();
  if (/ensurepip|No module named venv/.test(output)) {
    const [major, minor] = base.version.split('.');
    throw new Problem(
      `${base.executable} cannot make a virtual environment, since its venv module is not installed: ` +
        `run "sudo apt-get install python${major}.${minor}-venv" (or your system's package of it) and start again.`,
    );
  }
  throw new Problem(`"${base.executable} -m venv" failed with ${lastLines(output)}`);
}

async function install(
  python: string,
  given: readonly string[],
  update: (detail: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const args = [
    '-m',
    'pip',
    'install',
    '--disable-pip-version-check',
    '--no-input',
    // What is imported is compiled then; most of it never is.
    '--no-compile',
    '--retries',
    '1',
    '--timeout',
    '15',
  ];
  const files = given.flatMap((word) => (word.startsWith('--') ? [word] : ['-r', join(root, word)]));
  const { status, output } = await runCommand(python, [...args, ...files], {
    signal,
    env: { ...process.env, PYTHONNOUSERSITE: '1', PIP_REQUIRE_VIRTUALENV: '1' },
    onLine: (line) => {
      const name = /^Collecting ([\w.-]+)/.exec(line)?.[1];
      if (name) update(`pip install (${name})`);
      else if (line.startsWith('Installing collected')) update('pip install (unpacking)');
    },
  });
  if (status === 0) return;
  signal?.throwIfAborted();
  if (saysNoNetwork(output)) {
    throw new Problem(
      'The Python packages could not be fetched, since the Python package index cannot be reached: ' +
        'check the network or the proxy (pip config list) and start again.',
    );
  }
  throw new Problem(`"pip install" failed with ${lastLines(output)}`);
}

function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
