import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HANGS, root } from './prepared';

it('API.md says what the library is now: "npm run docs" writes it', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'voicegate-api-')), 'API.md');
  execFileSync(join(root, 'node_modules/.bin/jsii-docgen'), ['--output', file], {
    cwd: root,
    stdio: 'ignore',
    timeout: HANGS,
  });
  expect(
    readFileSync(join(root, 'API.md'), 'utf8') === readFileSync(file, 'utf8'),
    'API.md is not current: run "npm run docs"',
  ).toBe(true);
});
