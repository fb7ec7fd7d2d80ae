import type { Command } from 'commander';
import type { KeyRecord } from '../../contract/key-record';
import { type CommonOptions, json, type KeysContext, withTarget } from './context';
import { readKeyId } from './option-values';
import { keysTable, keyView } from './presentation';

export function addLookCommands(keys: Command, context: KeysContext): void {
  withTarget(keys.command('list').description('all keys, without their secrets'))
    .option('--owner <text>', "only this owner's")
    .action(async (options: CommonOptions & { readonly owner?: string }) => {
      const { table } = await context.open(options);
      const records: KeyRecord[] = [];
      for await (const record of table.list(options.owner)) records.push(record);
      records.sort(byOwnerAndAge);
      const now = context.now();
      context.terminal.out(
        options.json ? json(records.map((record) => keyView(record, now))) : keysTable(records, now),
      );
    });

  withTarget(
    keys.command('show').argument('<KEYID>').description('one key with all its terms, without its secret'),
  ).action(async (keyIdText: string, options: CommonOptions) => {
    const keyId = readKeyId(keyIdText);
    const { table } = await context.open(options);
    context.printKey(options, await table.get(keyId));
  });
}

function byOwnerAndAge(a: KeyRecord, b: KeyRecord): number {
  return a.owner.localeCompare(b.owner) || a.createdAt - b.createdAt || (a.keyId < b.keyId ? -1 : 1);
}
