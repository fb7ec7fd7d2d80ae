import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { prepared, root } from './prepared';

describe('the packed file', () => {
  let folder = '';
  let names: readonly string[] = [];
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');

  beforeAll(() => {
    const directory = mkdtempSync(join(tmpdir(), 'voicegate-unpacked-'));
    execFileSync('tar', ['-xzf', prepared().file, '-C', directory]);
    folder = join(directory, 'package');
    names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  });

  it('holds the library, its assembly, every bundle, the command and the image', () => {
    expect(names).toEqual(
      expect.arrayContaining([
        '.jsii',
        'README.md',
        'CHANGELOG.md',
        'LICENSE',
        'dist/lib/index.js',
        'dist/lib/index.d.ts',
        'dist/lambda/authorizer/index.mjs',
        'dist/lambda/certificate/index.mjs',
        'dist/gate/pack.js',
        'dist/gate/program.js',
        'bin/cli.mjs',
        'dist/cli.js',
        'image/Dockerfile',
      ]),
    );
  });

  it('holds no test, no source in TypeScript, and nothing of the local cloud', () => {
    const strange = names.filter(
      (name) =>
        !/^(bin\/cli\.mjs|dist\/(lib|contract)\/([a-z]+\/)?[a-z0-9-]+\.(js|d\.ts)|dist\/(lambda\/[\w-]+\/index\.mjs|gate\/\w+\.js|gate\/container\/[\w-]+\.(sh|conf|js)|cli\.js)|image\/[^.].*|image\/\.dockerignore|\.jsii|package\.json|README(\.zh-CN)?\.md|CHANGELOG\.md|LICENSE|API\.md)$/.test(
          name,
        ) || /(^|\/)(tests?|__pycache__|local|bench|examples)(\/|$)/.test(name),
    );
    expect(strange).toEqual([]);
  });

  it('names no folder of the machine that built it', () => {
    const mine = [root, homedir(), tmpdir()].filter((path) => path.length > 1).map((path) => `${path}/`);
    const maps = (content: string) =>
      [...content.matchAll(/sourceMappingURL=data:application\/json;base64,([\w+/=]+)/g)].map(([, map = '']) =>
        Buffer.from(map, 'base64').toString(),
      );
    const telling = names.filter((name) => {
      const content = text(name);
      // What a map calls a source is a path; the text of the source may well speak of /root or /tmp.
      const paths = maps(content).flatMap((map) => {
        const { sources, sourceRoot } = JSON.parse(map) as { sources: string[]; sourceRoot?: string };
        return [...sources, sourceRoot ?? ''];
      });
      return (
        content.includes(`${root}/`) ||
        paths.some((path) => path.startsWith('/') || mine.some((one) => path.includes(one)))
      );
    });
    expect(telling).toEqual([]);
    expect(names.filter((name) => name.endsWith('.map'))).toEqual([]);
  });

  it('asks for peers only, and installs nothing else', () => {
    const manifest = JSON.parse(text('package.json')) as Readonly<Record<string, unknown>>;
    expect(manifest.dependencies).toBeUndefined();
    expect(Object.keys(manifest.peerDependencies as object).sort()).toEqual(['aws-cdk-lib', 'constructs']);
  });

  it('stays below 6 MB, of which the voices of the image are 3, so that an install is quick', () => {
    expect(statSync(prepared().file).size).toBeLessThan(6_000_000);
  });

  it('runs the command line with nothing but Node.js', () => {
    const said = execFileSync(process.execPath, [join(folder, 'bin/cli.mjs'), '--version'], {
      encoding: 'utf8',
      cwd: folder,
    });
    expect(said.trim()).toBe((JSON.parse(text('package.json')) as { version: string }).version);
  });
});
