import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tools } from '../../local/contracts.js';
import { runCommand } from '../../local/launch/command.mjs';
import { root } from '../../local/launch/prepare.mjs';
import { findPython } from '../../local/launch/python.mjs';
import { ensureTools } from '../../local/toolchain/index.mjs';
import { ensureNginx, isAtLeast } from '../../local/toolchain/nginx.mjs';
import { njsVersion } from '../../local/toolchain/njs-version.mjs';
import { ensurePython } from '../../local/toolchain/python.mjs';
import { ensureUv, installByUv, uvSettings } from '../../local/toolchain/uv.mjs';

const APT = existsSync('/usr/bin/apt-get');
const NO_APT = APT ? '' : ' (skipped: no apt-get is here)';

let tools: Tools;
let directory = '';
const update = (): void => {};

beforeAll(async () => {
  tools = await ensureTools();
}, 300_000);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'voicegate-tools-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

/** An nginx that runs as the real one does, but tells that its modules are in `modules`. */
function nginxOnPath(modules: string): string {
  const folder = join(directory, 'bin');
  mkdirSync(folder, { recursive: true });
  const nginx = join(folder, 'nginx');
  writeFileSync(
    nginx,
    `#!/bin/sh\nif [ "$1" = -V ]; then echo "configure arguments: --modules-path=${modules}" >&2; exit 0; fi\nexec '${tools.nginx}' "$@"\n`,
    { mode: 0o755 },
  );
  return nginx;
}

describe('the tools', () => {
  it('are an nginx that answers from js_access with njs 1.0.0 or newer', async () => {
    const version = await njsVersion(tools.nginx, tools.nginxModules);
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(isAtLeast(version ?? '', '1.0.0')).toBe(true);
  });

  it('are a Python that has the emulator and the speech service', async () => {
    const { status, output } = await runCommand(tools.python, [
      '-c',
      'import ministack.app, flask, gunicorn, espeakng_loader',
    ]);
    // A newer Python may warn: `output` is here for whoever reads the failure.
    expect({ status, output }).toMatchObject({ status: 0 });
  });

  it('are found again without installing anything', async () => {
    const details: string[] = [];
    expect(await ensureTools({ update: (detail) => details.push(detail) })).toEqual(tools);
    expect(details).toEqual([]);
  });
});

describe('nginx', () => {
  it('on PATH is used when its njs is new enough', async () => {
    const nginx = nginxOnPath(tools.nginxModules);
    const found = await ensureNginx({ directory, update, env: { PATH: join(directory, 'bin') } });
    expect(found).toEqual({ nginx, nginxModules: tools.nginxModules });
    expect(existsSync(join(directory, 'nginx'))).toBe(false);
  });

  it('that is named must be usable, or the start says why it is not', async () => {
    const env = (nginx: string) => ({ ...process.env, VOICEGATE_NGINX: nginx });
    await expect(ensureNginx({ directory, update, env: env('/bin/false') })).rejects.toThrow(
      /^VOICEGATE_NGINX=\/bin\/false does not run/,
    );
    const empty = join(directory, 'modules');
    mkdirSync(empty);
    // A module of this name that nginx cannot load: as good as one without js_access.
    writeFileSync(join(empty, 'ngx_http_js_module.so'), '');
    await expect(ensureNginx({ directory, update, env: env(nginxOnPath(empty)) })).rejects.toThrow(
      /has an njs without js_access: name another/,
    );
  });

  it('cannot be fetched where there is no apt, and the sentence names the way out', async () => {
    vi.stubEnv('PATH', join(directory, 'nothing'));
    await expect(ensureNginx({ directory, update, env: { PATH: '' } })).rejects.toThrow(
      /no apt-get to fetch one from Debian's archive: install nginx with njs 1\.0\.0 or newer .* VOICEGATE_NGINX\.$/,
    );
  });

  it.skipIf(!APT)(`names the way out, too, when apt goes meanwhile${NO_APT}`, async () => {
    const folder = join(directory, 'bin');
    mkdirSync(folder);
    for (const tool of ['apt-get', 'dpkg-deb']) {
      writeFileSync(join(folder, tool), '#!/bin/sh\nexec /bin/rm -f "$0"\n', { mode: 0o755 });
    }
    vi.stubEnv('PATH', folder);
    await expect(ensureNginx({ directory, update, env: { PATH: '' } })).rejects.toThrow(
      /no apt-get to fetch one from Debian's archive: install nginx .* VOICEGATE_NGINX\.$/,
    );
  });

  it.skipIf(!APT)(`cannot be fetched without a network, and the sentence says that${NO_APT}`, async () => {
    vi.stubEnv('http_proxy', 'http://127.0.0.1:9');
    vi.stubEnv('https_proxy', 'http://127.0.0.1:9');
    const failing = ensureNginx({ directory, update, env: { PATH: '' } });
    await expect(failing).rejects.toThrow(
      /^nginx could not be fetched, since Debian's archive cannot be reached: check the network/,
    );
    expect(existsSync(join(directory, 'nginx/checked'))).toBe(false);
  });

  it('versions are compared as numbers', () => {
    expect(isAtLeast('0.9.10', '1.0.0')).toBe(false);
    expect(isAtLeast('1.0.0', '1.0.0')).toBe(true);
    expect(isAtLeast('1.0.10', '1.0.9')).toBe(true);
    expect(isAtLeast('2.0', '1.9.9')).toBe(true);
  });
});

describe('the virtual environment', () => {
  it('names the missing system package where Python has no ensurepip', async () => {
    // As Debian's Python is without its python3-venv package.
    const python = join(directory, 'python');
    const lacks = `echo "ModuleNotFoundError: No module named 'ensurepip'" >&2; exit 1`;
    writeFileSync(python, `#!/bin/sh\nif [ "$1" != -c ]; then ${lacks}; fi\nprintf '${python}\\n3\\n12\\n1\\n'\n`, {
      mode: 0o755,
    });
    vi.stubEnv('VOICEGATE_PYTHON', python);
    await expect(ensurePython({ directory, development: false, update })).rejects.toThrow(
      /run "sudo apt-get install python3\.12-venv"/,
    );
  });

  it('says in one sentence that the package index cannot be reached, and is made anew at the next start', async () => {
    vi.stubEnv('PIP_INDEX_URL', 'http://127.0.0.1:9/simple');
    vi.stubEnv('PIP_NO_CACHE_DIR', '1');
    vi.stubEnv('PIP_RETRIES', '0');
    await expect(ensurePython({ directory, development: false, update })).rejects.toThrow(
      /^The Python packages could not be fetched, .*network/,
    );
    expect(existsSync(join(directory, 'venv/installed'))).toBe(false);
  }, 60_000);

  it('gets its packages from where pip is told to get them', () => {
    const list = [
      "global.index-url='https://mirror.example/simple'",
      "global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'",
      "install.trusted-host='mirror.example a.example'",
      "global.timeout='60'",
      ":env:.cert='/etc/ssl/own.pem'",
      ":env:.index-url='https://user:word@near.example/simple'",
      '',
    ].join('\n');
    expect(uvSettings(list)).toEqual({
      UV_DEFAULT_INDEX: 'https://user:word@near.example/simple',
      UV_INDEX: 'https://a.example/simple https://b.example/simple',
      UV_INSECURE_HOST: 'mirror.example a.example',
      SSL_CERT_FILE: '/etc/ssl/own.pem',
    });
    expect(uvSettings('')).toEqual({});
  });

  it('gets the pip that Python brings from where distributions keep its wheel', async () => {
    const { executable } = await findPython();
    const { stdout } = await runCommand(executable, [
      '-c',
      "import ensurepip, sysconfig; print(sysconfig.get_config_var('WHEEL_PKG_DIR') or ensurepip.__path__[0] + '/_bundled')",
    ]);
    // As in Debian and Fedora: a folder of the system, and nothing beside ensurepip.
    cpSync(stdout.trim(), join(directory, 'wheels'), { recursive: true });
    const moved = [
      'import ensurepip, runpy, sys, sysconfig',
      "ensurepip.__path__ = ['/nowhere']",
      `sysconfig.get_config_vars()['WHEEL_PKG_DIR'] = '${join(directory, 'wheels')}'`,
      "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')",
    ].join('; ');
    const environment = join(directory, 'venv');
    const script = join(root, 'local/toolchain/make_environment.py');
    expect(await runCommand(executable, ['-c', moved, script, environment, 'pip'])).toMatchObject({ status: 0 });
    const pip = await runCommand(join(environment, 'bin/python'), ['-m', 'pip', '--version']);
    expect(pip).toMatchObject({ status: 0, stdout: expect.stringContaining(environment) });
  });

  it('is filled by uv, which says where it could not', async () => {
    expect(await ensureUv(tools.python)).toBe(true);
    expect(await installByUv(tools.python, ['image/requirements.txt'])).toBe(true);
    vi.stubEnv('UV_CACHE_DIR', join(directory, 'cache'));
    vi.stubEnv('UV_DEFAULT_INDEX', 'http://127.0.0.1:9/simple');
    vi.stubEnv('UV_HTTP_RETRIES', '0');
    const missing = join(directory, 'missing.txt');
    writeFileSync(missing, 'voicegate-that-nobody-has==1.0\n');
    expect(await installByUv(tools.python, [relative(root, missing)])).toBe(false);
  });

  it('is mended when its Python has gone', async () => {
    const stamp = readFileSync(join(tools.python, '../../installed'), 'utf8');
    mkdirSync(join(directory, 'venv/bin'), { recursive: true });
    copyFileSync('/bin/false', join(directory, 'venv/bin/python'));
    writeFileSync(join(directory, 'venv/installed'), stamp);
    const details: string[] = [];
    // What it is made of is shown by the others.
    const enough = new AbortController();
    const made = ensurePython({
      directory,
      development: false,
      signal: enough.signal,
      update: (detail) => {
        details.push(detail);
        enough.abort(new Error('enough'));
      },
    });
    await expect(made).rejects.toThrow('enough');
    expect(details).toEqual([expect.stringMatching(/^virtual environment \(Python 3/)]);
  });
});
