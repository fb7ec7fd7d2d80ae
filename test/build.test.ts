import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../local/launch/prepare.mjs';

describe('bundles', () => {
  let copy = '';
  let isFresh: () => boolean;

  beforeAll(async () => {
    copy = mkdtempSync(join(tmpdir(), 'voicegate-build-'));
    const record = 'dist/bundles.json';
    const names = Object.keys(JSON.parse(readFileSync(join(root, record), 'utf8')) as object);
    for (const name of [record, ...names]) cpSync(join(root, name), join(copy, name));
    // A copy of the script looks after the folder in which it is.
    ({ isFresh } = await import(pathToFileURL(join(copy, 'build.mjs')).href));
  });

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('are not built again while neither they nor what they are made of has changed', () => {
    expect(isFresh()).toBe(true);
  });

  it.each([
    ['the code of the command line', 'bin/cli.ts'],
    ['the code of a Lambda', 'lambda/authorizer/index.ts'],
    ['a template of the gate', 'gate/container/nginx.conf'],
    ['the app', 'bin/voicegate.ts'],
    ['the lock file', 'package-lock.json'],
    ['a bundle', 'dist/lambda/authorizer/index.mjs'],
    ['a copied template', 'dist/gate/container/nginx.conf'],
  ])('are built again when %s has changed or is missing', (_, name) => {
    const file = join(copy, name);
    const before = readFileSync(file);
    appendFileSync(file, ' ');
    expect(isFresh()).toBe(false);
    rmSync(file);
    expect(isFresh()).toBe(false);
    writeFileSync(file, before);
    expect(isFresh()).toBe(true);
  });
});
