import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { synthesizeFile } from '../lib/support/examples';
import '../lib/support/stack';
import { type CodeBlock, codeBlocks, root } from './code-blocks';

const all = codeBlocks().filter(({ language }) => language === 'ts');
/** Each program once, with all places where it stands: most are in the pages of both languages. */
const blocks = [...new Set(all.map(({ text }) => text))].map((text) => ({
  text,
  where: all.flatMap((block) => (block.text === text ? [block.where] : [])).join(' and '),
}));

/** A block that makes no app of its own is about a stack: it gets one. */
function program({ text }: Pick<CodeBlock, 'text'>): string {
  return text.includes('new App(')
    ? `${text}\napp.synth();\n`
    : `import { App as DocsApp, Stack as DocsStack } from 'aws-cdk-lib';
const docsApp = new DocsApp();
const stack = new DocsStack(docsApp, 'Docs', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
${text}
docsApp.synth();
`;
}

describe('the TypeScript of README and docs', () => {
  let folder = '';
  const files = new Map<string, string>();

  beforeAll(() => {
    // Inside the project, where imports find its packages.
    mkdirSync(join(root, '.voicegate'), { recursive: true });
    folder = mkdtempSync(join(root, '.voicegate/docs-'));
    for (const [index, block] of blocks.entries()) {
      const file = join(folder, `block-${index}.ts`);
      writeFileSync(file, program(block));
      files.set(block.where, file);
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('compiles', () => {
    const settings = { compilerOptions: { noUnusedLocals: false }, include: ['*.ts'], exclude: [] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', ...settings }));
    const compiler = join(root, 'node_modules/typescript-native/bin/tsc');
    const args = [compiler, '--project', folder, '--pretty', 'false'];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    // A complaint names the file that stands for the block.
    const complaints = [...files].reduce((said, [where, file]) => said.replaceAll(basename(file), where), stdout);
    expect({ status, complaints }).toEqual({ status: 0, complaints: '' });
  }, 120_000);

  it.each(blocks)('synthesizes: $where', async ({ where }) => {
    const templates = await synthesizeFile(files.get(where) ?? '');
    expect(Object.values(templates).flatMap(({ Resources }) => Object.keys(Resources)).length).toBeGreaterThan(0);
  });
});
