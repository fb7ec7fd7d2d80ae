import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { formatApiKey, generateApiKey } from '../../contract/api-key';
import { UsageError } from '../command-error';
import { confirm } from '../terminal';
import { type CommonOptions, json, type KeysContext, named, readPrefix, withTarget } from './context';
import { type Change, disable, enable, graceEnd, hashSecret, isoTime, revoke, rotate, update } from './life-cycle';
import { readDuration, readKeyId } from './option-values';
import { readTerms, type TermOptions, withoutTerms, withTerms } from './term-options';

type Confirmed<Options> = Options & { readonly yes?: boolean };

const DEFAULT_GRACE = '24h';
const YES = ['--yes', 'do not ask'] as const;

export function addChangeCommands(keys: Command, context: KeysContext): void {
  const command = (name: string, description: string) =>
    withTarget(keys.command(name).argument('<KEYID>').description(description));

  const updating = command('update', 'change what a key may do, its owner or its label').option(
    '--owner <text>',
    'who holds it',
  );
  withoutTerms(withTerms(updating)).action(async (keyIdText: string, options: CommonOptions & TermOptions) => {
    const keyId = readKeyId(keyIdText);
    const asked = context.now();
    const changes = readTerms(options, asked);
    if (Object.keys(changes).length === 0) {
      throw new UsageError(
        'nothing to change: give at least one of the options that `voicegate keys update --help` lists',
      );
    }
    const { table } = await context.open(options);
    context.printKey(options, await table.change(keyId, update(changes, asked)));
  });

  const simple: readonly (readonly [name: string, description: string, change: Change])[] = [
    ['disable', 'refuse a key until it is enabled again', disable],
    ['enable', 'allow a disabled key again', enable],
  ];
  for (const [name, description, change] of simple) {
    command(name, description).action(async (keyIdText: string, options: CommonOptions) => {
      const keyId = readKeyId(keyIdText);
      const { table } = await context.open(options);
      context.printKey(options, await table.change(keyId, change));
    });
  }

  command('rotate', 'give a key a new secret, shown once; the old one stays good for a while')
    .option('--grace <duration>', 'how long the old secret stays good, such as 24h; 0s: not at all', DEFAULT_GRACE)
    .option('--prefix <text>', "beginning of the key (default: the stack's)")
    .option(...YES)
    .action(
      async (
        keyIdText: string,
        options: Confirmed<CommonOptions & { readonly grace: string; readonly prefix?: string }>,
      ) => {
        const keyId = readKeyId(keyIdText);
        const grace = readDuration('--grace', options.grace);
        const target = await context.open(options);
        const prefix = readPrefix(options.prefix, target);
        let endPrevious = options.yes === true;
        if (!endPrevious && context.terminal.interactive) {
          const before = await target.table.get(keyId);
          const running = graceEnd(before, context.now());
          if (running !== undefined) {
            const question = `The secret before the last rotation of ${named(before)} is good until ${isoTime(running)}. End it now?`;
            await confirm(context.terminal, false, question);
            endPrevious = true;
          }
        }
        const key = { ...generateApiKey(randomBytes, prefix), keyId };
        // Once: after a rotation by somebody else at the same time, theirs must not be pushed into its grace unseen.
        const change = rotate(hashSecret(key.secret), grace, endPrevious);
        const record = await target.table.change(keyId, change, { once: true });
        context.printNewKey(options, formatApiKey(key), record);
      },
    );

  command('revoke', 'refuse a key from now on, for good')
    .option(...YES)
    .action(async (keyIdText: string, options: Confirmed<CommonOptions>) => {
      const keyId = readKeyId(keyIdText);
      const { table } = await context.open(options);
      const before = await table.get(keyId);
      if (before.revokedAt === undefined) {
        await confirm(context.terminal, options.yes, `Revoke key ${named(before)} for good?`);
      }
      context.printKey(options, await table.change(keyId, revoke));
    });

  command('delete', 'refuse a key from now on, and forget it')
    .option(...YES)
    .action(async (keyIdText: string, options: Confirmed<CommonOptions>) => {
      const keyId = readKeyId(keyIdText);
      const { table } = await context.open(options);
      const before = await table.get(keyId);
      await confirm(context.terminal, options.yes, `Delete key ${named(before)} and everything known about it?`);
      await table.delete(keyId);
      context.terminal.out(options.json ? json({ keyId, deleted: true }) : `deleted ${keyId}\n`);
    });
}
