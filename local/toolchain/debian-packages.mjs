// @ts-check
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runCommand, saysNoNetwork } from '../launch/command.mjs';
import { lastLines } from '../launch/node-modules.mjs';
import { Problem } from '../launch/problem.mjs';

/** The first release of Debian whose njs is new enough. */
const SUITE = 'forky';
const KEYRINGS = ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-keyring.pgp'];
const DEFAULT_MIRROR = 'http://deb.debian.org/debian';

/**
 * @typedef {object} FetchOptions
 * @property {string} directory emptied first; holds the unpacked packages afterwards
 * @property {string} what what is fetched, for messages
 * @property {readonly string[]} packages
 * @property {readonly string[]} programs programs of theirs, as paths such as `usr/sbin/nginx`: each becomes an
 *   executable of its name in `directory`
 * @property {import('../launch/progress.mjs').Update} update
 * @property {AbortSignal} [signal]
 * @property {string} remedy what somebody can do who cannot have it this way
 * @property {(root: string) => Promise<string | undefined>} check says what is wrong with what was fetched, if anything
 */

/**
 * Fetches packages from Debian's archive with apt, as any user: apt gets folders of its own, its signature check stays
 * on, and nothing is installed into the system. The programs run by the C library that was fetched with them.
 *
 * @param {FetchOptions} options
 */
export async function fetchDebianPackages(options) {
  const { directory, what, packages, programs, update, signal, remedy } = options;
  /** @param {string} tool @param {readonly string[]} args */
  const call = (tool, args) => fetchStep(tool, args, options);
  const keyring = await requirements(options);
  rmSync(directory, { recursive: true, force: true });
  const apt = await privateApt(directory, keyring, signal);

  update(`package list of Debian ${SUITE}`);
  await call('apt-get', [...apt, '-q', '-o', 'APT::Update::Error-Mode=any', 'update']);
  update('downloading');
  await call('apt-get', [...apt, '-y', '-q', '--download-only', 'install', ...packages, 'libc6']);
  update('unpacking');
  const archives = join(directory, 'apt/cache/archives');
  const target = join(directory, 'root');
  mkdirSync(target);
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    await call('dpkg-deb', ['-x', join(archives, file), target]);
  }
  rmSync(join(directory, 'apt'), { recursive: true });

  for (const program of programs) writeWrapper(directory, target, program);
  update('trying it');
  const wrong = await options.check(target);
  signal?.throwIfAborted();
  if (wrong) throw new Problem(`The ${what} of Debian ${SUITE} does not run here (${wrong}): ${remedy}`);
  writeFileSync(join(directory, 'checked'), '');
}

/**
 * Whether the folder holds what was fetched before: its mark is written last, after it was seen running.
 *
 * @param {string} directory
 */
export function isFetched(directory) {
  return existsSync(join(directory, 'checked'));
}

/** @param {FetchOptions} options */
async function requirements(options) {
  const { what, signal } = options;
  for (const tool of ['apt-get', 'dpkg-deb']) {
    const { status } = await runCommand(tool, ['--version'], { signal });
    if (status !== 0) throw missing(tool, options);
  }
  const keyring = KEYRINGS.find((file) => existsSync(file));
  if (!keyring) {
    throw new Problem(
      `${what} comes from Debian's archive, and the keys that sign it are not here: ` +
        'run "sudo apt-get install debian-archive-keyring" and start again.',
    );
  }
  return keyring;
}

/** @param {string} tool @param {Pick<FetchOptions, 'what' | 'remedy'>} options */
function missing(tool, { what, remedy }) {
  return new Problem(`There is no usable ${what} here and no ${tool} to fetch one from Debian's archive: ${remedy}`);
}

/**
 * Options that give apt its own lists, cache and sources, and leave the system's proxy and certificate settings.
 *
 * @param {string} directory
 * @param {string} keyring
 * @param {AbortSignal} [signal]
 */
async function privateApt(directory, keyring, signal) {
  const apt = join(directory, 'apt');
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'etc']) {
    mkdirSync(join(apt, folder), { recursive: true });
  }
  writeFileSync(join(apt, 'state/status'), '');
  writeFileSync(join(apt, 'etc/sources.list'), `deb [signed-by=${keyring}] ${await mirror(signal)} ${SUITE} main\n`);
  const settings = {
    'Dir::State': join(apt, 'state'),
    'Dir::State::status': join(apt, 'state/status'),
    'Dir::Cache': join(apt, 'cache'),
    'Dir::Etc::sourcelist': join(apt, 'etc/sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferences': '-',
    'Dir::Etc::preferencesparts': '-',
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': '',
    // Hooks of the system, such as a container's clean-up of downloaded archives, act as root on root's folders.
    'APT::Update::Post-Invoke': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '20',
    'Acquire::https::Timeout': '20',
    'Debug::NoLocking': '1',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/**
 * The mirror that this system's apt uses for Debian, or Debian's own.
 *
 * @param {AbortSignal} [signal]
 */
async function mirror(signal) {
  const { status, stdout } = await runCommand('apt-get', ['indextargets', '--format', '$(SITE)'], { signal });
  const sites = status === 0 ? stdout.split('\n').map((line) => line.trim().replace(/\/$/, '')) : [];
  return sites.find((site) => /^https?:\S+\/debian$/.test(site)) ?? DEFAULT_MIRROR;
}

/** @param {string} command @param {readonly string[]} args @param {FetchOptions} options */
async function fetchStep(command, args, { what, remedy, signal }) {
  const { status, output, errorCode } = await runCommand(command, args, {
    signal,
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (status === 0) return;
  signal?.throwIfAborted();
  if (errorCode !== undefined) throw missing(command, { what, remedy });
  if (saysNoNetwork(output)) {
    throw new Problem(
      `${what} could not be fetched, since Debian's archive cannot be reached: check the network or apt's proxy and start again.`,
    );
  }
  throw new Problem(`Fetching ${what} by ${command} failed with ${lastLines(output)}`);
}

/**
 * An executable that starts a fetched program by the loader and libraries fetched with it.
 *
 * @param {string} directory
 * @param {string} target
 * @param {string} program
 */
function writeWrapper(directory, target, program) {
  const libraries = join(target, 'usr/lib');
  const triplet = readdirSync(libraries).find((name) => existsSync(join(libraries, name, 'libc.so.6')));
  const loader = triplet && readdirSync(join(libraries, triplet)).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
  if (!triplet || !loader)
    throw new Problem(
      `The C library of Debian ${SUITE} was not found in ${libraries}: remove ${directory} and start again.`,
    );
  const path = join(libraries, triplet);
  const quoted = [join(path, loader), '--library-path', path, join(target, program)].map(quote).join(' ');
  const wrapper = join(directory, basename(program));
  writeFileSync(wrapper, `#!/bin/sh\nexec ${quoted} "$@"\n`);
  chmodSync(wrapper, 0o755);
}

/** @param {string} text */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
