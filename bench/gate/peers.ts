/** Where peers come from: the system's packages, and folders of the benchmark's own for PyPI and npm. */

import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Missing, run } from './processes';
import { benchDirectory } from './world';

/** @throws Missing naming the Debian package that has the program. */
export function programOnPath(name: string, debianPackage: string): string {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  throw new Missing(
    `${name} is not installed here: "apt-get install --no-install-recommends ${debianPackage}" has it.`,
  );
}

let python: Promise<{ readonly bin: string }> | undefined;
let node: Promise<{ readonly modules: string }> | undefined;

/** A virtual environment with what programs/requirements.txt lists. @throws Missing when it cannot be made here. */
export function pythonPeers(): Promise<{ readonly bin: string }> {
  python ??= (async () => {
    const requirements = join(import.meta.dirname, 'programs/requirements.txt');
    const directory = join(benchDirectory, 'venv');
    const bin = join(directory, 'bin');
    await onceFor(directory, readFileSync(requirements, 'utf8'), 'PyPI', async () => {
      await run('python3', ['-m', 'venv', directory], { timeout: 120_000 });
      const args = ['install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
      await run(join(bin, 'pip'), args, { timeout: 300_000 });
    });
    return { bin };
  })();
  return python;
}

/** A folder with what programs/node-peers.json lists. @throws Missing when it cannot be made here. */
export function nodePeers(): Promise<{ readonly modules: string }> {
  node ??= (async () => {
    const manifest = readFileSync(join(import.meta.dirname, 'programs/node-peers.json'), 'utf8');
    const directory = join(benchDirectory, 'node');
    await onceFor(directory, manifest, 'npm', async () => {
      writeFileSync(join(directory, 'package.json'), manifest);
      const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts'];
      await run('npm', args, { cwd: directory, timeout: 300_000 });
    });
    return { modules: join(directory, 'package.json') };
  })();
  return node;
}

/** Fills a folder unless it was filled for the same list before; the mark is written last. */
async function onceFor(directory: string, list: string, registry: string, fill: () => Promise<void>): Promise<void> {
  const mark = join(directory, 'installed');
  const wanted = createHash('sha256').update(list).digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return;
  process.stderr.write(`installing peers from ${registry} into .voicegate/bench\n`);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  try {
    await fill();
  } catch (error) {
    const cause = error instanceof Error ? error.message.split('\n').at(-1) : String(error);
    throw new Missing(`its packages could not be installed from ${registry} (${cause}).`);
  }
  writeFileSync(mark, wanted);
}
