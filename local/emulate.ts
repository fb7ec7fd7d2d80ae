// npx tsx local/emulate.ts DIRECTORY [APP]: only the emulated AWS, with a CDK app deployed (default: the one of cdk.json).
// Prints {"env", "stacks", "assembly"}, `env` for AWS's own tools, and runs until it is interrupted. For working on the edge and the tasks.
import { join, resolve } from 'node:path';
import { deploy } from './deploy/index.js';
import { startEmulator } from './emulator/index.js';
import { ensureTools } from './toolchain/index.mjs';

async function main(directory: string, app?: string): Promise<void> {
  const tools = await ensureTools({ update: (detail) => console.error(detail) });
  const emulator = await startEmulator({ python: tools.python, directory: join(directory, 'emulator') });
  const interrupted = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done());
  });
  try {
    const assembly = join(directory, 'cdk.out');
    const { stacks } = await deploy({
      aws: emulator.aws,
      assemblyDirectory: assembly,
      ...(app ? { app } : {}),
      update: (detail) => console.error(detail),
      onWarning: (text) => console.error(text),
    });
    console.log(JSON.stringify({ env: emulator.aws.env, stacks: stacks.map(({ name }) => name), assembly }));
    await Promise.race([interrupted, emulator.died]);
  } finally {
    await emulator.stop();
  }
}

const [directory, app] = process.argv.slice(2);
if (!directory) {
  console.error('usage: npx tsx local/emulate.ts DIRECTORY [APP]');
  process.exitCode = 2;
} else {
  main(resolve(directory), app).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
