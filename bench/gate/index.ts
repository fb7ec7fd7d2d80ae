/**
 * The gate against its peers: `npm run bench` writes docs/benchmarks.md; `npm run bench -- --json` also prints the
 * figures that tell most as one line of JSON, and with `--quick` measures nothing else, in less than a minute.
 */

import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { full } from './full';
import { quick } from './quick';
import { markdown } from './report';
import { root, startWorld } from './world';

const USAGE = 'npm run bench [-- --quick] [-- --json]';

/** Cores that other programs may want, on average over a minute, without spoiling what is measured. */
const QUIET = 0.5;

async function main(): Promise<number> {
  const begun = Date.now();
  let options: { readonly json?: boolean; readonly quick?: boolean };
  try {
    options = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nUsage: ${USAGE}`);
    return 2;
  }
  const [otherLoad = 0] = loadavg();
  if (otherLoad > QUIET) {
    process.stderr.write(
      `other programs want ${otherLoad.toFixed(1)} cores, more than ${QUIET}: what is measured now says little\n`,
    );
  }
  const world = await startWorld();
  try {
    if (options.quick) {
      const figures = await quick(world, begun);
      console.log(options.json ? JSON.stringify(figures) : figures);
      return 0;
    }
    const report = await full(world);
    writeFileSync(join(root, 'docs/benchmarks.md'), markdown(report));
    if (options.json) console.log(JSON.stringify(report.figures));
    else console.log('docs/benchmarks.md is written');
    return 0;
  } finally {
    await world.stop();
  }
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(`bench: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  },
);
