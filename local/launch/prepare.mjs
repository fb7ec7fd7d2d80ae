import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './install-lock.mjs';
import { installNodeModules, isInstalled } from './node-modules.mjs';
import { Problem } from './problem.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** What `npm test` and the command line need of what is not in the repository: npm packages, then the bundles. */
export async function prepare({ progress, development = false, signal }) {
  await installPackages({ progress, development, signal });
  await progress.step('bundles', buildBundles);
}

/**
 * Installs the npm packages where they are missing or not those of the lock file. With `development` also those that
 * only tests, linters and docs use.
 */
export async function installPackages({ progress, development = false, signal }) {
  await withLock(
    join(root, '.voicegate/install.lock'),
    async () => {
      if (isInstalled(root, { development })) return;
      await progress.step('npm packages', (update) => installNodeModules(root, { development, update, signal }));
    },
    { signal, onWait: waitNote(progress) },
  );
}

function waitNote(progress) {
  let told = false;
  return (pid) => {
    if (!told) progress.log(`Waiting for another start (process ${pid}) that is installing.`);
    told = true;
  };
}

/**
 * Builds the functions, the gate, the command line, the app and the local cloud into `dist/`: a second or two, and
 * nothing where they are of the code as it stands. Two may do so at once: each file appears whole.
 */
export async function buildBundles() {
  const { buildBundles: build } = await import('../../build.mjs');
  try {
    await build();
  } catch (error) {
    throw new Problem(`The bundles could not be built: ${error.message}`);
  }
}
