import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { claimInstance } from '../../local/instance.js';
import { startTime, withLock } from '../../local/launch/install-lock.mjs';
import { installNodeModules, isInstalled } from '../../local/launch/node-modules.mjs';
import { parseOptions } from '../../local/launch/options.mjs';
import { checkPorts } from '../../local/launch/ports.mjs';
import { findPython } from '../../local/launch/python.mjs';
import { together } from '../../local/launch/together.mjs';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'voicegate-launch-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** The number of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  return child.pid ?? 0;
}

describe('the options', () => {
  it('have defaults, take the environment, and prefer the flag', () => {
    expect(parseOptions([], {})).toMatchObject({
      httpPort: 8080,
      httpsPort: 8443,
      wafDelay: 10,
      fresh: false,
      json: false,
      context: {},
    });
    expect(parseOptions([], { VOICEGATE_HTTP_PORT: '81', VOICEGATE_STATE_DIR: '/s' })).toMatchObject({
      httpPort: 81,
      stateDirectory: '/s',
    });
    expect(parseOptions(['--http-port', '0'], { VOICEGATE_HTTP_PORT: '81' }).httpPort).toBe(0);
  });

  it('pass CDK context on as it is given, with equals signs in the value', () => {
    expect(parseOptions(['-c', 'a=1', '--context', 'b=x=y', '-c', 'c='], {}).context).toEqual({
      a: '1',
      b: 'x=y',
      c: '',
    });
  });

  it('take a relative state folder from where the person is, not from where npm goes', () => {
    const env = { npm_lifecycle_event: 'start', INIT_CWD: '/somewhere' };
    expect(parseOptions(['--state-dir', 'x'], env).stateDirectory).toBe('/somewhere/x');
  });

  it.each([
    [['--htp-port', '1'], /Unknown option --htp-port; allowed are .*--http-port/],
    [['now'], /takes options only/],
    [['--http-port', '70000'], /--http-port must be a whole number from 0 to 65535, got "70000"/],
    [['--https-port', '-1'], /--https-port/],
    [['--waf-delay', '1.5'], /--waf-delay must be a whole number/],
    [['-c', 'novalue'], /KEY=VALUE, got "novalue"/],
    [['--http-port', '9', '--https-port', '9'], /both 9/],
  ])('refuse %j with a sentence and exit code 2', (args, message) => {
    expect(() => parseOptions(args, {})).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), exitCode: 2 }),
    );
  });
});

describe('a port that is taken', () => {
  it('is named together with its flag', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    try {
      await expect(checkPorts({ httpPort: 0, httpsPort: port })).rejects.toThrow(
        `Port ${port} is taken by another program: give another one with --https-port`,
      );
    } finally {
      server.close();
    }
    await checkPorts({ httpPort: port, httpsPort: 0 });
  });
});

describe('the install lock', () => {
  it('lets one in at a time', async () => {
    const file = join(directory, 'lock');
    let inside = 0;
    let most = 0;
    const work = () =>
      withLock(file, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 30));
        inside -= 1;
      });
    await Promise.all([work(), work(), work()]);
    expect(most).toBe(1);
    expect(existsSync(file)).toBe(false);
  });

  it('is taken over from a process that is gone, and from an earlier one of the same number', async () => {
    const file = join(directory, 'lock');
    writeFileSync(file, `${await endedProcess()} 0\n`);
    await expect(withLock(file, async () => 'in')).resolves.toBe('in');
    if (startTime(process.pid) === '0') return;
    writeFileSync(file, `${process.pid} 1\n`);
    await expect(withLock(file, async () => 'in')).resolves.toBe('in');
  });

  it('is given back when the work fails', async () => {
    const file = join(directory, 'lock');
    await expect(withLock(file, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(existsSync(file)).toBe(false);
  });

  it('stops waiting when it is told to', async () => {
    const file = join(directory, 'lock');
    const stop = new AbortController();
    await withLock(file, async () => {
      const waiting = withLock(file, async () => 'in', {
        signal: stop.signal,
        onWait: () => stop.abort(new Error('stopped')),
      });
      await expect(waiting).rejects.toThrow();
    });
  });
});

describe('works beside each other', () => {
  it('give what they make, in order', async () => {
    const done = await together(
      undefined,
      async () => 1,
      async () => 'two',
    );
    expect(done).toEqual([1, 'two']);
  });

  it('are all over when the error of the first that failed is told', async () => {
    let over = false;
    const working = together(
      undefined,
      () => Promise.reject(new Error('broken')),
      async (signal) => {
        await once(signal, 'abort');
        await new Promise((resolve) => setTimeout(resolve, 20));
        over = true;
        throw new Error('stopped');
      },
    );
    await expect(working).rejects.toThrow('broken');
    expect(over).toBe(true);
  });

  it('stop when they are told from outside', async () => {
    const stop = new AbortController();
    const working = together(stop.signal, (signal) => once(signal, 'abort').then(() => signal.throwIfAborted()));
    stop.abort(new Error('enough'));
    await expect(working).rejects.toThrow('enough');
  });
});

describe('the state folder', () => {
  it('belongs to one start, and to the next when that has ended', async () => {
    const first = await claimInstance(directory, { fresh: false });
    await expect(claimInstance(directory, { fresh: false })).rejects.toThrow(/already running .*--state-dir/);
    first.release();
    (await claimInstance(directory, { fresh: false })).release();
  });

  it('is cleaned of what a killed start left: its processes and its running.json', async () => {
    const orphan = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
    const ended = once(orphan, 'close');
    const pid = orphan.pid ?? 0;
    // As if it had been asked to end and had not: the clean-up waits 12 s before it kills, so the test ends it meanwhile.
    writeFileSync(join(directory, 'start.pid'), `${await endedProcess()} 1\n${pid} ${startTime(pid)}\n`);
    writeFileSync(join(directory, 'running.json'), '{}');
    const claiming = claimInstance(directory, { fresh: false });
    let claimed = false;
    void claiming.then(() => {
      claimed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(claimed).toBe(false);
    process.kill(-pid, 'SIGKILL');
    await ended;
    const instance = await claiming;
    expect(existsSync(join(directory, 'running.json'))).toBe(false);
    instance.release();
  });

  it('forgets what is deployed when a fresh start is wanted, and keeps the CA', async () => {
    for (const name of ['emulator', 'ca']) {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, 'file'), '');
    }
    const instance = await claimInstance(directory, { fresh: true });
    expect(existsSync(join(directory, 'emulator'))).toBe(false);
    expect(existsSync(join(directory, 'ca/file'))).toBe(true);
    instance.release();
  });
});

describe('the npm packages', () => {
  const write = (file: string, packages: object) => {
    mkdirSync(join(directory, 'node_modules'), { recursive: true });
    writeFileSync(join(directory, file), JSON.stringify({ name: 'x', version: '1.0.0', lockfileVersion: 3, packages }));
  };

  it('are installed when every package of the lock file is there in its version', () => {
    write('package-lock.json', {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '2.0.0', optional: true },
    });
    expect(isInstalled(directory)).toBe(false);
    write('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } });
    expect(isInstalled(directory)).toBe(true);
    write('node_modules/.package-lock.json', { 'node_modules/a': { version: '0.9.0' } });
    expect(isInstalled(directory)).toBe(false);
  });

  it('are enough for a start without those that are for development', () => {
    write('package-lock.json', {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/test': { version: '1.0.0', dev: true },
      local: { name: 'x-local' },
      'node_modules/x-local': { resolved: 'local', link: true },
    });
    write('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } });
    expect(isInstalled(directory)).toBe(true);
    expect(isInstalled(directory, { development: true })).toBe(false);
    write('node_modules/.package-lock.json', {
      'node_modules/a': { version: '1.0.0' },
      'node_modules/test': { version: '1.0.0', dev: true },
    });
    expect(isInstalled(directory, { development: true })).toBe(true);
  });

  it('come by npm itself: first what runs, then beside it what is for development, which stays', async () => {
    // Files as packages: nothing is fetched.
    const lock = async (versions: { readonly runs: string; readonly tests: string }) => {
      const [runs, tests] = await Promise.all(
        Object.entries(versions).map(async ([name, version]) => {
          const content = join(directory, name, 'package');
          mkdirSync(content, { recursive: true });
          writeFileSync(join(content, 'package.json'), JSON.stringify({ name, version }));
          await promisify(execFile)('tar', ['-czf', `../${name}-${version}.tgz`, 'package'], {
            cwd: join(directory, name),
          });
          return `file:${name}-${version}.tgz`;
        }),
      );
      const project = { name: 'x', version: '1.0.0', dependencies: { runs }, devDependencies: { tests } };
      writeFileSync(join(directory, 'package.json'), JSON.stringify(project));
      write('package-lock.json', {
        '': project,
        'node_modules/runs': { version: versions.runs, resolved: runs },
        'node_modules/tests': { version: versions.tests, resolved: tests, dev: true },
      });
    };
    const install = (development: boolean) => installNodeModules(directory, { development, update: () => {} });
    const found = (name: string) => {
      const file = join(directory, 'node_modules', name, 'package.json');
      if (!existsSync(file)) return undefined;
      const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
      return { version, inode: statSync(file).ino };
    };

    await lock({ runs: '1.0.0', tests: '1.0.0' });
    await install(false);
    const first = found('runs');
    expect(first?.version).toBe('1.0.0');
    expect(found('tests')).toBeUndefined();
    expect(isInstalled(directory)).toBe(true);
    expect(isInstalled(directory, { development: true })).toBe(false);

    const written = readFileSync(join(directory, 'package-lock.json'), 'utf8');
    await install(true);
    expect(found('runs')).toEqual(first);
    expect(found('tests')?.version).toBe('1.0.0');
    expect(isInstalled(directory, { development: true })).toBe(true);
    expect(readFileSync(join(directory, 'package-lock.json'), 'utf8')).toBe(written);

    await lock({ runs: '2.0.0', tests: '1.0.0' });
    expect(isInstalled(directory)).toBe(false);
    await install(false);
    expect(found('runs')?.version).toBe('2.0.0');
    expect(found('tests')?.version).toBe('1.0.0');
  });

  it('say in one sentence that the registry cannot be reached', async () => {
    const resolved = 'http://127.0.0.1:9/a/-/a-1.0.0.tgz';
    writeFileSync(
      join(directory, 'package.json'),
      JSON.stringify({ name: 'x', version: '1.0.0', dependencies: { a: '1.0.0' } }),
    );
    write('package-lock.json', {
      '': { name: 'x', version: '1.0.0', dependencies: { a: '1.0.0' } },
      'node_modules/a': { version: '1.0.0', resolved, integrity: `sha512-${Buffer.alloc(64).toString('base64')}` },
    });
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/');
    vi.stubEnv('npm_config_cache', join(directory, 'cache'));
    vi.stubEnv('npm_config_fetch_retry_mintimeout', '10');
    vi.stubEnv('npm_config_fetch_retry_maxtimeout', '10');
    try {
      await expect(installNodeModules(directory, { update: () => {} })).rejects.toThrow(
        /^The npm packages could not be fetched, .*network/,
      );
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('Python', () => {
  it('is found with its version', async () => {
    expect((await findPython()).version).toMatch(/^3\.\d+\.\d+$/);
  });

  it('that is too old is named together with what is needed', async () => {
    const old = join(directory, 'python');
    writeFileSync(old, "#!/bin/sh\nprintf '/usr/bin/python\\n3\\n9\\n18\\n'\n", { mode: 0o755 });
    await expect(findPython({ env: { VOICEGATE_PYTHON: old } })).rejects.toThrow(
      `needs Python 3.10 or newer, but ${old} is 3.9.18: install one`,
    );
    await expect(findPython({ env: { PATH: directory } })).rejects.toThrow('python is 3.9.18');
  });

  it('that is missing is told with the command that installs it', async () => {
    await expect(findPython({ env: { PATH: join(directory, 'empty') } })).rejects.toThrow(
      /none is on PATH: install one .*apt-get install python3/,
    );
  });
});

describe('an old Node', () => {
  it('gets the sentence from an entry file that it can read', () => {
    const source = readFileSync(new URL('../../local/start.mjs', import.meta.url), 'utf8');
    // What Node 12 to 18 could not parse or resolve in a module.
    expect(source).not.toMatch(/\bfrom '|\?\.|\?\?|\|\|=|&&=|^\s*await |node:/m);
  });
});
