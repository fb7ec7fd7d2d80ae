import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../launch/prepare.mjs';
import type { StackState } from './stacks.js';

/** All that the app of cdk.json is made from; `lambda` and `gate` enter through their bundles in `dist`, which holds other things too. */
const INPUTS = [
  'bin',
  'lib',
  'contract',
  'image',
  'dist/lambda',
  'dist/gate',
  'cdk.json',
  'cdk.context.json',
  'package-lock.json',
  'tsconfig.json',
];
/** What tools and tests leave in those folders. */
const IGNORED = new Set([
  '__pycache__',
  '.pytest_cache',
  '.ruff_cache',
  '.mypy_cache',
  '.hypothesis',
  'node_modules',
  'python',
]);

export interface RecordedStack {
  readonly name: string;
  /** The stack's ARN: another one is another deployment. */
  readonly id: string;
  /** SHA-256 of the template, which names its assets by their own hashes. */
  readonly fingerprint: string;
  readonly resources: readonly { readonly logicalId: string; readonly type: string }[];
}

/** What was deployed last, so that the same is not deployed again. */
export interface DeploymentRecord {
  readonly inputs?: string | undefined;
  readonly stacks: readonly RecordedStack[];
}

export function readRecord(file: string): DeploymentRecord {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as DeploymentRecord;
    return Array.isArray(record.stacks) ? record : { stacks: [] };
  } catch {
    return { stacks: [] };
  }
}

export function writeRecord(file: string, record: DeploymentRecord): void {
  writeFileSync(file, `${JSON.stringify(record)}\n`);
}

/** Whether CloudFormation still has exactly these stacks, each after a successful operation. */
export function stands(stacks: readonly RecordedStack[], deployed: ReadonlyMap<string, StackState>): boolean {
  return (
    stacks.length > 0 && stacks.every(({ name, id }) => deployed.get(name)?.complete && deployed.get(name)?.id === id)
  );
}

/** SHA-256 of everything that decides what the project's app synthesizes to. */
export function fingerprintInputs(context: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256').update(JSON.stringify([process.version, Object.entries(context).sort()]));
  const add = (path: string): void => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      if (IGNORED.has(entry.name)) continue;
      const inner = `${path}/${entry.name}`;
      if (entry.isDirectory()) add(inner);
      else if (entry.isFile())
        hash
          .update(`${inner}\0`)
          .update(readFileSync(join(root, inner)))
          .update('\0');
    }
  };
  for (const path of INPUTS) {
    if (!existsSync(join(root, path))) continue;
    if (/\.json$/.test(path)) hash.update(`${path}\0`).update(readFileSync(join(root, path)));
    else add(path);
  }
  return hash.digest('hex');
}
