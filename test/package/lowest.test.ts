import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exampleAsJavaScript, HANGS, nodeAlone, prepared, root, synthesize } from './prepared';

const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly peerDependencies: Readonly<Record<string, string>>;
};

describe('with the lowest versions that package.json supports', () => {
  const { oldest } = prepared();
  const path = nodeAlone();

  it.each(['aws-cdk-lib', 'constructs'])('%s is installed as it is named', (name) => {
    const { version } = JSON.parse(readFileSync(join(oldest, 'node_modules', name, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(`^${version}`).toBe(peerDependencies[name]);
  });

  it('they go together, by what aws-cdk-lib itself asks for', () => {
    const file = join(oldest, 'node_modules/aws-cdk-lib/package.json');
    const theirs = JSON.parse(readFileSync(file, 'utf8')) as { peerDependencies: Readonly<Record<string, string>> };
    expect(theirs.peerDependencies.constructs).toBe(peerDependencies.constructs);
  });

  it('neither a bundler nor a compiler is installed', () => {
    for (const name of ['esbuild', 'typescript', 'tsx'])
      expect(existsSync(join(oldest, 'node_modules', name))).toBe(false);
    expect(readdirSync(path)).toEqual(['node']);
  });

  it('the library compiles', () => {
    const settings = {
      compilerOptions: {
        target: 'es2023',
        module: 'node20',
        strict: true,
        skipLibCheck: true,
        noEmit: true,
        typeRoots: [join(root, 'node_modules/@types')],
        types: ['node'],
      },
      files: ['source/lib/index.ts'],
    };
    writeFileSync(join(oldest, 'tsconfig.json'), JSON.stringify(settings));
    const compiler = join(root, 'node_modules/typescript-native/bin/tsc');
    const args = [compiler, '--project', oldest, '--pretty', 'false', '--listFiles'];
    const { status, stdout } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      timeout: HANGS,
    });
    const complaints = stdout.split('\n').filter((line) => line.includes('error TS'));
    expect({ status, complaints }).toEqual({ status: 0, complaints: [] });
    // It did look at the oldest.
    expect(stdout).toContain(join(oldest, 'node_modules/aws-cdk-lib'));
  });

  it.each(['default', 'existing-service', 'http-api', 'shared-load-balancer'])(
    'the example %s synthesizes',
    async (name) => {
      const app = join(oldest, `${name}.js`);
      writeFileSync(app, exampleAsJavaScript(name));
      const { templates } = await synthesize(process.execPath, [app], path);
      expect(Object.values(templates).join()).toContain('AWS::Lambda::Function');
    },
  );
});
