// @ts-check
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TIME = 10_000;

/**
 * Starts `nginx` with its njs module on a socket file, and asks a `js_access` handler for its version.
 *
 * @param {string} nginx
 * @param {string} modules the folder of its dynamic modules
 * @param {AbortSignal} [signal]
 * @returns {Promise<string | undefined>} such as `1.0.2`; `undefined` where nginx does not start with `js_access` and
 *   the QuickJS engine
 */
export async function njsVersion(nginx, modules, signal) {
  // The system's folder for temporary files: the path of a socket may have only 107 characters.
  const directory = mkdtempSync(join(tmpdir(), 'voicegate-'));
  const socketPath = join(directory, 'socket');
  writeFileSync(join(directory, 'nginx.conf'), configuration(directory, modules));
  writeFileSync(
    join(directory, 'version.js'),
    'export default { pass() {}, answer(r) { r.return(200, njs.version); } };\n',
  );
  const child = spawn(nginx, ['-p', directory, '-e', 'stderr', '-c', join(directory, 'nginx.conf')], {
    stdio: 'ignore',
    signal,
  });
  let ended = false;
  const end = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('close', resolve);
  }).then(() => {
    ended = true;
  });
  try {
    const deadline = Date.now() + TIME;
    while (!ended && Date.now() < deadline) {
      const answer = await get(socketPath);
      if (answer !== undefined) return /^\d+\.\d+\.\d+$/.test(answer) ? answer : undefined;
      await sleep(20);
    }
    return undefined;
  } finally {
    child.kill('SIGKILL');
    await end;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {string} directory @param {string} modules */
function configuration(directory, modules) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `load_module ${modules}/ngx_http_js_module.so;
daemon off;
master_process off;
pid ${directory}/pid;
error_log stderr crit;
events {}
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path ${directory}/${name};`).join('\n')}
  js_engine qjs;
  js_path ${directory};
  js_import version.js;
  server { listen unix:${directory}/socket; location / { js_access version.pass; js_content version.answer; } }
}
`;
}

/** @param {string} socketPath @returns {Promise<string | undefined>} */
function get(socketPath) {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/', agent: false, timeout: TIME }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? text : ''));
      response.on('error', () => resolve(undefined));
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(undefined));
    call.end();
  });
}
