import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningState } from '../../local/contracts.js';
import { runCommand } from '../../local/launch/command.mjs';
import { root } from '../../local/launch/prepare.mjs';
import { curlLine } from '../../local/ui/ready-text.js';
import { describeWhere, NO_CURL } from '../support/where.js';
import { filesHolding, gone, processesOf } from './leftovers.js';

const START = join(root, 'local/start.mjs');
const TEXT = '一句不该留下的话';

interface Ready {
  readonly http: string;
  readonly https: string;
  readonly ca: string;
  readonly key: string;
  readonly stack: string;
  readonly awsEndpoint: string;
  readonly pid: number;
}

interface Started {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly ready: Ready;
  /** Everything on standard output. */
  readonly lines: readonly string[];
  /** Everything on standard error, so far. */
  errors(): string;
}

let directory = '';
const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();

async function start(): Promise<Started> {
  const child = spawn(
    process.execPath,
    [START, '--json', '--http-port', '0', '--https-port', '0', '--state-dir', directory],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  running.add(child);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  await Promise.race([
    once(reader, 'line'),
    once(child, 'close').then(() => Promise.reject(new Error(`it ended: ${errors}`))),
  ]);
  return { process: child, ready: JSON.parse(lines[0] ?? '') as Ready, lines, errors: () => errors };
}

function speak(
  { https, ca, key }: Ready,
  text: string,
): Promise<{ readonly status: number | undefined; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const call = request(
      `${https}/tts?text=${encodeURIComponent(text)}`,
      { ca: readFileSync(ca), headers: { 'X-API-Key': key }, agent: false, timeout: 20_000 },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(parts) }));
      },
    );
    call.on('error', reject).on('timeout', () => call.destroy(new Error('no answer')));
    call.end();
  });
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'voicegate-start-'));
});

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await gone(directory);
  rmSync(directory, { recursive: true, force: true });
});

describe('npm start refuses at once', () => {
  it('an unknown option, with exit code 2', async () => {
    const { status, output } = await runCommand(process.execPath, [START, '--prot', '1']);
    expect(status).toBe(2);
    expect(output).toMatch(/^Unknown option --prot; allowed are /);
    expect(output.trim().split('\n')).toHaveLength(1);
  });

  it('a port that is taken, with exit code 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { status, output } = await runCommand(process.execPath, [
      START,
      '--https-port',
      String(port),
      '--http-port',
      '0',
      '--state-dir',
      directory,
    ]);
    server.close();
    expect(status).toBe(1);
    expect(output.trim()).toBe(
      `Port ${port} is taken by another program: give another one with --https-port (0: any free one).`,
    );
  });

  it('a Python that is missing, with exit code 1', async () => {
    const env = { ...process.env, VOICEGATE_PYTHON: join(directory, 'no-python') };
    const { status, output } = await runCommand(
      process.execPath,
      [START, '--http-port', '0', '--https-port', '0', '--state-dir', directory],
      { env },
    );
    expect(status).toBe(1);
    expect(output).toMatch(/^Voicegate needs Python 3\.10 or newer, but none is at VOICEGATE_PYTHON/);
  });
});

describeWhere(process.platform === 'linux' ? NO_CURL : 'it looks into /proc, which Linux has', 'npm start', () => {
  it('prints one line of JSON when a sentence can be spoken, and leaves nothing behind when it is interrupted', async () => {
    const { process: child, ready, lines, errors } = await start();
    expect(Object.keys(ready)).toEqual(['http', 'https', 'ca', 'key', 'stack', 'awsEndpoint', 'pid']);
    expect(ready.pid).toBe(child.pid);

    const { status, body } = await speak(ready, TEXT);
    expect(status).toBe(200);
    expect(body.subarray(0, 4).toString()).toBe('RIFF');
    await expect.poll(errors).toMatch(/ GET \/tts 200 target key [0-9A-Za-z]{12} /);
    await speak({ ...ready, key: 'vg_wrong' }, TEXT);
    await expect.poll(errors).toMatch(/ GET \/tts 401 gate:\w+ /);

    // The line that a person gets works in a shell as it is printed.
    const curl = await runCommand('sh', ['-c', `${curlLine(ready)} -sS -w '%{http_code}'`], { cwd: directory });
    expect(curl.stdout).toBe('200');
    const audio = join(directory, 'hello.wav');
    const seconds = await runCommand('python3', [
      '-c',
      `import wave; w = wave.open('${audio}'); print(w.getnframes() / w.getframerate())`,
    ]);
    expect(Number(seconds.stdout)).toBeGreaterThan(0.5);
    rmSync(audio);

    const state = JSON.parse(readFileSync(join(directory, 'running.json'), 'utf8')) as RunningState;
    expect(state).toMatchObject({
      pid: child.pid,
      endpoint: ready.awsEndpoint,
      stack: ready.stack,
      https: ready.https,
    });
    expect(statSync(join(directory, 'running.json')).mode & 0o777).toBe(0o600);

    const second = await runCommand(process.execPath, [
      START,
      '--http-port',
      '0',
      '--https-port',
      '0',
      '--state-dir',
      directory,
    ]);
    expect(second.status).toBe(1);
    expect(second.output).toMatch(/already running with .* --state-dir/);

    const secret = ready.key.slice(ready.key.lastIndexOf('_') + 1);
    expect(processesOf(directory).length).toBeGreaterThan(5);
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
    expect(processesOf(directory)).toEqual([]);
    expect(existsSync(join(directory, 'running.json'))).toBe(false);

    expect(lines).toHaveLength(1);
    for (const private_ of [secret, TEXT, encodeURIComponent(TEXT)]) {
      expect(errors()).not.toContain(private_);
      expect(filesHolding(directory, private_)).toEqual([]);
    }
  }, 300_000);

  it('finds everything as it was, with a new key in place of the old one, and nothing is left when it is killed', async () => {
    const { process: child, ready, errors } = await start();
    expect(errors()).not.toContain('synthesizing');
    expect((await speak(ready, TEXT)).status).toBe(200);
    const listed = await runCommand(process.execPath, [
      join(root, 'dist/cli.js'),
      'keys',
      'list',
      '--local',
      '--state-dir',
      directory,
      '--json',
    ]);
    expect(listed.status).toBe(0);
    const keys = JSON.parse(listed.stdout) as readonly { readonly keyId: string; readonly revokedAt?: string }[];
    expect(keys.length).toBeGreaterThan(1);
    expect(keys.filter(({ revokedAt }) => !revokedAt).map(({ keyId }) => keyId)).toEqual([ready.key.split('_')[1]]);
    child.kill('SIGKILL');
    expect(await gone(directory)).toEqual([]);
  }, 300_000);
});
