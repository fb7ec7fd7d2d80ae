import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

const PROGRAM = `
import { createStopper } from '${new URL('../../local/launch/stopper.mjs', import.meta.url)}';
const { signal } = createStopper({ onStop: console.log });
signal.addEventListener('abort', () => process.exit());
setInterval(() => {}, 1000);
console.log('up');
`;

it.each(['start', 'test'])('a program under npm %s stops when npm is gone', async (script) => {
  // As npm does it: a shell between.
  const npm = spawn('sh', ['-c', `"${process.execPath}" --input-type=module --eval "$PROGRAM" & wait`], {
    env: { ...process.env, PROGRAM, npm_lifecycle_event: script },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  // Ends with the program, which holds the pipe.
  for await (const line of createInterface({ input: npm.stdout })) {
    said.push(line);
    if (line === 'up') npm.kill('SIGKILL');
  }
  expect(said).toEqual(['up', 'npm is gone']);
});
