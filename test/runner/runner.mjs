import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runCommand } from '../../local/launch/command.mjs';
import { root } from '../../local/launch/prepare.mjs';

const LONGEST = 40 * 60_000;

class CheckFailed extends Error {}

/** Runs checks, shows what they write, and counts what passed, failed and was skipped. `directory`: for their reports. */
export function createRunner({ progress, signal, directory }) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  const skips = [];
  // What the checks write goes through this process: they cannot see whether it ends at a terminal.
  const { NO_COLOR, FORCE_COLOR } = process.env;
  const colors = NO_COLOR || FORCE_COLOR ? {} : process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' };

  /** Whether the program succeeded. `live`: its lines are shown as they come, otherwise all of them when it failed. */
  async function run(label, [command, ...args], { cwd = root, live = false } = {}) {
    const lines = [];
    const work = async () => {
      const { status, output } = await runCommand(command, args, {
        cwd,
        env: { ...process.env, ...colors, PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter) },
        timeoutMs: LONGEST,
        signal,
        onLine: (line) => (live ? progress.log(line) : lines.push(line)),
      });
      signal.throwIfAborted();
      if (status === 0) return;
      progress.log([`${label}:`, ...(status === null ? [output] : lines)].join('\n'));
      throw new CheckFailed(label);
    };
    try {
      await progress.step(label, work);
      return true;
    } catch (error) {
      if (error instanceof CheckFailed) return false;
      throw error;
    }
  }

  function add(label, counts, succeeded) {
    const failed = counts.failed === 0 && !succeeded ? 1 : counts.failed;
    total.passed += counts.passed;
    total.failed += failed;
    total.skipped += counts.skipped;
    if (failed > 0) failures.push(label);
  }

  /** A program that either succeeds or not counts as one check. */
  async function check({ label, command, cwd }, { live = false } = {}) {
    const succeeded = await run(label, command, { cwd, live });
    add(label, { passed: succeeded ? 1 : 0, failed: 0, skipped: 0 }, succeeded);
    return succeeded;
  }

  /** A check that cannot run here; where CI says that nothing may be missing, it failed. */
  function skip(reason) {
    const fails = process.env.CI === 'true';
    if (fails) progress.log(reason);
    add(reason, { passed: 0, failed: fails ? 1 : 0, skipped: fails ? 0 : 1 }, true);
    if (!fails) skips.push(reason);
  }

  async function vitest(label, projects, filters, { live = false } = {}) {
    const report = join(directory, `${label}.json`);
    const command = [
      ...[process.execPath, join(root, 'node_modules/vitest/vitest.mjs'), 'run'],
      // Such as nginx-steps of nginx.
      ...projects.map((name) => `--project=${name}*`),
      ...filters,
      ...['--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ];
    const succeeded = await run(label, command, { live });
    const found = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
    const { numPassedTests: passed = 0, numFailedTests: failed = 0, numPendingTests = 0, numTodoTests = 0 } = found;
    add(label, { passed, failed, skipped: numPendingTests + numTodoTests }, succeeded);
    for (const { assertionResults } of found.testResults ?? []) {
      skips.push(...assertionResults.filter(({ status }) => status === 'skipped').map(({ fullName }) => fullName));
    }
  }

  async function pytest(label, folder, python) {
    const report = join(directory, 'pytest.xml');
    const command = [
      ...[python, '-m', 'pytest', folder, '-c', `${folder}/pyproject.toml`],
      ...['-q', `--junit-xml=${report}`],
    ];
    const succeeded = await run(label, command);
    const suite = existsSync(report) ? (/<testsuite [^>]*>/.exec(readFileSync(report, 'utf8'))?.[0] ?? '') : '';
    const count = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
    const failed = count('failures') + count('errors');
    const skipped = count('skipped');
    add(label, { passed: count('tests') - failed - skipped, failed, skipped }, succeeded);
  }

  return { check, skip, vitest, pytest, result: () => ({ ...total, failures, skips }) };
}
