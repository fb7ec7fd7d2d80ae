import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Edge, Tasks } from '../../local/contracts';
import { deploy } from '../../local/deploy/index.js';
import { startEdge } from '../../local/edge/index.js';
import { type Emulator, startEmulator } from '../../local/emulator/index.js';
import { root } from '../../local/launch/prepare.mjs';
import { startTasks } from '../../local/tasks/index.js';
import { ensureTools } from '../../local/toolchain/index.js';
import { call } from './support/http';

const STACKS = ['Pattern', 'Fargate', 'Ec2'];

describe('somebody’s service, converted by AuthorizerGate.addTo and served', () => {
  let directory = '';
  let emulator: Emulator;
  let tasks: Tasks;
  const edges = new Map<string, Edge>();
  const events: string[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'voicegate-converted-'));
    const tools = await ensureTools();
    emulator = await startEmulator({ python: tools.python, directory: join(directory, 'emulator') });
    const { aws } = emulator;
    const assemblyDirectory = join(directory, 'cdk.out');
    const app = [join(root, 'node_modules/.bin/tsx'), join(root, 'test/e2e/converted/app.ts')].join(' ');
    await deploy({ aws, app, assemblyDirectory });
    const health = () => [...edges.values()].flatMap((edge) => edge.targetHealth());
    tasks = await startTasks({
      aws,
      stackNames: STACKS,
      assemblyDirectory,
      workDirectory: join(directory, 'tasks'),
      tools,
      onLog: () => {},
      onWarning: () => undefined,
      onEvent: (text) => events.push(text),
      healthOf: ({ targetGroupArn, id }) =>
        health().find((found) => found.targetGroupArn === targetGroupArn && found.id === id)?.state ?? 'initial',
    });
    for (const name of STACKS) {
      const edge = await startEdge({
        aws,
        stackNames: [name],
        httpPort: 0,
        httpsPort: 0,
        caDirectory: join(directory, 'ca'),
        certificateKeys: emulator.certificateKeys,
        wafDelay: 1,
        onRequest: () => {},
      });
      edges.set(name, edge);
    }
    const deadline = Date.now() + 120_000;
    while (health().filter(({ state }) => state === 'healthy').length < STACKS.length) {
      if (Date.now() > deadline) throw new Error(`not healthy within 120 s:\n${events.join('\n')}`);
      await sleep(200);
    }
  }, 300_000);

  afterAll(async () => {
    await Promise.all([...edges.values()].map((edge) => edge.stop()));
    await tasks?.stop();
    await emulator?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it.each(STACKS)('%s: 401 without a key, and the app behind it with one', async (name) => {
    const edge = edges.get(name) as Edge;
    const refused = await call(`${edge.https}/tts?text=x`, { ca: edge.ca });
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toMatch(/Bearer/);

    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(root, 'dist/cli.js'), 'keys', 'create', '--owner', 'somebody', '--label', name, '--stack', name, '--json'],
      { cwd: root, env: { ...process.env, ...emulator.aws.env } },
    );
    const { key } = JSON.parse(stdout) as { readonly key: string };
    const answer = await call(`${edge.https}/tts?text=x`, { ca: edge.ca, headers: { 'x-api-key': key } });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ path: 'tts', query: 'text=x', scheme: 'https' });
  });
});
