import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../../../../local/launch/prepare.mjs';
import { findPython } from '../../../../local/launch/python.mjs';

it('the hook runs the sitecustomize that it hides, on a Python that has loaded nothing else', async () => {
  const { executable } = await findPython();
  const folder = mkdtempSync(join(tmpdir(), 'voicegate-hook-'));
  writeFileSync(join(folder, 'sitecustomize.py'), 'print("theirs")\n');
  try {
    const PYTHONPATH = [join(root, 'local/tasks/loopback/hook'), folder].join(delimiter);
    const options = { env: { ...process.env, PYTHONPATH }, encoding: 'utf8' } as const;
    // Without site, which loads different modules in each version.
    expect(execFileSync(executable, ['-S', '-c', 'import sitecustomize'], options)).toBe('theirs\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
