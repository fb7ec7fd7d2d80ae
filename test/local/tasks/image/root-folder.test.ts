import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localizePath } from '../../../../local/tasks/localize.js';
import { readDockerfile } from '../../../../local/tasks/runners/image/dockerfile.js';
import { makeRootFolder } from '../../../../local/tasks/runners/image/root-folder.js';

describe('the folder that stands for the root of a container', () => {
  let folder = '';
  const context = (files: readonly string[]) => {
    for (const file of files) {
      const path = join(folder, 'context', file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `content of ${file}`);
    }
  };
  const make = async (lines: string) => {
    const { steps } = readDockerfile(`FROM python:3\n${lines}`, { name: 'Dockerfile' });
    const paths = await makeRootFolder(steps, join(folder, 'context'), join(folder, 'root'));
    return {
      text: (path: string) => readFileSync(localizePath(path, { paths }), 'utf8'),
      where: (path: string) => localizePath(path, { paths }).replace(join(folder, 'root'), 'ROOT'),
    };
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'voicegate-root-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('has files where COPY puts them, whatever they are called in the folder', async () => {
    context(['src/app.py', 'src/voices/a.bin', 'config.json', 'run.sh']);
    const { text, where } = await make(
      'WORKDIR /app\nCOPY src/ .\nCOPY config.json settings.json\nCOPY run.sh /usr/local/bin/\nCOPY src/voices /data/voices',
    );
    expect(text('/app/app.py')).toBe('content of src/app.py');
    expect(text('/app/voices/a.bin')).toBe('content of src/voices/a.bin');
    expect(text('/app/settings.json')).toBe('content of config.json');
    expect(text('/usr/local/bin/run.sh')).toBe('content of run.sh');
    expect(text('/data/voices/a.bin')).toBe('content of src/voices/a.bin');
    // What the image did not bring is this machine's.
    expect(where('/usr/bin/env')).toBe('/usr/bin/env');
    expect(where('/usr/local/bin/other')).toBe('/usr/local/bin/other');
  });

  it('follows wildcards, links, and a target that exists', async () => {
    context(['a.py', 'b.py', 'c.txt', 'deep/d1/x', 'deep/d2/x']);
    symlinkSync('c.txt', join(folder, 'context/link.txt'));
    const { text } = await make('WORKDIR /app\nCOPY *.py ./\nCOPY c.tx? /app\nCOPY link.txt .\nCOPY deep/*/x /one/');
    expect(text('/app/b.py')).toBe('content of b.py');
    expect(text('/app/c.txt')).toBe('content of c.txt');
    expect(text('/app/link.txt')).toBe('content of c.txt');
    expect(text('/one/x')).toBe('content of deep/d2/x');
  });

  it('of an image without WORKDIR has the files of the folder, and not all of this machine', async () => {
    context(['app.py', 'tmp/mine']);
    const { text, where } = await make('COPY . .');
    expect(text('/app.py')).toBe('content of app.py');
    expect(text('/tmp/mine')).toBe('content of tmp/mine');
    expect(where('/usr/bin/env')).toBe('/usr/bin/env');
  });

  it('takes nothing from outside of the folder', async () => {
    context(['app.py']);
    writeFileSync(join(folder, 'secret'), 'secret');
    await expect(make('COPY ../secret /app/')).rejects.toThrow(
      'Dockerfile, line 2: "COPY ../secret /app/" cannot be done without Docker: ../secret is not in the folder, or .dockerignore leaves it out',
    );
  });

  it('is its own: what the app writes changes no file of the folder; models are linked, not copied', async () => {
    context(['app.py', 'model.bin']);
    truncateSync(join(folder, 'context/model.bin'), 20e6);
    await make('COPY . /app');
    writeFileSync(join(folder, 'root/app/app.py'), 'changed');
    expect(readFileSync(join(folder, 'context/app.py'), 'utf8')).toBe('content of app.py');
    expect(statSync(join(folder, 'root/app/model.bin')).ino).toBe(statSync(join(folder, 'context/model.bin')).ino);
    expect(existsSync(join(folder, 'root/app/app.py'))).toBe(true);
  });
});
