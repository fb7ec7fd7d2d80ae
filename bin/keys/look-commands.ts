import type { Command } from 'commander';
import { type KeyRecord, type KeyState, keyState } from '../../contract/key-record';
import { UsageError } from '../command-error';
import { type CommonOptions, json, type KeysContext, withTarget } from './context';
import { isoTime } from './life-cycle';
import { readDuration, readKeyId } from './option-values';
import { historyTable, keysTable, keyView } from './presentation';

const STATES: readonly KeyState[] = ['active', 'not-yet-valid', 'expired', 'disabled', 'revoked'];

interface ListOptions extends CommonOptions {
  readonly owner?: string;
  readonly status?: string;
  readonly expiring?: string;
  readonly unused?: string;
}

export function addLookCommands(keys: Command, context: KeysContext): void {
  withTarget(keys.command('list').description('all keys, without their secrets'))
    .option('--owner <text>', "only this owner's")
    .option('--status <status>', `only with this status: ${STATES.join(', ')}`)
    .option('--expiring <duration>', 'only active ones that end within it, such as 14d')
    .option('--unused <duration>', 'only active ones that nobody used for it, such as 90d')
    .addHelpText(
      'after',
      `
Examples:
  voicegate keys list --stack Voicegate --expiring 14d
  voicegate keys list --local --status revoked --json`,
    )
    .action(async (options: ListOptions) => {
      const now = context.now();
      const isWanted = readFilter(options, now);
      const { table } = await context.open(options);
      const records: KeyRecord[] = [];
      for await (const record of table.list(options.owner)) if (isWanted(record)) records.push(record);
      records.sort(byOwnerAndAge);
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

  withTarget(
    keys.command('history').argument('<KEYID>').description('who changed a key, what and when: the last 20 changes'),
  )
    .addHelpText('after', '\nExample:\n  voicegate keys history AbCdEfGhIjKl --stack Voicegate')
    .action(async (keyIdText: string, options: CommonOptions) => {
      const keyId = readKeyId(keyIdText);
      const { table } = await context.open(options);
      const record = await table.get(keyId);
      const entries = (record.history ?? []).map((entry) => ({ ...entry, at: isoTime(entry.at) }));
      context.terminal.out(options.json ? json(entries) : historyTable(record));
    });
}

/** @throws UsageError naming the option that is wrong. */
function readFilter({ status, expiring, unused }: ListOptions, now: number): (record: KeyRecord) => boolean {
  if (status !== undefined && !STATES.includes(status as KeyState)) {
    throw new UsageError(`--status must be ${STATES.join(', ')}, got "${status}"`);
  }
  const ends = expiring === undefined ? undefined : now + readDuration('--expiring', expiring);
  const before = unused === undefined ? undefined : now - readDuration('--unused', unused);
  return (record) => {
    const state = keyState(record, now);
    if (status !== undefined && state !== status) return false;
    if (ends !== undefined && (state !== 'active' || (record.expiresAt ?? Number.POSITIVE_INFINITY) > ends))
      return false;
    // A key that was never used counts from when it was made.
    return before === undefined || (state === 'active' && (record.lastUsedAt ?? record.createdAt) <= before);
  };
}

function byOwnerAndAge(a: KeyRecord, b: KeyRecord): number {
  return a.owner.localeCompare(b.owner) || a.createdAt - b.createdAt || (a.keyId < b.keyId ? -1 : 1);
}
