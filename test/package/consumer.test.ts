import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from '../../local/deploy/index.js';
import { type Emulator, startEmulator } from '../../local/emulator/index.js';
import { ensureTools } from '../../local/toolchain/index.mjs';
import { exampleAsJavaScript, nodeAlone, prepared, root, synthesize } from './prepared';

describe('a project that installed the packed file and aws-cdk-lib', () => {
  const { consumer, python } = prepared();
  const app = join(consumer, 'app.js');
  const path = nodeAlone();
  let templates: Readonly<Record<string, string>>;

  beforeAll(async () => {
    writeFileSync(app, exampleAsJavaScript('default'));
    templates = await synthesize(process.execPath, [app], path);
  });

  it('has neither a bundler nor a compiler', () => {
    for (const name of ['esbuild', 'typescript', 'tsx'])
      expect(existsSync(join(consumer, 'node_modules', name))).toBe(false);
    expect(readdirSync(path)).toEqual(['node']);
  });

  it('synthesizes the default example with Node.js alone', () => {
    expect(Object.keys(templates)).toEqual(['Speech']);
    expect(templates.Speech).toContain('AWS::ECS::Service');
  });

  it('gets the same template from Python, by the wheel of the same build, asset for asset', async () => {
    // jsii starts a Node.js of its own.
    const fromPython = await synthesize(python, [join(root, 'examples/python/app.py')], path);
    expect(Object.keys(fromPython)).toEqual(['Speech']);
    expect(JSON.parse(fromPython.Speech ?? '')).toEqual(JSON.parse(templates.Speech ?? ''));
  }, 180_000);

  describe('deployed into an emulated AWS', () => {
    let directory = '';
    let emulator: Emulator;
    let deployment: Deployment;
    const before = process.env.PATH;

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'voicegate-consumer-deploy-'));
      const tools = await ensureTools();
      emulator = await startEmulator({ python: tools.python, directory: join(directory, 'emulator') });
      // The toolkit runs the app in a shell.
      process.env.PATH = [path, '/usr/bin', '/bin'].join(delimiter);
      deployment = await deploy({
        aws: emulator.aws,
        app: `node ${app}`,
        assemblyDirectory: join(directory, 'cdk.out'),
      });
    }, 300_000);

    afterAll(async () => {
      process.env.PATH = before;
      await emulator?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    it('has its custom resources executed and its outputs told', () => {
      expect(deployment.changed).toBe(true);
      const names = Object.keys(deployment.stacks[0]?.outputs ?? {}).join();
      expect(names).toContain('KeyTableName');
    });
  });
});
