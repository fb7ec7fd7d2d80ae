/** What the commands of `voicegate keys` share: the target options, the prefix, and printing. */

import type { Command } from 'commander';
import { DEFAULT_KEY_PREFIX, KEY_PREFIX_PATTERN } from '../../contract/api-key';
import type { KeyRecord } from '../../contract/key-record';
import type { TargetOptions } from '../aws-target';
import { UsageError } from '../command-error';
import type { Terminal } from '../terminal';
import { openKeyTable, type Target } from './open-key-table';
import { keyDetails, keyView } from './presentation';

export interface CommonOptions extends TargetOptions {
  readonly json?: boolean;
}

export class KeysContext {
  constructor(readonly terminal: Terminal) {}

  /** Whole seconds since the epoch. */
  now(): number {
    return Math.floor(this.terminal.clock());
  }

  open(options: TargetOptions): Promise<Target> {
    return openKeyTable(options, this.terminal.env, this.terminal.clock);
  }

  printKey(options: CommonOptions, record: KeyRecord): void {
    this.terminal.out(options.json ? json(keyView(record, this.now())) : keyDetails(record, this.now()));
  }

  /** The only place that prints a secret. */
  printNewKey(options: CommonOptions, key: string, record: KeyRecord): void {
    if (options.json) {
      this.terminal.out(json({ key, ...keyView(record, this.now()) }));
      return;
    }
    this.terminal.out(`${key}\n\n${keyDetails(record, this.now())}`);
    this.terminal.tell('\nThe first line is the key. It is stored nowhere and will not be shown again: keep it now.\n');
  }
}

export function withTarget(command: Command): Command {
  return withStack(command).option('--table <name>', 'the key table itself, instead of --stack');
}

/** The options that name a stack, whose it is, and how the result is printed. */
export function withStack(command: Command): Command {
  return withAccount(command.option('--stack <name>', 'the deployed stack that is meant'));
}

/** The options that name whose AWS it is, and how the result is printed. */
export function withAccount(command: Command): Command {
  return command
    .option('--local', 'the running local cloud')
    .option('--state-dir <folder>', 'state folder of the local cloud (default: .voicegate)')
    .option('--profile <name>', 'AWS profile, as in the AWS CLI')
    .option('--region <name>', 'AWS region, as in the AWS CLI')
    .option('--json', 'print JSON');
}

export function readPrefix(given: string | undefined, target: Target): string {
  const prefix = given ?? target.keyPrefix ?? DEFAULT_KEY_PREFIX;
  if (!KEY_PREFIX_PATTERN.test(prefix)) {
    throw new UsageError(`--prefix must be 1 to 12 characters, a-z then a-z or 0-9, got "${prefix}"`);
  }
  return prefix;
}

/** A key as a question names it. */
export function named(record: KeyRecord): string {
  const label = record.label === '' ? '' : ` (${JSON.stringify(record.label)})`;
  return `${record.keyId} of ${JSON.stringify(record.owner)}${label}`;
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
