import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { root } from '../../local/launch/prepare.mjs';

it('a gate of the tests goes with the process that started it, however that ends', async () => {
  const program = join(root, 'test/gate/support/hold-gate.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { pid, directory } = JSON.parse(line) as { pid: number; directory: string };
  const isThere = () => {
    try {
      return process.kill(-pid, 0);
    } catch {
      return false;
    }
  };
  try {
    expect([isThere(), existsSync(join(directory, 'nginx.pid'))]).toEqual([true, true]);
    child.kill('SIGKILL');
    await expect.poll(isThere).toBe(false);
  } finally {
    if (isThere()) process.kill(-pid, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
});
