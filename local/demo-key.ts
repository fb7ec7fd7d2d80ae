import { join } from 'node:path';
import { runCommand } from './launch/command.mjs';
import { lastLines } from './launch/node-modules.mjs';
import { root } from './launch/prepare.mjs';
import { Problem } from './launch/problem.mjs';

const OWNER = 'demo';
const LABEL = 'npm start';

export interface DemoKey {
  readonly key: string;
  readonly keyId: string;
}

/**
 * A key for this start, made by the command line that ships, through running.json of `stateDirectory`. The keys of
 * earlier starts are revoked. It is told to the person (or program) that starts and kept nowhere.
 */
export async function makeDemoKey(stateDirectory: string, signal?: AbortSignal): Promise<DemoKey> {
  const answers = await Promise.all([
    keys(['create', '--owner', OWNER, '--label', LABEL], stateDirectory, signal),
    keys(['list', '--owner', OWNER], stateDirectory, signal),
  ]);
  const [created, listed] = answers.map((text) => JSON.parse(text)) as [DemoKey, readonly ListedKey[]];
  for (const { keyId, label, revokedAt } of listed) {
    if (label !== LABEL || keyId === created.keyId || revokedAt !== undefined) continue;
    await keys(['revoke', keyId, '--yes'], stateDirectory, signal);
  }
  return created;
}

interface ListedKey {
  readonly keyId: string;
  readonly label?: string;
  readonly revokedAt?: string;
}

async function keys(args: readonly string[], stateDirectory: string, signal?: AbortSignal): Promise<string> {
  const { status, output, stdout } = await runCommand(
    process.execPath,
    [join(root, 'dist/cli.js'), 'keys', ...args, '--local', '--state-dir', stateDirectory, '--json'],
    { signal, timeoutMs: 60_000 },
  );
  signal?.throwIfAborted();
  // The output of a creation is not quoted: it could hold the key.
  if (status !== 0)
    throw new Problem(`"voicegate keys ${args[0]}" failed${args[0] === 'create' ? '' : lastLines(output)}`);
  return stdout;
}
