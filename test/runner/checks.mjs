// What `npm test` and `npm run lint` run besides tests: one line for each program, in the order of what it costs.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../../local/launch/prepare.mjs';

const ACTIONLINT = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';
// Several threads would check the same types several times, and the tests beside have the other core.
const tsc = [process.execPath, join(root, 'node_modules/typescript-native/bin/tsc'), '--noEmit', '--singleThreaded'];
const python = ['image', 'local', 'examples'];

/**
 * A linter: its name, its command line, and where it runs.
 * @typedef {{ label: string, command: string[], cwd?: string }} Check
 */

/** @returns {readonly Check[]} those that need nothing but the npm packages */
export function nodeChecks() {
  return [
    { label: 'biome', command: ['biome', 'ci', '.'] },
    { label: 'eslint', command: ['npm', 'run', '--silent', 'lint:regexp'] },
    { label: 'import cycles', command: ['depcruise', '--config', '.dependency-cruiser.cjs', 'build.mjs', ...rooms()] },
    { label: 'tsc', command: tsc },
    { label: 'tsc gate', command: [...tsc, '-p', 'gate'] },
  ];
}

/** @returns {readonly Check[]} those that need the Python environment of the tests */
export function pythonChecks(interpreter) {
  return [
    { label: 'shellcheck', command: [join(dirname(interpreter), 'shellcheck'), ...scripts()] },
    { label: 'ruff', command: [interpreter, '-m', 'ruff', 'check', '--no-cache', ...python] },
    { label: 'ruff format', command: [interpreter, '-m', 'ruff', 'format', '--no-cache', '--check', ...python] },
    { label: 'mypy', command: [interpreter, '-m', 'mypy', '--cache-dir', '/dev/null'], cwd: join(root, 'image') },
  ];
}

/** The linter of workflows comes by Go; undefined where there is none. */
export function workflowCheck() {
  const { status } = spawnSync('go', ['version'], { stdio: 'ignore' });
  if (status !== 0) return undefined;
  return { label: 'actionlint', command: ['go', 'run', ACTIONLINT, '-shellcheck=', '-pyflakes='] };
}

function rooms() {
  return ['bin', 'bench', 'contract', 'gate', 'lambda', 'lib', 'local', 'test'];
}

/** Every file of shell. */
function scripts() {
  const found = [...rooms(), 'image', 'examples'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true }).map((name) => join(room, name)),
  );
  return [
    '.ci/packages',
    '.ci/run',
    '.ci/hear',
    ...found.filter((name) => name.endsWith('.sh') && !name.includes('cdk.out')),
  ];
}
