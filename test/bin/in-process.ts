/** The command line without a process of its own, for whoever runs it, vitest or not. */

import { Writable } from 'node:stream';
import { run } from '../../bin/program';
import type { Terminal } from '../../bin/terminal';

export type Env = Readonly<Record<string, string | undefined>>;

export interface Result {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let last: Promise<unknown> = Promise.resolve();

/** All but the process around it. One after the other: the environment is the command's until it has ended. */
export function runInThisProcess(args: readonly string[], env: Env, input = ''): Promise<Result> {
  const result = last.then(() => runHere(args, env, input));
  last = result.catch(() => undefined);
  return result;
}

async function runHere(args: readonly string[], env: Env, input: string): Promise<Result> {
  let stdout = '';
  let stderr = '';
  const terminal: Terminal = {
    out: (part) => {
      stdout += part;
    },
    stream: () =>
      new Writable({
        decodeStrings: false,
        write(part, _, done) {
          stdout += String(part);
          done();
        },
      }),
    tell: (part) => {
      stderr += part;
    },
    interactive: false,
    ask: () => Promise.reject(new Error('nobody is there')),
    readAll: async (encoding) => Buffer.from(input).toString(encoding ?? 'utf8'),
    env,
    clock: () => Date.now() / 1000,
  };
  const own = process.env;
  // The AWS SDK reads the environment by itself.
  process.env = { ...env };
  try {
    return { exitCode: await run(args, terminal), stdout, stderr };
  } finally {
    process.env = own;
  }
}
