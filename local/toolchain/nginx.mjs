// @ts-check
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runCommand } from '../launch/command.mjs';
import { Problem } from '../launch/problem.mjs';
import { fetchDebianPackages, isFetched } from './debian-packages.mjs';
import { njsVersion } from './njs-version.mjs';

/** `js_access` without worker crashes, and the QuickJS engine: the same versions that the gate's container asks for. */
const OLDEST_NJS = '1.0.0';

/** @typedef {Pick<import('../contracts.js').Tools, 'nginx' | 'nginxModules'>} Nginx */

/**
 * An nginx whose njs is new enough: the one that VOICEGATE_NGINX names, the one that was fetched before, one on PATH, or
 * one fetched from Debian's archive. Each is run before it is believed.
 *
 * @param {object} options
 * @param {string} options.directory
 * @param {import('../launch/progress.mjs').Update} options.update
 * @param {AbortSignal} [options.signal]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @returns {Promise<Nginx>}
 */
export async function ensureNginx(options) {
  const { directory, update, signal, env = process.env } = options;
  const named = env.VOICEGATE_NGINX;
  if (named) {
    const found = await check(named, signal);
    if ('nginx' in found) return found;
    throw new Problem(`VOICEGATE_NGINX=${named} ${found.refusal}: name another, or unset it.`);
  }

  const fetched = join(directory, 'nginx');
  if (isFetched(fetched)) return place(fetched);

  /** @type {string[]} */
  const refusals = [];
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const candidate = join(folder, 'nginx');
    if (folder === '' || !existsSync(candidate)) continue;
    update(`looking at ${candidate}`);
    const found = await check(candidate, signal);
    if ('nginx' in found) return found;
    refusals.push(`${candidate} ${found.refusal}`);
  }
  const looked = refusals.length > 0 ? ` (${refusals.join('; ')})` : '';
  await fetchDebianPackages({
    directory: fetched,
    what: 'nginx',
    packages: ['nginx', 'libnginx-mod-http-js'],
    programs: ['usr/sbin/nginx'],
    update,
    signal,
    remedy: `install nginx with njs ${OLDEST_NJS} or newer from https://nginx.org/en/download.html${looked} and name it in VOICEGATE_NGINX.`,
    check: async () => {
      const { nginx, nginxModules } = place(fetched);
      const version = await njsVersion(nginx, nginxModules, signal);
      return version !== undefined && isAtLeast(version, OLDEST_NJS) ? undefined : `njs ${version ?? 'missing'}`;
    },
  });
  return place(fetched);
}

/** @param {string} fetched @returns {Nginx} */
function place(fetched) {
  return { nginx: join(fetched, 'nginx'), nginxModules: join(fetched, 'root/usr/lib/nginx/modules') };
}

/**
 * @param {string} nginx
 * @param {AbortSignal} [signal]
 * @returns {Promise<Nginx | { readonly refusal: string }>}
 */
async function check(nginx, signal) {
  const { status, output } = await runCommand(nginx, ['-V'], { signal, timeoutMs: 10_000 });
  if (status !== 0) return { refusal: `does not run (${output.trim().split('\n').at(-1)})` };
  const compiled = /--modules-path=(\S+)/.exec(output)?.[1];
  const folders = [compiled, '/usr/lib/nginx/modules', '/usr/share/nginx/modules', '/usr/lib64/nginx/modules'];
  const modules = folders.find((folder) => folder && existsSync(join(folder, 'ngx_http_js_module.so')));
  if (!modules) return { refusal: 'has no njs module (ngx_http_js_module.so)' };
  const version = await njsVersion(nginx, modules, signal);
  if (version === undefined) return { refusal: 'has an njs without js_access' };
  if (!isAtLeast(version, OLDEST_NJS)) return { refusal: `has njs ${version}, and ${OLDEST_NJS} is needed` };
  return { nginx, nginxModules: modules };
}

/** @param {string} version @param {string} oldest */
export function isAtLeast(version, oldest) {
  const [a, b] = [version, oldest].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i += 1) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
