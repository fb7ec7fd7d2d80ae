import { constants, existsSync, readdirSync, statSync } from 'node:fs';
import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, posix, sep } from 'node:path';
import { matchesWildcard } from '../../../wildcard.js';
import type { PathMapping } from '../../localize.js';
import { cannot, type Step } from './step.js';

/** Bytes from which a file is linked instead of copied: models, which nobody writes to. */
const LINKED_FROM = 16 * 1024 * 1024;

/**
 * Makes what the steps put into the image, below a folder that stands for the container's `/`; what the app writes there
 * is its own task's. Returns which paths of the container lie in it: all others are this machine's.
 */
export async function makeRootFolder(steps: readonly Step[], context: string, root: string): Promise<PathMapping[]> {
  const paths = new Set<string>();
  const inRoot = (path: string): string => join(root, path);
  for (const step of steps) {
    if (step.kind === 'directory') {
      await mkdir(inRoot(step.path), { recursive: true });
      paths.add(step.path);
    } else if (step.kind === 'write') {
      await mkdir(dirname(inRoot(step.path)), { recursive: true });
      await writeFile(inRoot(step.path), step.content, { mode: 0o755 });
      paths.add(step.path);
    } else if (step.kind === 'copy') {
      for (const path of await copy(step, context, inRoot)) paths.add(path);
    }
  }
  paths.delete('/');
  return [...paths].map((containerPath) => ({ containerPath, folder: inRoot(containerPath) }));
}

/** Copies as Docker does; returns the paths inside the container that came of it. */
async function copy(
  step: Extract<Step, { kind: 'copy' }>,
  context: string,
  inRoot: (path: string) => string,
): Promise<string[]> {
  const { target, place } = step;
  const made: string[] = [];
  for (const source of step.sources) {
    const found = matching(context, source);
    if (found.length === 0) throw cannot(place, `${source} is not in the folder, or .dockerignore leaves it out`);
    for (const path of found) {
      const from = join(context, path);
      if (statSync(from).isDirectory()) {
        await copyTree(from, inRoot(target));
        // What lies at / stands for nothing else: /tmp or /usr must not become its folders.
        made.push(...(target === '/' ? readdirSync(from).map((name) => `/${name}`) : [target]));
        continue;
      }
      const isDirectory = statSync(inRoot(target), { throwIfNoEntry: false })?.isDirectory() ?? false;
      const into = step.intoDirectory || found.length > 1 || isDirectory;
      const to = into ? posix.join(target, posix.basename(path)) : target;
      await copyOne(from, inRoot(to));
      made.push(to);
    }
  }
  return made;
}

/** The files and directories of the context that a pattern names; none of them outside of it. */
function matching(context: string, pattern: string): string[] {
  const segments = posix.normalize(`/${pattern}`).split('/').filter(Boolean);
  let found = [''];
  for (const segment of segments) {
    found = found.flatMap((folder) => {
      if (!/[*?\\]/.test(segment)) return [posix.join(folder, segment)];
      const names = existsSync(join(context, folder)) ? readdirSync(join(context, folder)) : [];
      return names.filter((name) => matchesWildcard(segment, name)).map((name) => posix.join(folder, name));
    });
  }
  return found.filter((path) => existsSync(join(context, path)));
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const relative = entry.parentPath.slice(from.length).split(sep).join('/');
    const target = join(to, relative, entry.name);
    const source = join(entry.parentPath, entry.name);
    // A link counts as what it leads to.
    const status = statSync(source, { throwIfNoEntry: false });
    if (status?.isDirectory()) await mkdir(target, { recursive: true });
    else if (status?.isFile()) await copyOne(source, target);
  }
}

async function copyOne(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  if (statSync(from).size >= LINKED_FROM && !existsSync(to)) {
    try {
      return await link(from, to);
    } catch {
      // On another file system.
    }
  }
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}
