// @ts-check
import { runCommand } from '../launch/command.mjs';

const WORDS = [
  ...['--disable-pip-version-check', '--no-input', '--retries', '1', '--timeout', '15'],
  // What is imported is compiled then; most of it never is.
  '--no-compile',
];

/**
 * `pip install` by the pip of an environment.
 *
 * @param {string} python
 * @param {readonly string[]} args
 * @param {object} [options]
 * @param {string} [options.into] Python of the environment that gets the packages; by default the same
 * @param {AbortSignal} [options.signal]
 * @param {(line: string) => void} [options.onLine]
 */
export function pipInstall(python, args, { into = python, signal, onLine } = {}) {
  // Not of every age does pip know the option.
  const other = into === python ? [] : ['--python', into];
  return runCommand(python, ['-m', 'pip', ...other, 'install', ...WORDS, ...args], {
    signal,
    env: { ...process.env, PYTHONNOUSERSITE: '1', PIP_REQUIRE_VIRTUALENV: '1' },
    onLine,
  });
}

/**
 * What pip is configured to do, by its files and its variables, as `pip config list` prints it.
 *
 * @param {string} python
 * @param {AbortSignal} [signal]
 */
export async function pipConfiguration(python, signal) {
  const { stdout } = await runCommand(python, ['-m', 'pip', 'config', 'list'], { signal });
  return stdout;
}
