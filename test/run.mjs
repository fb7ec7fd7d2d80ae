// `npm test`: installs what the tests need, runs every check, and sums them up in its last line.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root } from '../local/launch/prepare.mjs';
import { isProblem, Problem } from '../local/launch/problem.mjs';
import { createProgress, seconds } from '../local/launch/progress.mjs';
import { createStopper } from '../local/launch/stopper.mjs';
import { ensureTools } from '../local/toolchain/index.mjs';
import { changedPaths, changedTests } from './runner/changed.mjs';
import { nodeChecks, pythonChecks, workflowCheck } from './runner/checks.mjs';
import { createRunner } from './runner/runner.mjs';

const PROJECTS = ['unit', 'nginx', 'local', 'e2e'];
const PARTS = ['lint', ...PROJECTS, 'package', 'python'];
/** Only on demand, as `npm run lint` does. */
const EXTRA = ['workflow'];
const ALLOWED = [...PARTS, ...EXTRA];
const usage = `npm test -- [--only ${ALLOWED.join('|')}]... [--changed[=COMMIT]] [FILTER]...

  --only PART        only this part; may be given several times
  --changed[=COMMIT] only the tests that a change touches: of what is not committed, or since COMMIT
  FILTER             of the tests in TypeScript only the files whose paths contain it
  --help             show this
`;

const progress = createProgress({ stream: process.stdout, lineEvery: 20_000 });
const stopper = createStopper({ onStop: (why) => progress.log(`${why}: stopping.`) });
const began = Date.now();

async function main() {
  const { only = PARTS, changed, help, filters } = options();
  if (help) {
    process.stdout.write(usage);
    return;
  }
  const paths = changed === undefined ? undefined : changedPaths(changed);
  // Python programs start many times here: each module is compiled once, and nothing is written beside a source.
  delete process.env.PYTHONDONTWRITEBYTECODE;
  process.env.PYTHONPYCACHEPREFIX = join(root, '.voicegate/pycache');
  const tools = await prepareBesideTools();
  process.env.VOICEGATE_TEST_BUNDLES = 'built';
  const touched = paths && changedTests(changed, paths);
  const wanted = (part) => only.includes(part) && (touched === undefined || touched.parts.has(part));
  const directory = mkdtempSync(join(tmpdir(), 'voicegate-test-'));
  // What the checks put aside goes with it; some of that is for servers that run as another user.
  process.env.TMPDIR = directory;
  chmodSync(directory, 0o711);
  const runner = createRunner({ progress, signal: stopper.signal, directory });
  try {
    await runAll(runner, wanted, touched?.files ?? filters, tools);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const { passed, failed, skipped, failures, skips } = runner.result();
  progress.log('');
  for (const name of skips) progress.log(`Skipped: ${name}`);
  if (failures.length > 0) progress.log(`Failed: ${failures.join(', ')}`);
  progress.log(`All checks took ${seconds(Date.now() - began)}.`);
  progress.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  if (failed > 0 || (passed === 0 && touched === undefined)) process.exitCode = 1;
}

/**
 * Two lanes: the tests, of which many wait, and beside them what compiles. What needs no tools begins while these are
 * still installed, so that the first failure shows early.
 */
async function runAll(runner, wanted, filters, tools) {
  const tests = async () => {
    if (wanted('unit')) await runner.vitest('unit tests', ['unit'], filters, { live: true });
    const others = PROJECTS.filter((name) => name !== 'unit' && wanted(name));
    await tools.installed;
    if (others.length > 0) await runner.vitest(`${others.join(', ')} tests`, others, filters, { live: true });
  };
  const others = async () => {
    if (wanted('lint')) for (const check of nodeChecks()) await runner.check(check);
    const { python } = await tools.installed;
    if (wanted('lint')) for (const check of pythonChecks(python)) await runner.check(check);
    if (wanted('workflow')) await lintWorkflow(runner);
    if (wanted('package')) await packageTests(runner, filters);
    if (wanted('python')) await runner.pytest('image tests', 'image', python);
  };
  await Promise.all([tests(), others()]);
}

async function lintWorkflow(runner) {
  const check = workflowCheck();
  if (check !== undefined) await runner.check(check);
  else runner.skip('actionlint: it comes by Go, which is not on PATH');
}

async function packageTests(runner, filters) {
  const jsii = await runner.check({ label: 'jsii', command: [process.execPath, 'build.mjs'] });
  const command = [process.execPath, 'test/package/prepare.mjs'];
  if (jsii && (await runner.check({ label: 'packages', command }))) {
    await runner.vitest('package tests', ['package'], filters);
  }
}

/** The tools as they are being installed; what needs none of them need not wait. */
async function prepareBesideTools() {
  const failed = new AbortController();
  const tools = installTools(AbortSignal.any([stopper.signal, failed.signal]));
  // Told where they are awaited.
  const ended = tools.catch(() => {});
  try {
    await prepare({ progress, development: true, signal: stopper.signal });
  } catch (error) {
    failed.abort();
    await ended;
    throw error;
  }
  return { installed: tools };
}

async function installTools(signal) {
  const tools = await progress.step('tools', (update) => ensureTools({ development: true, update, signal }));
  // cfn-lint and the like are called by their names.
  process.env.PATH = [dirname(tools.python), process.env.PATH].join(delimiter);
  return tools;
}

function options() {
  try {
    // `--changed` alone means what is not committed.
    const args = process.argv.slice(2).map((word) => (word === '--changed' ? '--changed=HEAD' : word));
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        only: { type: 'string', multiple: true },
        changed: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    for (const name of values.only ?? []) {
      if (!ALLOWED.includes(name)) throw new Error(`--only must be one of ${ALLOWED.join(', ')}, got "${name}"`);
    }
    if (values.changed !== undefined && positionals.length > 0) {
      throw new Error(`--changed chooses the files by itself, got the filter "${positionals[0]}" besides`);
    }
    return { ...values, filters: positionals };
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
