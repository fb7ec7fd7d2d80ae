import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { transformSync } from 'esbuild';
import { packageRoot } from '../../lib/shared/package-root';

export const root = packageRoot(__dirname);
const run = promisify(execFile);

/** What `prepare.mjs` made. */
export interface Prepared {
  /** The packed file. */
  readonly file: string;
  /** A project with it and the aws-cdk-lib that `python` has. */
  readonly consumer: string;
  /** A project with it and the lowest supported peers; its folder `source` has the library's sources. */
  readonly oldest: string;
  /** A Python that has the wheel. */
  readonly python: string;
  /** The program checkov. */
  readonly checkov: string;
}

export function prepared(): Prepared {
  try {
    return JSON.parse(readFileSync(join(root, '.voicegate/package/prepared.json'), 'utf8')) as Prepared;
  } catch {
    throw new Error(
      'nothing is packed: run "npm test -- --only package", or "npm run build && node test/package/prepare.mjs"',
    );
  }
}

/** An example as JavaScript, for a project without a compiler. */
export function exampleAsJavaScript(name: string): string {
  const source = readFileSync(join(root, 'examples', name, 'app.ts'), 'utf8');
  return transformSync(source, { loader: 'ts', format: 'cjs', target: 'es2022' }).code;
}

/** A folder with Node.js alone: as PATH it hides compilers and container builders. */
export function nodeAlone(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'voicegate-path-')), 'bin');
  mkdirSync(folder);
  symlinkSync(process.execPath, join(folder, 'node'));
  return folder;
}

/**
 * Milliseconds after which a program that only computes hangs: cfn-lint needs nine seconds of CPU time, and took more
 * than a hundred where a dozen others wanted the same two cores.
 */
export const HANGS = 480_000;

export interface Synthesis {
  /** As text, by stack. */
  readonly templates: Readonly<Record<string, string>>;
  /** The code of the functions, as it would be uploaded. */
  readonly functions: readonly string[];
}

/** Runs an app as the CDK toolkit does. */
export async function synthesize(command: string, args: readonly string[], path: string): Promise<Synthesis> {
  const outdir = mkdtempSync(join(tmpdir(), 'voicegate-out-'));
  const zones = { 'availability-zones:account=111122223333:region=eu-west-1': ['eu-west-1a', 'eu-west-1b'] };
  await run(command, args, {
    timeout: HANGS,
    env: {
      PATH: path,
      HOME: outdir,
      TMPDIR: tmpdir(),
      // The default app is checked by its own test.
      CDK_VALIDATION: 'false',
      CDK_OUTDIR: outdir,
      CDK_DEFAULT_ACCOUNT: '111122223333',
      CDK_DEFAULT_REGION: 'eu-west-1',
      CDK_CONTEXT_JSON: JSON.stringify(zones),
    },
  });
  const manifest = JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8')) as {
    readonly artifacts: Readonly<
      Record<string, { readonly type: string; readonly properties?: { templateFile?: string } }>
    >;
  };
  const templates = Object.fromEntries(
    Object.entries(manifest.artifacts)
      .filter(([, { type }]) => type === 'aws:cloudformation:stack')
      .map(([name, { properties }]) => [name, readFileSync(join(outdir, String(properties?.templateFile)), 'utf8')]),
  );
  const functions = readdirSync(outdir)
    .map((name) => join(outdir, name, 'index.mjs'))
    .filter((name) => existsSync(name))
    .map((name) => readFileSync(name, 'utf8'));
  rmSync(outdir, { recursive: true, force: true });
  return { templates, functions };
}
