import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './install-lock.mjs';
import { installNodeModules, isInstalled } from './node-modules.mjs';
import { Problem } from './problem.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Installs the npm packages where they are missing or not those of the lock file, builds the bundles, and lets Node load TypeScript. */
export async function prepare({ progress, signal }) {
  await withLock(
    join(root, '.voicegate/install.lock'),
    async () => {
      if (!isInstalled(root)) {
        await progress.step('npm packages', (update) => installNodeModules(root, { update, signal }));
      }
      await progress.step('bundles', buildBundles);
    },
    { signal, onWait: waitNote(progress) },
  );
  const { register } = await import('tsx/esm/api');
  register();
}

function waitNote(progress) {
  let told = false;
  return (pid) => {
    if (!told) progress.log(`Waiting for another start (process ${pid}) that is installing.`);
    told = true;
  };
}

async function buildBundles() {
  const { buildBundles: build } = await import('../../build.mjs');
  try {
    await build();
  } catch (error) {
    throw new Problem(`The bundles could not be built: ${error.message}`);
  }
  for (const bundle of ['dist/lambda/authorizer/index.mjs', 'dist/gate/program.js', 'dist/cli.js']) {
    if (!existsSync(join(root, bundle)))
      throw new Problem(`The build made no ${bundle}: run "node build.mjs bundles" to see why.`);
  }
}
