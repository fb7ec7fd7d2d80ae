import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../../local/launch/command.mjs';
import { fetchDebianPackages, isFetched } from '../../../local/toolchain/debian-packages.mjs';
import { ensureTools } from '../../../local/toolchain/index.mjs';
import { ensureUv, pipInstallByUv } from '../../../local/toolchain/uv.mjs';
import type { Client } from './catalogue';

/** How an installed client is started. */
export interface Installed {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Installs a client into a folder of its own below `directory`. */
export async function installClient(client: Client, directory: string): Promise<Installed> {
  const folder = join(directory, client.program);
  mkdirSync(folder, { recursive: true });
  const { program } = client;
  if (program.endsWith('.mjs')) {
    // Modules are looked for from where the program lies.
    cpSync(join(__dirname, 'node'), folder, { recursive: true });
    const npm = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--no-save', '--prefix', folder];
    await done('npm', [...npm, ...client.packages]);
    return { command: [process.execPath, join(folder, program)], env: {} };
  }
  const { python: ours } = await ensureTools({ development: true });
  if (!(await ensureUv(ours))) throw new Error('uv cannot be installed here');
  const version = await versionOf(ours);
  const isOlder = client.python !== undefined && Number(version.split('.')[1]) < Number(client.python.split('.')[1]);
  const python = isOlder ? await newerPython(directory) : { program: ours, version };
  // Nothing can be built for another Python than the one that installs.
  const how = isOlder ? ['--python-version', python.version, '--only-binary', ':all:'] : [];
  const { status, output } = await pipInstallByUv(ours, ['--target', folder, ...how, ...client.packages]);
  if (status !== 0) throw new Error(`it cannot be installed for Python ${python.version}: ${output.slice(-1_000)}`);
  return {
    command: [python.program, join(__dirname, 'python', program)],
    env: { PYTHONPATH: folder, CLIENT_PYTHON: python.program, PYTHONDONTWRITEBYTECODE: '1' },
  };
}

/** Debian's newest Python, for clients that ours is too old for. */
async function newerPython(directory: string): Promise<{ readonly program: string; readonly version: string }> {
  const folder = join(directory, 'python');
  const program = join(folder, 'python3');
  if (!isFetched(folder)) {
    await fetchDebianPackages({
      directory: folder,
      what: 'Python',
      packages: ['python3'],
      programs: ['usr/bin/python3'],
      update: () => undefined,
      remedy: 'some clients need Python 3.12 or newer.',
      check: async () => (/^3\./.test(await versionOf(program)) ? undefined : 'it prints no version'),
    });
  }
  return { program, version: await versionOf(program) };
}

async function versionOf(python: string): Promise<string> {
  return (await runCommand(python, ['-c', 'import platform; print(platform.python_version())'])).stdout.trim();
}

async function done(command: string, args: readonly string[]): Promise<void> {
  const { status, output } = await runCommand(command, args);
  if (status !== 0) throw new Error(`${command} ${args[0]} failed: ${output.slice(-1_000)}`);
}
