import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { exampleAsJavaScript, nodeAlone, prepared, root, synthesize } from './prepared';

const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly peerDependencies: Readonly<Record<string, string>>;
};

describe('with the lowest versions that package.json supports', () => {
  const { oldest } = prepared();

  it.each(['aws-cdk-lib', 'constructs'])('%s is installed as it is named', (name) => {
    const { version } = JSON.parse(readFileSync(join(oldest, 'node_modules', name, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(`^${version}`).toBe(peerDependencies[name]);
  });

  it('the library compiles', () => {
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2023,
      lib: ['lib.es2023.d.ts'],
      module: ts.ModuleKind.Node20,
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      esModuleInterop: true,
      typeRoots: [join(root, 'node_modules/@types')],
      types: ['node'],
    };
    const compiled = ts.createProgram([join(oldest, 'source/lib/index.ts')], options);
    const complaints = ts
      .getPreEmitDiagnostics(compiled)
      .map(({ messageText, file }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
    expect(complaints).toEqual([]);
    expect(
      compiled.getSourceFiles().some(({ fileName }) => fileName.startsWith(join(oldest, 'node_modules/aws-cdk-lib'))),
    ).toBe(true);
  }, 180_000);

  it.each(['default', 'existing-service', 'http-api', 'shared-load-balancer'])(
    'the example %s synthesizes',
    async (name) => {
      const app = join(oldest, `${name}.js`);
      writeFileSync(app, exampleAsJavaScript(name));
      const templates = await synthesize(process.execPath, [app], nodeAlone());
      expect(Object.values(templates).join()).toContain('AWS::Lambda::Function');
    },
    120_000,
  );
});
