/** Builds `dist/cli.js` as the package does, and runs it as its users do. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface Result {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Cli {
  run(args: readonly string[], env?: Readonly<Record<string, string>>, input?: string): Promise<Result>;
  readonly directory: string;
  remove(): void;
}

export async function buildCli(): Promise<Cli> {
  const directory = mkdtempSync(join(tmpdir(), 'voicegate-cli-'));
  const file = join(directory, 'cli.js');
  await build({
    entryPoints: [fileURLToPath(new URL('../../bin/cli.ts', import.meta.url))],
    outfile: file,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  });
  return {
    directory,
    async run(args, env = {}, input) {
      const child = spawn(process.execPath, [file, ...args], {
        cwd: directory,
        // Nothing of the developer's own AWS settings.
        env: {
          PATH: process.env.PATH ?? '',
          HOME: directory,
          AWS_CONFIG_FILE: join(directory, 'aws-config'),
          AWS_SHARED_CREDENTIALS_FILE: join(directory, 'aws-credentials'),
          AWS_EC2_METADATA_DISABLED: 'true',
          ...env,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
        timeout: 25_000,
      });
      // A command that ends without reading closes the pipe.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input ?? '');
      const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
      const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
      return { exitCode, stdout, stderr };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
