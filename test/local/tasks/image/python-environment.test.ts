import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../../../local/launch/prepare.mjs';
import { ensurePythonWith } from '../../../../local/tasks/runners/image/python-environment.js';

/** Makes a wheel, so that pip needs no network. */
const MAKE_WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + '/voices-1.0-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('voices.py', 'NAME = "xiaoxiao"')
    wheel.writestr('voices-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: voices\\nVersion: 1.0\\n')
    wheel.writestr('voices-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr('voices-1.0.dist-info/RECORD', '')
`;

/** What an image of Python has besides itself: setuptools until 3.11. */
const BROUGHT = "import sys; print('pip', *['setuptools'] * (sys.version_info < (3, 12)))";
const HAS = `
import importlib.util
print(*[name for name in ('pip', 'setuptools') if importlib.util.find_spec(name)])`;

describe('the Python environment of an image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'voicegate-python-'));
  const python = join(folder, 'venv', 'bin', 'python');
  const progress: string[] = [];
  const ensure = (files: Record<string, string>, packages: string[] = []) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const args = [...Object.keys(files).flatMap((name) => ['-r', name]), ...packages];
    return ensurePythonWith(python, [{ args, directory: folder, locate: (path) => path }], 'context', {
      onProgress: (text) => progress.push(text),
      signal: new AbortController().signal,
    });
  };

  beforeAll(() => {
    const wheels = join(folder, 'wheels');
    mkdirSync(wheels);
    execFileSync('python3', ['-c', MAKE_WHEEL, wheels]);
    execFileSync('python3', [join(root, 'local/toolchain/make_environment.py'), join(folder, 'venv'), 'pip']);
    process.env.PIP_NO_INDEX = '1';
    process.env.PIP_FIND_LINKS = wheels;
  });
  afterAll(() => {
    delete process.env.PIP_NO_INDEX;
    delete process.env.PIP_FIND_LINKS;
    rmSync(folder, { recursive: true, force: true });
  });

  it('is the given one when nothing is missing', async () => {
    expect(await ensure({ 'empty.txt': '# nothing\n' })).toBe(python);
    expect(progress).toEqual([]);
  });

  it('is the given one when all that applies is installed, with hashes or without', { timeout: 90_000 }, async () => {
    const pip = execFileSync(python, ['-c', 'import pip; print(pip.__version__)'], { encoding: 'utf8' }).trim();
    const hash = `--hash=sha256:${'0'.repeat(64)}`;
    const text = `pip==${pip} \\\n    ${hash} \\\n    ${hash}\nvoices==1.0 ; python_version < '3'\n`;
    expect(await ensure({ 'hashed.txt': text })).toBe(python);
  });

  it('is one of its own when packages are missing, made once and told with progress', { timeout: 90_000 }, async () => {
    const [own, same] = await Promise.all([ensure({ 'r.txt': 'voices==1.0\n' }), ensure({ 'r.txt': 'voices==1.0\n' })]);
    expect(own).not.toBe(python);
    expect(same).toBe(own);
    expect(execFileSync(own, ['-c', 'import voices; print(voices.NAME)'], { encoding: 'utf8' }).trim()).toBe(
      'xiaoxiao',
    );
    expect(progress[0]).toBe('installing the Python packages of the image');
    progress.length = 0;
    expect(await ensure({ 'r.txt': 'voices==1.0\n' })).toBe(own);
    expect(progress).toEqual([]);
    const brought = execFileSync(python, ['-c', BROUGHT], { encoding: 'utf8' });
    expect(execFileSync(own, ['-c', HAS], { encoding: 'utf8' })).toBe(brought);
    // The given environment, which also runs the emulator, stays as it was.
    expect(() => execFileSync(python, ['-c', 'import voices'], { stdio: 'ignore' })).toThrow();
  });

  it('says which package could not be installed', { timeout: 90_000 }, async () => {
    await expect(ensure({}, ['no-such-voices==9'])).rejects.toThrow(/could not install .*no-such-voices==9/);
  });

  it('says which file is missing', async () => {
    const options = { onProgress: () => undefined, signal: new AbortController().signal };
    await expect(
      ensurePythonWith(
        python,
        [{ args: ['-r', '/none/r.txt'], directory: folder, locate: (path) => path }],
        '',
        options,
      ),
    ).rejects.toThrow('/none/r.txt does not exist');
  });
});
