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

interface Synthesis {
  /** Where the app puts its assembly. */
  readonly outdir: string;
  /** @default - the account and region of all tests */
  readonly env?: { readonly account: string; readonly region: string };
  readonly context?: Readonly<Record<string, unknown>>;
}

/** Runs an app as the CDK toolkit does, told by the environment what to make and where to put it. */
export async function runApp(file: string, { outdir, env = ENV, context = {} }: Synthesis): Promise<void> {
  const zones = ['a', 'b', 'c'].map((letter) => env.region + letter);
  vi.stubEnv('CDK_OUTDIR', outdir);
  vi.stubEnv('CDK_DEFAULT_ACCOUNT', env.account);
  vi.stubEnv('CDK_DEFAULT_REGION', env.region);
  vi.stubEnv(
    'CDK_CONTEXT_JSON',
    JSON.stringify({
      [`availability-zones:account=${env.account}:region=${env.region}`]: zones,
      '@aws-cdk/core:validateAgainstDefaultRules': false,
      ...context,
    }),
  );
  try {
    await import(`${file}?${Math.random()}`);
  } finally {
    vi.unstubAllEnvs();
  }
}

/** Templates of an app, by stack. */
export async function synthesizeFile(
  file: string,
  context: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, CloudFormation>>> {
  const outdir = mkdtempSync(join(tmpdir(), 'voicegate-example-'));
  try {
    await runApp(file, { outdir, context });
    return Object.fromEntries(
      readdirSync(outdir)
        .filter((name) => name.endsWith('.template.json'))
        .map((name) => [name.replace('.template.json', ''), readTemplate(join(outdir, name))]),
    );
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
