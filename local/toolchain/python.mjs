// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, saysNoNetwork } from '../launch/command.mjs';
import { lastLines } from '../launch/node-modules.mjs';
import { root } from '../launch/prepare.mjs';
import { Problem } from '../launch/problem.mjs';
import { findPython } from '../launch/python.mjs';
import { pipInstall } from './pip.mjs';
import { ensureUv, installByUv } from './uv.mjs';

/** Program that makes a virtual environment: its folder follows, and which of Python's own packages it gets. */
export const MAKE_ENVIRONMENT = join(root, 'local/toolchain/make_environment.py');
const REQUIREMENTS = ['local/emulator/requirements.txt', 'image/requirements.txt'];
const DEVELOPMENT = ['local/toolchain/requirements-dev.txt', 'image/requirements-dev.txt'];
/** Files in which every package has its hashes: pip takes no others beside them. */
const HASHED = /^image\//;

/**
 * The Python of the project's virtual environment, with the emulator and the image's packages in it.
 *
 * @param {object} options
 * @param {string} options.directory
 * @param {boolean} options.development
 * @param {import('../launch/progress.mjs').Update} options.update
 * @param {AbortSignal} [options.signal]
 * @returns {Promise<string>}
 */
export async function ensurePython(options) {
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

/**
 * What pip is called with where uv cannot be had: it takes files with hashes and files without by themselves.
 *
 * @param {readonly string[]} wanted
 */
function installations(wanted) {
  const plain = wanted.filter((file) => !HASHED.test(file));
  return [plain, ['--require-hashes', ...wanted.filter((file) => HASHED.test(file))]];
}

/** @param {string} python @param {string} version @param {AbortSignal} [signal] */
async function runs(python, version, signal) {
  const { status, output } = await runCommand(python, ['-c', 'import sys; print(sys.version)'], { signal });
  return status === 0 && output.trim().replace(/\n/g, ' ') === version;
}

/**
 * @param {{ readonly executable: string, readonly version: string }} base
 * @param {string} environment
 * @param {AbortSignal} [signal]
 */
async function createEnvironment(base, environment, signal) {
  const { status, output } = await runCommand(base.executable, [MAKE_ENVIRONMENT, environment, 'pip'], { signal });
  if (status === 0) return;
  signal?.throwIfAborted();
  if (/No module named '(?:ensurepip|venv)'|ensurepip is not available/.test(output)) {
    const [major, minor] = base.version.split('.');
    throw new Problem(
      `${base.executable} cannot make a virtual environment, since its venv module is not installed: ` +
        `run "sudo apt-get install python${major}.${minor}-venv" (or your system's package of it) and start again.`,
    );
  }
  throw new Problem(`${base.executable} could not make a virtual environment${lastLines(output)}`);
}

/**
 * @param {string} python
 * @param {readonly string[]} given
 * @param {import('../launch/progress.mjs').Update} update
 * @param {AbortSignal} [signal]
 */
async function install(python, given, update, signal) {
  const files = given.flatMap((word) => (word.startsWith('--') ? [word] : ['-r', join(root, word)]));
  const { status, output } = await pipInstall(python, files, {
    signal,
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

/** @param {readonly string[]} files */
function fingerprint(files) {
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
