import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../local/launch/command.mjs';
import { root } from '../../local/launch/prepare.mjs';
import { ensureTools } from '../../local/toolchain/index.js';
import { filesHolding, gone, processesOf } from './leftovers.js';

describe.skipIf(process.platform !== 'linux')('a parent that is killed', () => {
  it('takes the emulator and its functions along, and the state is saved', async () => {
    const other = mkdtempSync(join(tmpdir(), 'voicegate-killed-'));
    const child = spawn(join(root, 'node_modules/.bin/tsx'), [join(root, 'test/local/hold-emulator.ts'), other], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    try {
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const { endpoint } = JSON.parse(line) as { endpoint: string };
      const lambda = new LambdaClient({
        endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      });
      await lambda.send(
        new CreateFunctionCommand({
          FunctionName: 'kept',
          Role: 'arn:aws:iam::000000000000:role/any',
          Runtime: 'nodejs20.x',
          Handler: 'index.handler',
          Code: { ZipFile: await functionCode() },
        }),
      );
      await lambda.send(new InvokeCommand({ FunctionName: 'kept' }));
      lambda.destroy();
      expect(processesOf(other).length).toBeGreaterThanOrEqual(2);
      process.kill(-(child.pid ?? 0), 'SIGKILL');
      expect(await gone(other)).toEqual([]);
      expect(filesHolding(join(other, 'state'), 'kept')).not.toEqual([]);
    } finally {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {}
      rmSync(other, { recursive: true, force: true });
    }
  });
});

/** A zip with one stored file, made by Python's standard library. */
async function functionCode(): Promise<Buffer> {
  const { python } = await ensureTools();
  const script = [
    'import base64, io, zipfile',
    'b = io.BytesIO()',
    "with zipfile.ZipFile(b, 'w') as z: z.writestr('index.js', 'exports.handler = async () => 1;')",
    'print(base64.b64encode(b.getvalue()).decode())',
  ];
  const { stdout } = await runCommand(python, ['-c', script.join('\n')]);
  return Buffer.from(stdout.trim(), 'base64');
}
