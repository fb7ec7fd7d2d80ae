import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runCommand, saysNoNetwork } from './command.mjs';
import { Problem } from './problem.mjs';

/**
 * Whether `node_modules` holds what the lock file says (npm writes down what it installed, last of all): what runs, and
 * with `development` also what only tests, linters and docs use.
 */
export function isInstalled(root, { development = false } = {}) {
  const wanted = packages(join(root, 'package-lock.json'));
  const found = installed(root);
  if (!wanted)
    throw new Problem(
      `${join(root, 'package-lock.json')} is missing or damaged: restore it with "git checkout package-lock.json".`,
    );
  if (!found) return false;
  return Object.entries(wanted).every(
    ([path, { version, dev, optional, devOptional, peer }]) =>
      path === '' ||
      (dev && !development) ||
      found[path]?.version === version ||
      (!found[path] && (optional || devOptional || peer)),
  );
}

function installed(root) {
  return packages(join(root, 'node_modules/.package-lock.json'));
}

function packages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * Installs by the lock file, with the npm that started this process or the one on PATH. What is for development comes
 * where it is asked for, and where it was before: who runs the tests keeps them through an update. Where only that is
 * missing, it is added beside what may be running.
 */
export async function installNodeModules(root, { development = false, update, signal }) {
  const whole = development || Object.values(installed(root) ?? {}).some(({ dev }) => dev);
  const how = whole && isInstalled(root) ? ['install', '--no-save'] : ['ci'];
  const name = `npm ${how[0]}`;
  const kinds = whole ? '--include=dev' : '--omit=dev';
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const args = [...how, kinds, '--prefer-offline', '--fetch-retries=1', ...quiet];
  const own = process.env.npm_execpath;
  const [command, first] =
    own && basename(own) === 'npm-cli.js' && existsSync(own) ? [process.execPath, [own]] : ['npm', []];
  update(name);
  // Without what the outer npm exported, or it would install by the outer command's settings.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(lifecycle|package|command)/.test(name)),
  );
  const { status, output, errorCode } = await runCommand(command, [...first, ...args], { cwd: root, env, signal });
  if (status === 0) return;
  signal?.throwIfAborted();
  if (errorCode === 'ENOENT') {
    throw new Problem('npm is not on PATH: install it together with Node (https://nodejs.org) and run this again.');
  }
  if (saysNoNetwork(output)) {
    throw new Problem(
      'The npm packages could not be fetched, since the npm registry cannot be reached: check the network or the proxy (npm config get registry) and run this again.',
    );
  }
  throw new Problem(`"${name}" failed with ${lastLines(output)}`);
}

/** The last lines of an output, for an error message. */
export function lastLines(output, count = 12) {
  return `:\n${output.trim().split('\n').slice(-count).join('\n')}`;
}
