/** `voicegate whoami`: whose a key is and what it may, for one that was found where it should not be. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Command } from 'commander';
import { parseApiKey } from '../../contract/api-key';
import { type KeyRecord, keyState } from '../../contract/key-record';
import { NotFoundError, UsageError } from '../command-error';
import type { Terminal } from '../terminal';
import { type CommonOptions, json, KeysContext, readPrefix, withTarget } from './context';
import { hashSecret } from './life-cycle';
import { keyDetails, keyView } from './presentation';

type Match = 'current' | 'previous';

export function addWhoamiCommand(program: Command, terminal: Terminal): void {
  const context = new KeysContext(terminal);
  withTarget(program.command('whoami').description('whose a key is, whether it works and what it may'))
    .option('--prefix <text>', 'prefix of the key, if not the one that the stack says')
    .addHelpText(
      'after',
      `
The key comes from VOICEGATE_KEY or from standard input, never as an argument. A key that was leaked: revoke it.

Examples:
  voicegate whoami --stack Voicegate < found.txt
  voicegate keys revoke KEYID --stack Voicegate`,
    )
    .action(async (options: CommonOptions & { readonly prefix?: string }) => {
      const given = (terminal.env.VOICEGATE_KEY ?? (await terminal.readAll?.()) ?? '').trim();
      if (given === '') throw new UsageError('whose key? Pipe it in, or set VOICEGATE_KEY');
      const target = await context.open(options);
      const key = parseApiKey(given, readPrefix(options.prefix, target));
      if (key === undefined) {
        throw new UsageError('that is no key of this stack: its prefix, its length or its checksum is wrong');
      }
      const record = await target.table.get(key.keyId);
      const match = matchOf(record, key.secret, context.now());
      if (match === undefined) {
        throw new NotFoundError(`the key ${key.keyId} has another secret: this one was rotated away, or made up`);
      }
      const works = keyState(record, context.now()) === 'active';
      const lines = `works    ${works ? 'yes' : 'no'}${match === 'previous' ? ', by its secret before the rotation' : ''}\n`;
      terminal.out(
        options.json
          ? json({ works, secret: match, ...keyView(record, context.now()) })
          : lines + keyDetails(record, context.now()),
      );
    });
}

function matchOf(record: KeyRecord, secret: string, now: number): Match | undefined {
  const hash = hashSecret(secret);
  if (same(hash, record.hash)) return 'current';
  const { previousHash, previousHashUntil } = record;
  if (previousHash !== undefined && same(hash, previousHash) && now < (previousHashUntil ?? 0)) return 'previous';
  return undefined;
}

function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
