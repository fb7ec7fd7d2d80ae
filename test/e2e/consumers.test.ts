import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
import { ensureTools } from '../../local/toolchain/index.js';
import { CONSUMERS } from '../consumers/apps';
import { NOT_SERVED, SERVED, SHAPES } from './consumers/served';
import { type Answer, call } from './support/http';

const PATIENCE = 40_000;

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
    const app = [join(root, 'node_modules/.bin/tsx'), join(root, 'test/e2e/consumers/app.ts')].join(' ');
    const certificateArn = `arn:aws:acm:${aws.region}:${aws.accountId}:certificate/11111111-2222-3333-4444-555555555555`;
    await deploy({ aws, app, assemblyDirectory, context: { certificateArn } });
    tasks = await startTasks({
      aws,
      stackNames: SERVED.flatMap(([, { stacks }]) => stacks),
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

  it.each(SERVED)('%s: 401 without a key', async (_, { stacks, balancers, hosts = [undefined], atTasks }) => {
    if (atTasks) {
      const own = () => tasks.tasks().filter(({ service }) => stacks.some((stack) => service.startsWith(`${stack}-`)));
      expect(own()).not.toEqual([]);
      for (const { address } of own()) await expectRefused(`http://${address}:${AuthorizerGate.PORT}`);
      return;
    }
    for (const stackNames of balancers?.map((stack) => [stack]) ?? [stacks]) {
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
      for (const host of hosts) await expectRefused(edge.https, edge.ca, host);
    }
  });

  it.each(NOT_SERVED)('%s: skipped, as the emulator refuses %s', async (_, refused) => {
    const { client, destroy } = awsClients(emulator.aws, { client: CloudFormationClient });
    const TemplateBody = JSON.stringify({ Resources: { One: { Type: refused, Properties: {} } } });
    const created = client.send(new CreateStackCommand({ StackName: 'Refused', TemplateBody }));
    await expect(created).rejects.toThrow(`Unrecognized resource types: [${refused}]`);
    destroy();
  });

  /** By the gate, as soon as there is one that answers. */
  async function expectRefused(base: string, ca?: string, host?: string): Promise<void> {
    const ask = () =>
      call(`${base}/tts?text=x`, {
        ca,
        servername: host && 'localhost',
        headers: host === undefined ? {} : { host },
      }).catch((error: Error) => error);
    const deadline = Date.now() + PATIENCE;
    let answer: Answer | Error = await ask();
    while (Date.now() < deadline && (answer instanceof Error || answer.status === 503)) {
      await sleep(100);
      answer = await ask();
    }
    if (answer instanceof Error) throw new Error(`${base}: ${answer.message}\n${events.join('\n')}`);
    const seen = [answer.status, answer.headers['www-authenticate']];
    expect(seen, `${answer.body}\n${events.join('\n')}`).toEqual([401, 'Bearer realm="voicegate"']);
  }
});

it('every shape is deployed, or skipped by name', () => {
  expect(Object.keys(SHAPES)).toEqual(Object.keys(CONSUMERS));
});
