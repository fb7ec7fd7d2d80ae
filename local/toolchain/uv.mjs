// @ts-check
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../launch/command.mjs';
import { root } from '../launch/prepare.mjs';
import { pipConfiguration, pipInstall } from './pip.mjs';

const REQUIREMENTS = join(root, 'local/toolchain/requirements-uv.txt');

/**
 * What users have told pip, and what uv calls it.
 *
 * @type {Readonly<Record<string, string>>}
 */
const NAMES = {
  'index-url': 'UV_DEFAULT_INDEX',
  'extra-index-url': 'UV_INDEX',
  'find-links': 'UV_FIND_LINKS',
  'trusted-host': 'UV_INSECURE_HOST',
  cert: 'SSL_CERT_FILE',
  proxy: 'HTTPS_PROXY',
};

/**
 * Gets uv into the virtual environment of `python`.
 *
 * @param {string} python
 * @param {AbortSignal} [signal]
 * @returns {Promise<boolean>} false where it cannot be had, and pip has to do its work
 */
export async function ensureUv(python, signal) {
  if (existsSync(uvOf(python))) return true;
  const { status } = await pipInstall(python, ['--require-hashes', '--only-binary=:all:', '-r', REQUIREMENTS], {
    signal,
  });
  return status === 0 && existsSync(uvOf(python));
}

/**
 * Installs requirements by uv, from the indexes that pip is configured for.
 *
 * @param {string} python
 * @param {readonly string[]} given files of requirements, below the project's root
 * @param {AbortSignal} [signal]
 * @returns {Promise<boolean>} false where uv could not: what is wrong, pip says in words that users know
 */
export async function installByUv(python, given, signal) {
  const files = given.flatMap((file) => ['-r', join(root, file)]);
  const { status } = await pipInstallByUv(python, files, { signal });
  return status === 0;
}

/**
 * `uv pip install` by the uv of an environment (see {@link ensureUv}).
 *
 * @param {string} python
 * @param {readonly string[]} args
 * @param {object} [options]
 * @param {string} [options.into] Python of the environment that gets the packages; by default the same
 * @param {AbortSignal} [options.signal]
 */
export async function pipInstallByUv(python, args, { into = python, signal } = {}) {
  return runUv(python, ['pip', 'install', '--python', into, ...args], { signal });
}

/**
 * Runs the uv of an environment (see {@link ensureUv}), which asks the indexes that pip is configured for.
 *
 * @param {string} python
 * @param {readonly string[]} args
 * @param {object} [options]
 * @param {AbortSignal} [options.signal]
 */
export async function runUv(python, args, { signal } = {}) {
  const words = ['--no-progress', '--color', 'never', ...args];
  return runCommand(uvOf(python), words, { signal, env: await environment(python, signal) });
}

/** @param {string} python */
const uvOf = (python) => join(python, '../uv');

/**
 * uv does not read pip's configuration: a company's index, its certificate, a mirror near by.
 *
 * @param {string} python
 * @param {AbortSignal} [signal]
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function environment(python, signal) {
  return {
    // Of several indexes the best version of all, as pip takes it.
    UV_INDEX_STRATEGY: 'unsafe-best-match',
    ...uvSettings(await pipConfiguration(python, signal)),
    ...process.env,
    UV_PYTHON_DOWNLOADS: 'never',
  };
}

/**
 * Environment of uv for what `pip config list` prints. A later section counts: pip's own order of files and variables.
 * Not by arguments: an index's address may hold a password.
 *
 * @param {string} pipConfigList
 * @returns {Readonly<Record<string, string>>}
 */
export function uvSettings(pipConfigList) {
  /** @type {Record<string, string>} */
  const settings = {};
  for (const line of pipConfigList.split('\n')) {
    const found = /^(?:global|install|:env:)\.([a-z-]+)='(.*)'$/.exec(line.trim());
    const name = found?.[1] === undefined ? undefined : NAMES[found[1]];
    const value = found?.[2];
    if (name !== undefined && value)
      settings[name] = value
        .split(/\\n|\s+/)
        .filter(Boolean)
        .join(name === 'UV_FIND_LINKS' ? ',' : ' ');
  }
  return settings;
}
