import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { packageRoot } from '../../../lib/shared/package-root';
import { type CloudFormation, readTemplate } from './default-app';
import { ENV } from './stack';

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

/** Runs an app as the CDK toolkit does, told by the environment where to put its templates; returns these by stack. */
export async function synthesizeFile(
  file: string,
  context: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, CloudFormation>>> {
  const outdir = mkdtempSync(join(tmpdir(), 'voicegate-example-'));
  const zones = ['a', 'b', 'c'].map((letter) => ENV.region + letter);
  vi.stubEnv('CDK_OUTDIR', outdir);
  vi.stubEnv('CDK_DEFAULT_ACCOUNT', ENV.account);
  vi.stubEnv('CDK_DEFAULT_REGION', ENV.region);
  vi.stubEnv(
    'CDK_CONTEXT_JSON',
    JSON.stringify({
      [`availability-zones:account=${ENV.account}:region=${ENV.region}`]: zones,
      '@aws-cdk/core:validateAgainstDefaultRules': false,
      ...context,
    }),
  );
  try {
    await import(`${file}?${Math.random()}`);
    return Object.fromEntries(
      readdirSync(outdir)
        .filter((name) => name.endsWith('.template.json'))
        .map((name) => [name.replace('.template.json', ''), readTemplate(join(outdir, name))]),
    );
  } finally {
    vi.unstubAllEnvs();
    rmSync(outdir, { recursive: true, force: true });
  }
}
