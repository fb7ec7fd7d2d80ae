// Started by killed-parent.test.ts, which kills it: a gate that a process holds until it is gone.
import { buildGate, gateOptions } from './bundle';
import { GateContainers } from './gate';

async function main(): Promise<void> {
  const { packGate } = await buildGate();
  const gate = new GateContainers(packGate(gateOptions()), { upstreamPort: 9, lambdaUrl: 'http://127.0.0.1:9' });
  const { code, output } = await gate.init();
  if (code !== 0) throw new Error(output);
  await gate.start();
  while ((await gate.health()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  console.log(JSON.stringify({ pid: gate.pid, directory: gate.directory }));
}

void main();
