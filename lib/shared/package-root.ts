import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PACKAGE_NAME = 'voicegate';

/**
 * Absolute path of a built bundle, such as `lambda/authorizer`, both in a checkout (where this file is TypeScript) and
 * in the published package (where it lies under `dist/`).
 * @throws Error when the bundle has not been built.
 */
export function bundlePath(name: string): string {
  const path = join(packageRoot(__dirname), 'dist', name);
  if (!existsSync(path)) {
    throw new Error(`the bundle dist/${name} is missing: run "npm run build" in ${packageRoot(__dirname)}`);
  }
  return path;
}

/** The nearest folder, going up from `start`, whose package.json is this package's. */
export function packageRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && packageName(file) === PACKAGE_NAME) return folder;
    if (folder === dirname(folder)) throw new Error(`no package.json of "${PACKAGE_NAME}" in ${start} or above it`);
  }
}

function packageName(file: string): unknown {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof value === 'object' && value !== null && 'name' in value ? value.name : undefined;
}
