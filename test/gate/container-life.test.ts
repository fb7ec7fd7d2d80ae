import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { App } from './support/app';
import { gateOptions } from './support/bundle';
import { findNginx } from './support/gate';
import { gateWorld } from './support/gate-world';
import { call, newKey, raw, withKey } from './support/http';
import { HANG } from './support/lambda-endpoint';

const { app, lambda, packGate, gateForTest, containersForTest, stopAppForTest } = gateWorld();

describe('the bundle', () => {
  it('is the same whenever the options are, and small enough for a task definition', () => {
    const one = packGate(gateOptions());
    expect(packGate(gateOptions())).toEqual(one);
    expect(packGate(gateOptions({ workers: 2 })).bundle).not.toBe(one.bundle);
    // Of the 60 KiB at which synth stops, the rest is the two containers' own.
    expect(one.bundle.length).toBeLessThan(50 * 1024);
  });
});

describe('the init container', () => {
  it.each([
    ['VOICEGATE_LISTEN', 'localhost:8080', 'VOICEGATE_LISTEN must be an IP address and a port'],
    ['VOICEGATE_LISTEN', undefined, 'VOICEGATE_LISTEN is not set'],
    ['VOICEGATE_HEALTH_LISTEN', '0.0.0.0:8081;', 'VOICEGATE_HEALTH_LISTEN must be an IP address and a port'],
    ['VOICEGATE_UPSTREAM', 'evil.test:80', 'VOICEGATE_UPSTREAM must be an IP address and a port'],
    ['VOICEGATE_UPSTREAM', '127.0.0.1:1"};\n', 'VOICEGATE_UPSTREAM must be an IP address and a port'],
    ['VOICEGATE_NGINX_MODULES', '/nowhere', 'njs is missing: found no /nowhere/ngx_http_js_module.so'],
    ['AWS_CA_BUNDLE', '/nowhere.pem', 'AWS_CA_BUNDLE: cannot read /nowhere.pem'],
    ['VOICEGATE_BUNDLE', undefined, 'VOICEGATE_BUNDLE is not set'],
    ['VOICEGATE_BUNDLE', 'no base64!', 'VOICEGATE_BUNDLE is no base64'],
    ['VOICEGATE_BUNDLE', 'aGVsbG8=', 'VOICEGATE_BUNDLE is not the bundle of this task definition'],
    ['VOICEGATE_DIR', undefined, 'VOICEGATE_DIR is not set'],
    ['VOICEGATE_DIR', '/nowhere', '/nowhere is no writable directory'],
  ])('says what is wrong with %s=%s', async (name, value, message) => {
    const { code, output } = await containersForTest().init({ [name]: value });
    expect(output).toContain(message);
    expect(code).not.toBe(0);
  });

  it('refuses an image with the tools of BusyBox, and says which is required', async () => {
    const { nginx } = await findNginx();
    const folder = mkdtempSync(join(tmpdir(), 'voicegate-busybox-'));
    // As BusyBox refuses what it has not.
    const refusing = (name: string, option: string) =>
      `#!/bin/sh\ncase "$*" in *${option}*) echo "${name}: unrecognized option: ${option}" >&2; exit 1 ;; esac\nexec /usr/bin/${name} "$@"\n`;
    for (const [name, option] of [
      ['sha256sum', '--status'],
      ['sed', '-u'],
    ] as const) {
      writeFileSync(join(folder, name), refusing(name, option));
      chmodSync(join(folder, name), 0o755);
    }
    const { code, output } = await containersForTest().init({ PATH: `${folder}:${dirname(nginx)}:/usr/bin:/bin` });
    expect([code, output]).toEqual([
      1,
      "voicegate gate: this image has the tools of BusyBox, as Alpine's have: required is an nginx image based on Debian, such as nginx:1.30.5\n",
    ]);
  });

  it('says why it cannot check the bundle', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'voicegate-no-sha-'));
    for (const name of ['base64', 'sed', 'sh']) symlinkSync(`/usr/bin/${name}`, join(folder, name));
    const { code, output } = await containersForTest().init({ PATH: folder });
    expect(code).toBe(1);
    expect(output).toMatch(/^voicegate gate: VOICEGATE_BUNDLE is not the bundle .*sha256sum.*not found\n$/s);
  });

  it('refuses an njs that is too old, and names both versions', async () => {
    const { nginx } = await findNginx();
    const folder = mkdtempSync(join(tmpdir(), 'voicegate-old-nginx-'));
    // An nginx whose njs tells another version; all else is the real one.
    writeFileSync(
      join(folder, 'nginx'),
      `#!/bin/sh\ncase "$*" in *version.conf*) printf 0.9.9 > "$VOICEGATE_DIR/njs-version" ;; *) exec ${nginx} "$@" ;; esac\n`,
    );
    chmodSync(join(folder, 'nginx'), 0o755);
    const { code, output } = await containersForTest().init({ PATH: `${folder}:${dirname(nginx)}:/usr/bin:/bin` });
    expect(output).toContain('found njs 0.9.9, required is 1.0.0 or later');
    expect(code).not.toBe(0);
  });

  it('takes three resolvers from resolv.conf, as the C library does, with IPv6 addresses as nginx writes them', async () => {
    const gate = containersForTest();
    const file = join(gate.directory, 'resolv.conf');
    const servers = ['10.0.0.2', 'fd00:ec2::253%eth0', '10.0.0.3', '10.0.0.4'];
    writeFileSync(file, `search x.test\n${servers.map((one) => `nameserver ${one}\n`).join('')}options ndots:2\n`);
    const { code, output } = await gate.init({ VOICEGATE_RESOLV_CONF: file });
    expect([code, output]).toEqual([0, expect.stringContaining('ready, njs ')]);
    expect(readFileSync(join(gate.directory, 'nginx.conf'), 'utf8')).toContain(
      'resolver 10.0.0.2 [fd00:ec2::253] 10.0.0.3 valid=30s;',
    );
  });

  it('reaches an app at localhost, a name that DNS does not know', async () => {
    const gate = containersForTest();
    const { code } = await gate.init({ VOICEGATE_UPSTREAM: 'localhost:5000' });
    expect(code).toBe(0);
    const read = (name: string) => readFileSync(join(gate.directory, name), 'utf8');
    expect(read('program.js')).toContain('127.0.0.1:5000');
    expect(read('program.js') + read('nginx.conf')).not.toContain('localhost:5000');
  });

  it.runIf(process.getuid?.() === 0)('hands the volume to the user of the gate', async () => {
    const gate = containersForTest();
    await gate.init();
    const { uid, mode } = statSync(join(gate.directory, 'program.js'));
    expect([uid, mode & 0o022]).toEqual([101, 0]);
  });
});

describe('the gate', () => {
  it.each([
    [{ VOICEGATE_AUTHORIZER: undefined }, 'VOICEGATE_AUTHORIZER must be'],
    [{ VOICEGATE_AUTHORIZER: 'a b' }, 'VOICEGATE_AUTHORIZER must be'],
    [{ VOICEGATE_AUTHORIZER: 'name', AWS_REGION: undefined }, 'AWS_REGION must be set'],
  ])('does not start with %j', async (env, message) => {
    const gate = containersForTest();
    await gate.init();
    await gate.start(env);
    expect(await gate.exited()).not.toBe(0);
    await gate.logged(message);
  });

  it('does not start before it was prepared', async () => {
    const gate = containersForTest();
    await gate.start();
    expect(await gate.exited()).toBe(1);
    await gate.logged('the init container must succeed first');
  });

  it('is unhealthy until the app has answered once', async () => {
    await stopAppForTest();
    const gate = containersForTest();
    await gate.init();
    await gate.start();
    while ((await gate.health()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const answer = await fetch(gate.healthUrl);
    expect([answer.status, await answer.json()]).toEqual([503, { status: 'starting' }]);
    await app.listen();
    await gate.ready();
    // Answers, yet fails inside: nothing that replacing the task would mend.
    app.handler = (_, response) => {
      response.writeHead(500).end();
      return true;
    };
    expect(await gate.health()).toBe(200);
  });

  it.each(['SIGTERM', 'SIGQUIT'] as const)(
    'drains on %s: health turns red, then what is in flight finishes',
    async (name) => {
      const gate = await gateForTest({ drainDelay: 1 });
      let finish = () => {};
      app.handler = (received, response) => {
        if (received.url !== '/static/long') return false;
        finish = () => response.end('finished');
        return true;
      };
      const long = call(gate.url, '/static/long');
      while (app.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      gate.signal(name);
      while ((await gate.health()) === 200) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await gate.health()).toBe(503);
      // Red, and still serving: the load balancer may not have noticed yet.
      expect((await call(gate.url, '/static/late')).status).toBe(200);
      while ((await gate.health()) !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
      finish();
      expect((await long).body).toBe('finished');
      expect(await gate.exited()).toBe(0);
    },
  );

  it('ends with an error when nginx crashes', async () => {
    const gate = await gateForTest();
    const master = Number(readFileSync(join(gate.directory, 'nginx.pid'), 'utf8'));
    process.kill(master, 'SIGKILL');
    expect(await gate.exited()).not.toBe(0);
    await gate.logged('nginx ended by itself');
  });

  it('answers 502 while the app is gone, and goes on with it', async () => {
    const gate = await gateForTest();
    await stopAppForTest();
    const answer = await call(gate.url, '/static/x');
    expect([answer.status, answer.json().error]).toEqual([502, 'Bad Gateway']);
    await app.listen();
    expect((await call(gate.url, '/static/x')).status).toBe(200);
  });

  it('answers 504 when the app hangs longer than a request may take', async () => {
    const gate = await gateForTest({ longestRequest: 1 });
    app.handler = () => true;
    const answer = await call(gate.url, '/static/x');
    expect([answer.status, answer.json().error]).toEqual([504, 'Gateway Timeout']);
  });

  it.runIf(process.getuid?.() === 0)(
    'runs as a user without rights, in a directory that is all it writes to',
    async () => {
      const gate = await gateForTest({ workers: 2 }, { uid: 101 });
      const key = newKey();
      expect((await call(gate.url, '/tts', withKey(key))).status).toBe(200);
      expect((await call(gate.url, '/tts', { method: 'POST', body: 'x'.repeat(60_000), ...withKey(key) })).status).toBe(
        200,
      );
      expect(await gate.line((line) => line.path === '/tts')).toMatchObject({ decision: 'allow' });
      gate.signal('SIGTERM');
      expect(await gate.exited()).toBe(0);
    },
  );

  it('gets its credentials from the task, with the token of the task, and keeps them', async () => {
    const asked: (string | undefined)[] = [];
    const credentials = await App.start();
    credentials.handler = (received, response) => {
      asked.push(received.headers.authorization);
      response.end(
        JSON.stringify({
          AccessKeyId: 'AKIDEXAMPLE',
          SecretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
          Token: 'session/token+with=signs',
          Expiration: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      );
      return true;
    };
    const env = {
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_SESSION_TOKEN: undefined,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${credentials.port}/task`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'task-token',
    };
    try {
      const gate = await gateForTest({}, { env });
      for (let i = 0; i < 3; i++) expect((await call(gate.url, '/x', withKey(newKey()))).status).toBe(200);
      expect(asked).toEqual(['task-token']);
      expect(lambda.problems).toEqual([]);
    } finally {
      await credentials.stop();
    }
  });

  it('fails closed without credentials, and says so in its log', async () => {
    const gate = await gateForTest({}, { env: { AWS_ACCESS_KEY_ID: undefined } });
    expect((await call(gate.url, '/x', withKey(newKey()))).status).toBe(503);
    await gate.logged('no AWS credentials');
  });
});

describe('logs', () => {
  it('hold neither a secret nor the text, whatever is sent and whatever breaks', async () => {
    const gate = await gateForTest({ authorizer: { timeout: 300 }, longestRequest: 1 });
    const keys = Array.from({ length: 9 }, newKey);
    const key = () => keys.pop() ?? newKey();
    const all = [...keys];
    const text = 'whispered-words';
    await call(gate.url, `/tts?text=${text}&api_key=${key()}`, withKey(key(), { 'X-Amzn-Trace-Id': key() }));
    await call(gate.url, `/${key()}?text=${text}`, { headers: { cookie: text, authorization: `Bearer ${key()}` } });
    await raw(gate.url, `GET /tts?text=${text} HTTP/9.9\r\nX-API-Key: ${key()}\r\n\r\n`);
    await raw(
      gate.url,
      `GET /tts?text=${text} HTTP/1.1\r\nHost: a\r\nX-API-Key: ${key()}${'x'.repeat(20_000)}\r\n\r\n`,
    );
    lambda.behaviour = () => HANG;
    await call(gate.url, `/tts?text=${text}`, withKey(key()));
    // The app dies in the middle of a request: nginx's error log quotes the request line and the upstream's URL.
    app.handler = (_, response) => {
      response.socket?.destroy();
      return true;
    };
    await call(gate.url, `/static/x?text=${text}&key=${all[0]}`, { headers: { referer: `http://a/?text=${text}` } });
    app.handler = (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('x');
      setTimeout(() => response.destroy(), 20);
      return true;
    };
    await call(gate.url, `/static/y?text=${text}`, { headers: { host: 'a', referer: text } }).catch(() => undefined);
    app.handler = () => true;
    await call(gate.url, `/static/z?text=${text}`, {});
    gate.signal('SIGTERM');
    await gate.exited();
    const output = gate.stdout + gate.stderr;
    await gate.logged('upstream');
    expect(output).not.toContain(text);
    for (const secret of all) expect(output).not.toContain(secret.slice(-49, -6));
    // Nor does any file that the gate leaves.
    const pattern = [text, ...all.map((secret) => secret.slice(-49))].join('|');
    const { stdout } = spawnSync('grep', ['-rlE', '--devices=skip', pattern, '.'], {
      cwd: gate.directory,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });
});
