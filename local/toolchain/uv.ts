import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, runCommand } from '../launch/command.mjs';
import { root } from '../launch/prepare.mjs';

const REQUIREMENTS = join(root, 'local/toolchain/requirements-uv.txt');

/** What users have told pip, and what uv calls it. */
const NAMES: Readonly<Record<string, string>> = {
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
 * @returns false where it cannot be had, and pip has to do its work
 */
export async function ensureUv(python: string, signal?: AbortSignal): Promise<boolean> {
  if (existsSync(uvOf(python))) return true;
  const words = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '--no-compile'];
  const hashed = ['--require-hashes', '--only-binary=:all:', '-r', REQUIREMENTS];
  const { status } = await runCommand(python, [...words, '--retries', '1', '--timeout', '15', ...hashed], { signal });
  return status === 0 && existsSync(uvOf(python));
}

/**
 * Installs requirements by uv, from the indexes that pip is configured for.
 *
 * @param given files of requirements, below the project's root
 * @returns false where uv could not: what is wrong, pip says in words that users know
 */
export async function installByUv(python: string, given: readonly string[], signal?: AbortSignal): Promise<boolean> {
  const { status } = await pipInstallByUv(
    python,
    given.flatMap((file) => ['-r', join(root, file)]),
    signal,
  );
  return status === 0;
}

/** `uv pip install` by the uv of an environment (see {@link ensureUv}); without another target it installs there. */
export async function pipInstallByUv(
  python: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<CommandResult> {
  const words = ['pip', 'install', '--python', python, '--no-progress', '--color', 'never'];
  return runCommand(uvOf(python), [...words, ...args], { signal, env: await environment(python, signal) });
}

const uvOf = (python: string): string => join(python, '../uv');

/** uv does not read pip's configuration: a company's index, its certificate, a mirror near by. */
async function environment(python: string, signal?: AbortSignal): Promise<NodeJS.ProcessEnv> {
  const { output } = await runCommand(python, ['-m', 'pip', 'config', 'list'], { signal });
  return {
    // Of several indexes the best version of all, as pip takes it.
    UV_INDEX_STRATEGY: 'unsafe-best-match',
    ...uvSettings(output),
    ...process.env,
    UV_PYTHON_DOWNLOADS: 'never',
  };
}

/**
 * Environment of uv for what `pip config list` prints. A later section counts: pip's own order of files and variables.
 * Not by arguments: an index's address may hold a password.
 */
export function uvSettings(pipConfigList: string): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {};
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
