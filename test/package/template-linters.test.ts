import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureTools } from '../../local/toolchain/index.mjs';
import { defaultApp } from '../lib/support/default-app';
import { CHECKOV_EXCEPTIONS } from './checkov-exceptions';
import { HANGS, prepared, root } from './prepared';

interface Report {
  readonly summary: { readonly passed: number; readonly parsing_errors: number };
  readonly results: { readonly failed_checks: readonly { readonly check_id: string; readonly resource: string }[] };
}

// One synthesis for both programs.
const { app, templateFile } = defaultApp();
beforeAll(() => {
  app.synth();
});

it('cfn-lint has nothing to say about the app without any configuration', async () => {
  const { python } = await ensureTools({ development: true });
  // W3005 is a redundant DependsOn, which aws-cdk-lib's own functions have.
  const args = ['--ignore-checks', 'W3005', '--', templateFile];
  const output = execFileSync(join(dirname(python), 'cfn-lint'), args, { encoding: 'utf8', timeout: HANGS });
  expect(output.trim()).toBe('');
});

describe('checkov on the app without any configuration', () => {
  let report: Report;

  beforeAll(() => {
    const output = execFileSync(
      prepared().checkov,
      [
        ...['--file', templateFile, '--framework', 'cloudformation', '--output', 'json'],
        // It exits with 0 whatever it finds, and asks nobody for rules.
        ...['--quiet', '--compact', '--soft-fail', '--skip-download'],
      ],
      { encoding: 'utf8', timeout: HANGS, maxBuffer: 64 * 1024 * 1024 },
    );
    report = JSON.parse(output) as Report;
  });

  it('reads the template and passes most of its checks', () => {
    expect(report.summary.parsing_errors).toBe(0);
    expect(report.summary.passed).toBeGreaterThan(80);
  });

  it('finds nothing that is not explained', () => {
    const unexplained = report.results.failed_checks.filter(
      ({ check_id, resource }) =>
        !CHECKOV_EXCEPTIONS.some(({ check, resources }) => check === check_id && resources.test(resource)),
    );
    expect(unexplained.map(({ check_id, resource }) => `${check_id}: ${resource}`)).toEqual([]);
  });

  it('needs every exception that is made', () => {
    const found = new Set(report.results.failed_checks.map(({ check_id }) => check_id));
    expect(CHECKOV_EXCEPTIONS.map(({ check }) => check).filter((check) => !found.has(check))).toEqual([]);
  });

  it('has its exceptions in docs/compliance.md, each with its reason', () => {
    const [, section = ''] = readFileSync(join(root, 'docs/compliance.md'), 'utf8').split('## checkov\n');
    const rows = CHECKOV_EXCEPTIONS.map(({ check, reason }) => `| ${check} | ${reason} |`);
    expect(section.split('\n').filter((line) => line.startsWith('| CKV'))).toEqual(rows);
  });
});
