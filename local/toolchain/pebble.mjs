// @ts-check
import { join } from 'node:path';
import { runCommand } from '../launch/command.mjs';
import { withLock } from '../launch/install-lock.mjs';
import { fetchDebianPackages, isFetched } from './debian-packages.mjs';

/**
 * Let's Encrypt's small ACME server for tests, and the DNS server that it asks. Executables.
 *
 * @typedef {{ readonly pebble: string, readonly challengeTestServer: string }} Pebble
 */

/**
 * Pebble from Debian's archive, fetched once. Only tests need it.
 *
 * @param {object} options
 * @param {string} options.directory
 * @param {import('../launch/progress.mjs').Update} [options.update]
 * @param {AbortSignal} [options.signal]
 * @returns {Promise<Pebble>}
 */
export async function ensurePebble({ directory, update = () => {}, signal }) {
  const fetched = join(directory, 'pebble');
  const found = { pebble: join(fetched, 'pebble'), challengeTestServer: join(fetched, 'pebble-challtestsrv') };
  if (isFetched(fetched)) return found;
  await withLock(
    join(directory, 'pebble.lock'),
    async () => {
      if (isFetched(fetched)) return;
      await fetchDebianPackages({
        directory: fetched,
        what: 'Pebble',
        packages: ['pebble'],
        programs: ['usr/bin/pebble', 'usr/bin/pebble-challtestsrv'],
        update,
        signal,
        remedy: 'the tests of certificates by ACME need it.',
        check: async () => {
          const { output } = await runCommand(found.pebble, ['-version'], { signal, timeoutMs: 10_000 });
          return /version/i.test(output) ? undefined : output.trim().split('\n').at(-1);
        },
      });
    },
    { signal },
  );
  return found;
}
