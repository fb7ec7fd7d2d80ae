import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Toolkit } from '@aws-cdk/toolkit-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from '../../local/deploy/index.js';
import { describeStacks } from '../../local/deploy/stacks.js';
import { createToolkitHost } from '../../local/deploy/toolkit-host.js';
import { type Emulator, startEmulator } from '../../local/emulator/index.js';
import { ensureTools } from '../../local/toolchain/index.mjs';
import { FLAGS } from '../lib/support/default-app';
import { EXAMPLES, exampleFile } from '../lib/support/examples';
import { copyOf, runApp } from '../support/assembly';
import { added, type Inventory, takeInventory } from './support/inventory';

describe('the examples, deployed by the CDK toolkit into an emulated AWS', () => {
  let directory = '';
  let emulator: Emulator;
  let empty: Inventory;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'voicegate-examples-'));
    const { python } = await ensureTools();
    emulator = await startEmulator({ python, directory: join(directory, 'emulator') });
    empty = await takeInventory(emulator.aws);
  }, 300_000);

  afterAll(async () => {
    await emulator?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const assembly = (name: string) => join(directory, name, 'cdk.out');

  async function deployExample(name: string, context: Readonly<Record<string, string>> = {}): Promise<Deployment> {
    const { accountId: account, region } = emulator.aws;
    const outdir = mkdtempSync(join(directory, `${name}-`));
    await runApp(exampleFile(name), { outdir, env: { account, region }, context: { ...FLAGS, ...context } });
    return deploy({ aws: emulator.aws, app: copyOf(outdir), assemblyDirectory: assembly(name) });
  }

  async function destroyExample(name: string): Promise<void> {
    const toolkit = new Toolkit({ ioHost: createToolkitHost({ update: () => {}, onWarning: () => {} }), color: false });
    const source = await toolkit.fromAssemblyDirectory(assembly(name));
    await toolkit.destroy(source, { stackEventPollingInterval: 200 });
  }

  it.each(EXAMPLES)(
    '%s is created, changed in place, and destroyed with nothing left but its keys',
    async (name) => {
      const created = await deployExample(name);
      expect(created.changed).toBe(true);
      const before = await takeInventory(emulator.aws);
      const ids = new Map([...(await describeStacks(emulator.aws))].map(([stack, { id }]) => [stack, id]));

      const updated = await deployExample(name, { greeting: 'hi' });
      expect(updated.changed).toBe(true);
      for (const stack of updated.stacks) {
        const state = (await describeStacks(emulator.aws)).get(stack.name);
        expect(state).toMatchObject({ id: ids.get(stack.name), complete: true });
      }
      // In place: no load balancer, network, table or bucket was replaced.
      expect(added(before, await takeInventory(emulator.aws))).toEqual({});

      await destroyExample(name);
      for (const { name: stack } of updated.stacks) expect((await describeStacks(emulator.aws)).has(stack)).toBe(false);
      const after = await takeInventory(emulator.aws);
      const { tables: _, ...rest } = added(empty, after);
      expect(rest).toEqual({});
      // Keys are in people's hands: no table goes.
      expect(after.tables).toEqual(before.tables);
      const keys = updated.stacks.some(({ resources }) =>
        resources.some(({ type }) => type === 'AWS::DynamoDB::GlobalTable'),
      );
      if (keys) expect(after.tables?.length).toBeGreaterThan(0);
    },
    240_000,
  );
});
