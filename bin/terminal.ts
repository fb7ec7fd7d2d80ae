/** The effects of a command: what it reads from and writes to its terminal, and the time. */

import { createInterface } from 'node:readline/promises';
import { CommandError, UsageError } from './command-error';

export interface Terminal {
  /** Results: what a script reads. */
  out(text: string): void;
  /** The same place, for results that are too long to hold. */
  stream(): NodeJS.WritableStream;
  /** For the person who watches: questions, progress, errors. */
  tell(text: string): void;
  readonly interactive: boolean;
  ask(question: string): Promise<string>;
  /** Everything on standard input; empty where a person types there. */
  readAll?(encoding?: 'latin1'): Promise<string>;
  readonly env: NodeJS.ProcessEnv;
  /** Seconds since the epoch. */
  clock(): number;
}

export function processTerminal(): Terminal {
  return {
    out: (text) => process.stdout.write(text),
    stream: () => process.stdout,
    tell: (text) => process.stderr.write(text),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    async ask(question) {
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return await lines.question(question);
      } finally {
        lines.close();
      }
    },
    async readAll(encoding) {
      if (process.stdin.isTTY) return '';
      const { buffer } = await import('node:stream/consumers');
      return (await buffer(process.stdin)).toString(encoding ?? 'utf8');
    },
    env: process.env,
    clock: () => Date.now() / 1000,
  };
}

/**
 * Asks before something that cannot be taken back.
 * @throws UsageError when there is nobody to ask, CommandError when the answer is not yes.
 */
export async function confirm(terminal: Terminal, yes: boolean | undefined, question: string): Promise<void> {
  if (yes) return;
  if (!terminal.interactive) {
    throw new UsageError('this cannot be taken back, and there is no terminal to ask at; give --yes to confirm');
  }
  const answer = await terminal.ask(`${question} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('nothing was done');
}
