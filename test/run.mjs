// `npm test`: installs what the tests need, runs every check, and sums them up in its last line.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand } from '../local/launch/command.mjs';
import { importTypeScript, prepare, root } from '../local/launch/prepare.mjs';
import { isProblem, Problem } from '../local/launch/problem.mjs';
import { createProgress, seconds } from '../local/launch/progress.mjs';
import { createStopper } from '../local/launch/stopper.mjs';

const PARTS = ['lint', 'unit', 'package', 'e2e', 'python'];
const usage = `npm test -- [--only ${PARTS.join('|')}]... [FILTER]...: runs all checks, or only the named parts; of the tests of
TypeScript only the files whose paths contain a FILTER\n`;

const progress = createProgress({ stream: process.stdout });
const stopper = createStopper({ onStop: (why) => progress.log(`${why}: stopping.`) });
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const began = Date.now();
// What the checks write goes through this process: they cannot see whether it ends at a terminal.
const { NO_COLOR, FORCE_COLOR } = process.env;
const colors = NO_COLOR || FORCE_COLOR ? {} : process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' };
let python = '';
let filters = [];
let built = false;

/** Runs a program, shows what it writes, and returns whether it succeeded. */
async function run(label, command, args, { cwd = root } = {}) {
  const work = async () => {
    const { status, output } = await runCommand(command, args, {
      cwd,
      env: { ...process.env, ...colors, PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter) },
      timeoutMs: 40 * 60_000,
      signal: stopper.signal,
      onLine: (line) => progress.log(line),
    });
    stopper.signal.throwIfAborted();
    if (status === null) progress.log(`${command}: ${output}`);
    if (status !== 0) throw new CheckFailed(label);
  };
  try {
    await progress.step(label, work);
    return true;
  } catch (error) {
    if (error instanceof CheckFailed) return false;
    throw error;
  }
}

class CheckFailed extends Error {}

function add(label, counts, succeeded) {
  const failed = counts.failed === 0 && !succeeded ? 1 : counts.failed;
  total.passed += counts.passed;
  total.failed += failed;
  total.skipped += counts.skipped;
  if (failed > 0) failures.push(label);
}

/** A program that either succeeds or not counts as one check. */
async function check(label, command, args, where) {
  const succeeded = await run(label, command, args, where);
  add(label, { passed: succeeded ? 1 : 0, failed: 0, skipped: 0 }, succeeded);
}

async function vitest(label, args, directory) {
  const report = join(directory, `${label}.json`);
  const succeeded = await run(label, process.execPath, [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...args,
    ...filters,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  let counts = { passed: 0, failed: 0, skipped: 0 };
  if (existsSync(report)) {
    const {
      numPassedTests: passed,
      numFailedTests: failed,
      numPendingTests: pending,
      numTodoTests: todo,
    } = JSON.parse(readFileSync(report, 'utf8'));
    counts = { passed, failed, skipped: pending + todo };
  }
  add(label, counts, succeeded);
}

async function pytest(label, folder, directory) {
  const report = join(directory, 'pytest.xml');
  const succeeded = await run(label, python, [
    '-m',
    'pytest',
    folder,
    '-c',
    `${folder}/pyproject.toml`,
    '-q',
    `--junit-xml=${report}`,
  ]);
  const suite = existsSync(report) ? (/<testsuite [^>]*>/.exec(readFileSync(report, 'utf8'))?.[0] ?? '') : '';
  const count = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  const skipped = count('skipped');
  add(label, { passed: count('tests') - failed - skipped, failed, skipped }, succeeded);
}

async function buildPackage() {
  await check('jsii', process.execPath, ['build.mjs']);
  built = true;
}

const parts = {
  async lint() {
    await check('biome', 'biome', ['ci', `--colors=${process.stdout.isTTY ? 'force' : 'off'}`, '.']);
    await check('tsc', 'tsc', ['--noEmit']);
    await check('tsc gate', 'tsc', ['--noEmit', '-p', 'gate']);
    await buildPackage();
    await check('ruff', python, ['-m', 'ruff', 'check', '--no-cache', 'image', 'local', 'examples']);
    await check('ruff format', python, ['-m', 'ruff', 'format', '--no-cache', '--check', 'image', 'local', 'examples']);
    await check('mypy', python, ['-m', 'mypy', '--cache-dir', '/dev/null'], { cwd: join(root, 'image') });
  },
  unit: (directory) => vitest('unit tests', ['--exclude', 'test/e2e/**', '--exclude', 'test/package/**'], directory),
  async package(directory) {
    if (!built) await buildPackage();
    const prepared = await run('packages', process.execPath, ['test/package/prepare.mjs']);
    if (prepared) await vitest('package tests', ['test/package'], directory);
    else add('packages', { passed: 0, failed: 1, skipped: 0 }, false);
  },
  e2e: (directory) => vitest('end-to-end tests', ['test/e2e'], directory),
  python: (directory) => pytest('image tests', 'image', directory),
};

async function main() {
  const { only = PARTS, help } = options();
  if (help) {
    process.stdout.write(usage);
    return;
  }
  await prepare({ progress, signal: stopper.signal });
  const { ensureTools } = await importTypeScript('local/toolchain/index.ts');
  const tools = await progress.step('tools', (update) =>
    ensureTools({
      development: true,
      signal: stopper.signal,
      onProgress: (tool, detail) => update(`${tool}, ${detail}`),
    }),
  );
  python = tools.python;
  // cfn-lint and the like are called by their names.
  process.env.PATH = [dirname(python), process.env.PATH].join(delimiter);
  const directory = mkdtempSync(join(tmpdir(), 'voicegate-test-'));
  // What the checks put aside goes with it; some of that is for servers that run as another user.
  process.env.TMPDIR = directory;
  chmodSync(directory, 0o711);
  try {
    for (const part of PARTS.filter((name) => only.includes(name))) await parts[part](directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const { passed, failed, skipped } = total;
  progress.log('');
  if (failures.length > 0) progress.log(`Failed: ${failures.join(', ')}`);
  progress.log(`All checks took ${seconds(Date.now() - began)}.`);
  progress.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
}

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { only: { type: 'string', multiple: true }, help: { type: 'boolean' } },
    });
    for (const name of values.only ?? []) {
      if (!PARTS.includes(name)) throw new Error(`--only must be one of ${PARTS.join(', ')}, got "${name}"`);
    }
    filters = positionals;
    return values;
  } catch (error) {
    throw new Problem(`${error.message}\n${usage}`, 2);
  }
}

try {
  await main();
} catch (error) {
  progress.close();
  if (!stopper.signal.aborted) process.stderr.write(`${isProblem(error) ? error.message : error.stack}\n`);
  process.exitCode = isProblem(error) ? error.exitCode : 1;
}
process.exit(stopper.signal.aborted ? stopper.exitCode() : process.exitCode);
