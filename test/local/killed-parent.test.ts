import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { expect, it } from 'vitest';
import { awsClients } from '../../local/aws-clients.js';
import type { LocalAws } from '../../local/contracts.js';
import { root } from '../../local/launch/prepare.mjs';
import { describeWhere } from '../support/where.js';
import { functionCode } from './function-code.js';
import { filesHolding, gone, processesOf } from './leftovers.js';

describeWhere(
  process.platform === 'linux' ? undefined : 'it looks into /proc, which Linux has',
  'a parent that is killed',
  () => {
    it('takes the emulator and its functions along, and the state is saved', async () => {
      const other = mkdtempSync(join(tmpdir(), 'voicegate-killed-'));
      const child = spawn(join(root, 'node_modules/.bin/tsx'), [join(root, 'test/local/hold-emulator.ts'), other], {
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
      });
      try {
        const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
        const { aws } = JSON.parse(line) as { aws: LocalAws };
        const { lambda } = awsClients(aws, { lambda: LambdaClient });
        await lambda.send(
          new CreateFunctionCommand({
            FunctionName: 'kept',
            Role: 'arn:aws:iam::000000000000:role/any',
            Runtime: 'nodejs20.x',
            Handler: 'index.handler',
            Code: { ZipFile: await functionCode('exports.handler = async () => 1;') },
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
  },
);
