// Started by emulator.test.ts, which kills it: an emulator that a process holds until it is gone.
import { startEmulator } from '../../local/emulator/index.js';
import { ensureTools } from '../../local/toolchain/index.mjs';

async function main(directory: string): Promise<void> {
  const { python } = await ensureTools();
  const { aws, pid } = await startEmulator({ python, directory });
  console.log(JSON.stringify({ aws, pid }));
  setInterval(() => {}, 60_000);
}

void main(process.argv[2] ?? '');
