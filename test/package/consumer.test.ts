import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { exampleAsJavaScript, nodeAlone, prepared, root, type Synthesis, synthesize } from './prepared';

describe('a project with the packed file and a recent aws-cdk-lib', () => {
  const { consumer, python } = prepared();
  const app = join(consumer, 'app.js');
  const path = nodeAlone();
  let made: Synthesis;

  beforeAll(async () => {
    writeFileSync(app, exampleAsJavaScript('default'));
    made = await synthesize(process.execPath, [app], path);
  });

  it('synthesizes the default example with Node.js alone', () => {
    expect(Object.keys(made.templates)).toEqual(['Speech']);
    expect(made.templates.Speech).toContain('AWS::ECS::Service');
  });

  it("uploads this build's functions, byte for byte, which the end-to-end tests deploy and call", () => {
    const built = ['authorizer', 'certificate'].map((name) =>
      readFileSync(join(root, 'dist/lambda', name, 'index.mjs'), 'utf8'),
    );
    expect(new Set(made.functions)).toEqual(new Set(built));
  });

  it('gets the same template from Python, by the wheel of the same build, asset for asset', async () => {
    // jsii starts a Node.js of its own.
    const fromPython = await synthesize(python, [join(root, 'examples/python/app.py')], path);
    expect(Object.keys(fromPython.templates)).toEqual(['Speech']);
    expect(JSON.parse(fromPython.templates.Speech ?? '')).toEqual(JSON.parse(made.templates.Speech ?? ''));
  });
});
