// `npm run test:slow`: what takes too long for `npm test`. Expects what `npm test` installs; needs about half an hour.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from '../local/launch/prepare.mjs';
import { createProgress } from '../local/launch/progress.mjs';
import { createStopper } from '../local/launch/stopper.mjs';
import { createRunner } from './runner/runner.mjs';

const CHECKS = [
  // Ten minutes of faults: see docs/gate.md.
  { label: 'soak', command: ['tsx', 'test/slow/soak.ts', '10'] },
  // The clients that people have, installed and run: see docs/clients.md.
  { label: 'clients', command: ['tsx', 'test/slow/clients.ts'] },
  // A fleet at full size: no quota is exceeded. See docs/quotas.md.
  { label: 'quota simulation', command: ['tsx', 'test/slow/quota-simulation.ts'] },
  // Guessing and floods: see docs/abuse.md.
  { label: 'abuse', command: ['tsx', 'bench/abuse.ts'] },
  // Thirty times as many requests as in `npm test`, read by the meter and by Flask.
  {
    label: 'meter and Flask',
    command: ['env', 'VOICEGATE_TEST_RUNS=100000', 'vitest', 'run', '--project=nginx', 'test/gate/metering-property'],
  },
  // What jsii makes of the package for other languages: see docs/library.md.
  { label: 'build', command: ['node', 'build.mjs'] },
  { label: 'Java, Go, .NET', command: ['node', 'test/slow/languages.mjs'] },
];

const progress = createProgress({ stream: process.stdout, lineEvery: 60_000 });
const stopper = createStopper({ onStop: (why) => progress.log(`${why}: stopping.`) });
await prepare({ progress, development: true, signal: stopper.signal });
const directory = mkdtempSync(join(tmpdir(), 'voicegate-slow-'));
const runner = createRunner({ progress, signal: stopper.signal, directory });
try {
  for (const check of CHECKS) await runner.check(check, { live: true });
} finally {
  rmSync(directory, { recursive: true, force: true });
}
const { passed, failed } = runner.result();
progress.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
