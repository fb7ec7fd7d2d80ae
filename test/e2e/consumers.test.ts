import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthorizerGate } from '../../lib';
import { awsClients } from '../../local/aws-clients.js';
import type { Edge } from '../../local/contracts';
import { deploy } from '../../local/deploy/index.js';
import { startEdge } from '../../local/edge/index.js';
import { type Emulator, startEmulator } from '../../local/emulator/index.js';
import { root } from '../../local/launch/prepare.mjs';
import { type LocalTasks, startTasks } from '../../local/tasks/index.js';
import { ensureTools } from '../../local/toolchain/index.mjs';
import { CONSUMERS } from '../consumers/apps';
import { copyOf } from '../support/assembly';
import { synthesizeConsumers } from './consumers/app';
import { CONVERTED } from './consumers/converted';
import { NOT_SERVED, SERVED, SHAPES } from './consumers/served';
import { type Answer, call } from './support/http';

/** The tasks of all apps start at once: ten seconds on a quiet machine, and tenfold on a busy one. */
const PATIENCE = 100_000;
const LONGEST = PATIENCE + 20_000;

const run = promisify(execFile);

// One cloud for all of them: what is started twice costs twice.
describe('the shapes of other apps, deployed and called', () => {
  let directory = '';
  let emulator: Emulator;
  let tasks: LocalTasks;
  const edges: Edge[] = [];
  const events: string[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'voicegate-consumers-'));
    const tools = await ensureTools();
    emulator = await startEmulator({ python: tools.python, directory: join(directory, 'emulator') });
    const { aws } = emulator;
    const assemblyDirectory = join(directory, 'cdk.out');
    const made = join(directory, 'made');
    synthesizeConsumers(made, { account: aws.accountId, region: aws.region });
    await deploy({ aws, app: copyOf(made), assemblyDirectory });
    tasks = await startTasks({
      aws,
      stackNames: [...SERVED.flatMap(([, { stacks }]) => stacks), ...CONVERTED],
      assemblyDirectory,
      workDirectory: join(directory, 'tasks'),
      tools,
      onLog: () => {},
      onWarning: (text) => events.push(text),
      onEvent: (text) => events.push(text),
      healthOf: ({ targetGroupArn, id }) =>
        edges
          .flatMap((edge) => edge.targetHealth())
          .find((found) => found.targetGroupArn === targetGroupArn && found.id === id)?.state ?? 'initial',
    });
  }, 300_000);

  afterAll(async () => {
    await Promise.all(edges.map((edge) => edge.stop()));
    await tasks?.stop();
    await emulator?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it.each(SERVED)(
    '%s: 401 without a key',
    async (_, { stacks, balancers, hosts = [undefined], atTasks }) => {
      if (atTasks) {
        const own = () =>
          tasks.tasks().filter(({ service }) => stacks.some((stack) => service.startsWith(`${stack}-`)));
        expect(own()).not.toEqual([]);
        for (const { address } of own()) await expectRefused(`http://${address}:${AuthorizerGate.PORT}`);
        return;
      }
      for (const stackNames of balancers?.map((stack) => [stack]) ?? [stacks]) {
        const edge = await balance(stackNames);
        for (const host of hosts) await expectRefused(edge.https, edge.ca, host);
      }
    },
    LONGEST,
  );

  it.each(NOT_SERVED)('%s: skipped, as the emulator refuses %s', async (_, refused) => {
    const { client, destroy } = awsClients(emulator.aws, { client: CloudFormationClient });
    const TemplateBody = JSON.stringify({ Resources: { One: { Type: refused, Properties: {} } } });
    const created = client.send(new CreateStackCommand({ StackName: 'Refused', TemplateBody }));
    await expect(created).rejects.toThrow(`Unrecognized resource types: [${refused}]`);
    destroy();
  });

  it.each(CONVERTED)(
    '%s, converted by addTo: 401 without a key, and the app behind it with one',
    async (stack) => {
      const edge = await balance([stack]);
      await expectRefused(edge.https, edge.ca);
      const words = ['keys', 'create', '--owner', 'somebody', '--label', stack, '--stack', stack, '--json'];
      const env = { ...process.env, ...emulator.aws.env };
      const { stdout } = await run(process.execPath, [join(root, 'dist/cli.js'), ...words], { cwd: root, env });
      const { key } = JSON.parse(stdout) as { readonly key: string };
      const answer = await patiently(() =>
        call(`${edge.https}/tts?text=x`, { ca: edge.ca, headers: { 'x-api-key': key } }),
      );
      expect(answer.status).toBe(200);
      expect(answer.json()).toMatchObject({ path: 'tts', query: 'text=x', scheme: 'https' });
    },
    LONGEST,
  );

  async function balance(stackNames: readonly string[]): Promise<Edge> {
    const edge = await startEdge({
      aws: emulator.aws,
      stackNames,
      httpPort: 0,
      httpsPort: 0,
      caDirectory: join(directory, 'ca'),
      certificateKeys: emulator.certificateKeys,
      wafDelay: 1,
      onRequest: () => {},
    });
    edges.push(edge);
    return edge;
  }

  /** As soon as there is a gate that answers, and an app behind it. */
  async function patiently(ask: () => Promise<Answer>): Promise<Answer> {
    const once = () => ask().catch((error: Error) => error);
    const deadline = Date.now() + PATIENCE;
    let answer: Answer | Error = await once();
    while (Date.now() < deadline && (answer instanceof Error || answer.status === 503)) {
      await sleep(100);
      answer = await once();
    }
    if (answer instanceof Error) throw new Error(`${answer.message}\n${events.join('\n')}`);
    return answer;
  }

  async function expectRefused(base: string, ca?: string, host?: string): Promise<void> {
    const answer = await patiently(() =>
      call(`${base}/tts?text=x`, {
        ca,
        servername: host && 'localhost',
        headers: host === undefined ? {} : { host },
      }),
    );
    const seen = [answer.status, answer.headers['www-authenticate']];
    expect(seen, `${answer.body}\n${events.join('\n')}`).toEqual([401, 'Bearer realm="voicegate"']);
  }
});

it('every shape is deployed, or skipped by name', () => {
  expect(Object.keys(SHAPES)).toEqual(Object.keys(CONSUMERS));
});
