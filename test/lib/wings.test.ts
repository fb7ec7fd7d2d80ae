import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../lib/shared/package-root';

const root = packageRoot(__dirname);
const lib = join(root, 'lib');

/** Wings, each of which imports only from those before it. */
const ORDER = ['shared', 'authorizer', 'gate', 'edge', 'firewall', 'service'];

/** What a file of a folder imports by relative paths, from the root of the project. */
function imports(folder: string): { readonly from: string; readonly to: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const path = join(root, folder, file);
      const targets = [...readFileSync(path, 'utf8').matchAll(/ from '(\.[^']*)';/g)];
      return targets.map(([, target]) => ({
        from: relative(root, path),
        to: relative(root, resolve(dirname(path), String(target))),
      }));
    });
}

const wing = (path: string) => relative(lib, join(root, path)).split('/')[0] ?? '';

describe('lib/', () => {
  it('imports between its wings in one direction', () => {
    const back = imports('lib').filter(({ from, to }) => {
      if (from === 'lib/index.ts' || !to.startsWith('lib/')) return false;
      return ORDER.indexOf(wing(from)) < ORDER.indexOf(wing(to));
    });
    expect(back).toEqual([]);
    expect(readdirSync(lib).sort()).toEqual([...ORDER, 'index.ts'].sort());
  });

  it('imports from no other room but contract/', () => {
    expect(imports('lib').filter(({ to }) => !/^(lib|contract)\//.test(to))).toEqual([]);
  });
});

describe('bin/', () => {
  it('imports of lib/ only what a consumer of the package can', () => {
    const taken = imports('bin').filter(({ to }) => to === 'lib' || to.startsWith('lib/'));
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.filter(({ to }) => to !== 'lib')).toEqual([]);
  });
});
