import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../lib/shared/package-root';
import { runApp } from '../../support/assembly';
import { type CloudFormation, readTemplate } from './default-app';
import { ENV } from './stack';
import { TEMPLATES_ALONE } from './test-stack';

const folder = join(packageRoot(__dirname), 'examples');

/** The examples in TypeScript. */
export const EXAMPLES = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'app.ts')))
  .map(({ name }) => name)
  .sort();

/** File of an example's app. */
export function exampleFile(name: string): string {
  return join(folder, name, 'app.ts');
}

/** Templates of an app, by stack. */
export async function synthesizeFile(
  file: string,
  context: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, CloudFormation>>> {
  const outdir = mkdtempSync(join(tmpdir(), 'voicegate-example-'));
  try {
    await runApp(file, { outdir, env: ENV, context: { ...TEMPLATES_ALONE, ...context } });
    return Object.fromEntries(
      readdirSync(outdir)
        .filter((name) => name.endsWith('.template.json'))
        .map((name) => [name.replace('.template.json', ''), readTemplate(join(outdir, name))]),
    );
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
