// @ts-check
import { join } from 'node:path';
import { withLock } from '../launch/install-lock.mjs';
import { root } from '../launch/prepare.mjs';
import { together } from '../launch/together.mjs';
import { ensureNginx } from './nginx.mjs';
import { ensurePebble } from './pebble.mjs';
import { ensurePython } from './python.mjs';

/**
 * The tools of the local cloud, installed into the project's `.voicegate/` where they are missing. They are shared by all
 * starts of this project, whatever their state folder; a second call finds them in milliseconds. JavaScript without
 * packages: `npm start` installs them beside the npm packages.
 *
 * @param {object} [options]
 * @param {import('../launch/progress.mjs').Update} [options.update]
 * @param {boolean} [options.development] also what only the tests need: pytest, cfn-lint and the like; by default not
 * @param {AbortSignal} [options.signal]
 * @returns {Promise<import('../contracts.js').Tools>}
 */
export async function ensureTools({ update = () => {}, development = false, signal } = {}) {
  const directory = join(root, '.voicegate');
  return withLock(
    join(directory, 'tools.lock'),
    async () => {
      const [python, nginx] = await together(
        signal,
        (either) =>
          ensurePython({ directory, development, update: (detail) => update(`python, ${detail}`), signal: either }),
        (either) => ensureNginx({ directory, update: (detail) => update(`nginx, ${detail}`), signal: either }),
      );
      // Whoever needs it says what is wrong when it cannot be had.
      if (development) await ensurePebble({ directory, signal }).catch(() => undefined);
      return { python, ...nginx };
    },
    { signal },
  );
}
