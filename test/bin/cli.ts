/** The command line as tests run it: in this process, or as `dist/cli.js`, which is what ships, in one of its own. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { type Env, type Result, runInThisProcess } from './in-process';

export interface Cli {
  /** All but the process around it: its arguments, environment, input and output are the test's. One at a time. */
  run(args: readonly string[], env?: Env, input?: string): Promise<Result>;
  /** As its users run it, in {@link directory}: for what is about the process, and once for each command. */
  spawn(args: readonly string[], env?: Env, input?: string): Promise<Result>;
  /** What {@link spawn} runs. */
  readonly file: string;
  readonly directory: string;
}

/** For the tests of the file or `describe` that calls; its folder goes after them. */
export function commandLine(): Cli {
  const directory = mkdtempSync(join(tmpdir(), 'voicegate-cli-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const file = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
  // Nothing of the developer's own AWS settings.
  const base = {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    AWS_CONFIG_FILE: join(directory, 'aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(directory, 'aws-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  return {
    directory,
    file,
    run: (args, env, input) => runInThisProcess(args, { ...base, ...env }, input),
    spawn: (args, env, input = '') => runProcess([file, ...args], { ...base, ...env }, input, directory),
  };
}

async function runProcess(words: readonly string[], env: Env, input: string, cwd: string): Promise<Result> {
  const child = spawn(process.execPath, words, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], timeout: 25_000 });
  // A command that ends without reading closes the pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { exitCode, stdout, stderr };
}
