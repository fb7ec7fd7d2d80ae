import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findImageAsset } from '../../../../local/tasks/runners/image/image-assets.js';
import { parseImage } from '../../../../local/tasks/runners/runner.js';

describe('an image asset', () => {
  const folder = mkdtempSync(join(tmpdir(), 'voicegate-assets-'));
  const stage = join(folder, 'assembly-Prod');
  mkdirSync(stage);
  const write = (directory: string, tag: string, source: object) =>
    writeFileSync(
      join(directory, `${tag}.assets.json`),
      JSON.stringify({ dockerImages: { [tag]: { source, destinations: {} } } }),
    );
  write(folder, 'aaa', { directory: 'asset.aaa' });
  write(stage, 'bbb', { directory: '../asset.bbb', dockerFile: 'docker/cpu', dockerBuildArgs: { A: '1' } });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is found by its tag, with the default name of the Dockerfile', () => {
    expect(findImageAsset(folder, 'aaa')).toMatchObject({
      directory: join(folder, 'asset.aaa'),
      dockerFile: 'Dockerfile',
    });
  });

  it('is found in a stage, relative to that, with its Dockerfile and build arguments', () => {
    expect(findImageAsset(folder, 'bbb')).toMatchObject({
      directory: join(folder, 'asset.bbb'),
      dockerFile: 'docker/cpu',
      buildArgs: { A: '1' },
    });
  });

  it('is not invented', () => {
    expect(findImageAsset(folder, 'ccc')).toBeUndefined();
    expect(findImageAsset(join(folder, 'none'), 'aaa')).toBeUndefined();
  });
});

describe('an image reference', () => {
  it.each([
    ['public.ecr.aws/nginx/nginx:1.30', 'public.ecr.aws/nginx/nginx', '1.30'],
    ['nginx', 'nginx', undefined],
    ['localhost:5000/nginx', 'localhost:5000/nginx', undefined],
    ['repo/nginx:1@sha256:abc', 'repo/nginx', '1'],
    ['repo/nginx@sha256:abc', 'repo/nginx', undefined],
  ])('%s is a repository and a tag', (image, repository, tag) => {
    expect(parseImage(image)).toEqual({ repository, tag });
  });
});
