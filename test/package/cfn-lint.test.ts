import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { ensureTools } from '../../local/toolchain/index.mjs';
import { defaultApp } from '../lib/support/default-app';

it('cfn-lint has nothing to say about the app without any configuration', async () => {
  const { python } = await ensureTools({ development: true });
  const { app, templateFile } = defaultApp();
  app.synth();
  // W3005 is a redundant DependsOn, which aws-cdk-lib's own functions have.
  const args = ['--ignore-checks', 'W3005', '--', templateFile];
  const output = execFileSync(join(dirname(python), 'cfn-lint'), args, { encoding: 'utf8', timeout: 100_000 });
  expect(output.trim()).toBe('');
}, 120_000);
