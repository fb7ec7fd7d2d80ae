/** `voicegate keys …`. Each action: read the options → call the table → print. */

import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { DEFAULT_KEY_PREFIX, formatApiKey, generateApiKey, KEY_PREFIX_PATTERN } from '../../contract/api-key';
import type { KeyRecord } from '../../contract/key-record';
import { SYNTHESIS_SCOPE } from '../../contract/names';
import { UsageError } from '../command-error';
import { confirm, type Terminal } from '../terminal';
import { createRecord, revoke } from './life-cycle';
import { openKeyTable, type Target, type TargetOptions } from './open-key-table';
import {
  METHODS,
  readCidrs,
  readInstant,
  readKeyId,
  readMethods,
  readPaths,
  readRatePlan,
  readScopes,
  readText,
} from './option-values';
import { keyDetails, keysTable, keyView } from './presentation';

interface CommonOptions extends TargetOptions {
  readonly json?: boolean;
}

interface CreateOptions extends CommonOptions {
  readonly owner: string;
  readonly label: string;
  readonly scope: readonly string[];
  readonly expires?: string;
  readonly notBefore?: string;
  readonly cidr?: readonly string[];
  readonly path?: readonly string[];
  readonly method?: readonly string[];
  readonly rate?: string;
  readonly burst?: string;
  readonly prefix?: string;
}

export function addKeysCommands(program: Command, terminal: Terminal): void {
  const keys = program.command('keys').description('the API keys of a deployed stack, or of the running local cloud');
  const now = () => Math.floor(terminal.clock());
  const open = (options: TargetOptions) => openKeyTable(options, terminal.env, terminal.clock);

  withTarget(keys.command('create').description('make a key; it is shown once and kept nowhere'))
    .requiredOption('--owner <text>', 'who holds it; sent to the app as the principal')
    .option('--label <text>', 'what it is for', '')
    .option('--scope <scopes...>', 'what it may do', [SYNTHESIS_SCOPE])
    .option('--expires <when>', 'from when on it is refused: 30d, 2027-01-31, 2027-01-31T12:00:00Z')
    .option('--not-before <when>', 'until when it is refused')
    .option('--cidr <networks...>', 'client networks it may come from, such as 192.0.2.0/24')
    .option('--path <patterns...>', 'paths it may call, such as /tts or /v1/*')
    .option('--method <methods...>', `HTTP methods it may use: ${METHODS.join(', ')}`)
    .option('--rate <number>', 'requests a minute, instead of the limits per client address')
    .option('--burst <number>', 'requests at once (default: a sixth of --rate)')
    .option('--prefix <text>', "beginning of the key (default: the stack's)")
    .action(async (options: CreateOptions) => {
      const at = now();
      const plan = readRatePlan(options.rate, options.burst);
      const terms = {
        owner: readText('--owner', options.owner),
        label: readText('--label', options.label, 0),
        scopes: readScopes(options.scope),
        ...(options.expires !== undefined && { expiresAt: readInstant('--expires', options.expires, at) }),
        ...(options.notBefore !== undefined && { notBefore: readInstant('--not-before', options.notBefore, at) }),
        ...(options.cidr && { sourceCidrs: readCidrs(options.cidr) }),
        ...(options.path && { paths: readPaths(options.path) }),
        ...(options.method && { methods: readMethods(options.method) }),
        ...(plan && { plan }),
      };
      const target = await open(options);
      const key = generateApiKey(randomBytes, readPrefix(options.prefix, target));
      const record = createRecord(key, terms, at);
      await target.table.create(record);
      printNewKey(terminal, options, formatApiKey(key), record, at);
    });

  withTarget(keys.command('list').description('all keys, without their secrets'))
    .option('--owner <text>', "only this owner's")
    .action(async (options: CommonOptions & { readonly owner?: string }) => {
      const { table } = await open(options);
      const records: KeyRecord[] = [];
      for await (const record of table.list(options.owner)) records.push(record);
      records.sort(
        (a, b) => a.owner.localeCompare(b.owner) || a.createdAt - b.createdAt || (a.keyId < b.keyId ? -1 : 1),
      );
      terminal.out(options.json ? json(records.map((record) => keyView(record, now()))) : keysTable(records, now()));
    });

  withTarget(keys.command('revoke').argument('<KEYID>').description('refuse a key from now on, for good'))
    .option('--yes', 'do not ask')
    .action(async (keyIdText: string, options: CommonOptions & { readonly yes?: boolean }) => {
      const keyId = readKeyId(keyIdText);
      const { table } = await open(options);
      const before = await table.get(keyId);
      if (before.revokedAt === undefined) {
        await confirm(terminal, options.yes, `Revoke key ${named(before)} for good?`);
      }
      printKey(terminal, options, await table.change(keyId, revoke), now());
    });
}

function withTarget(command: Command): Command {
  return command
    .option('--stack <name>', 'the deployed stack whose keys are meant')
    .option('--table <name>', 'the key table itself, instead of --stack')
    .option('--local', 'the running local cloud')
    .option('--state-dir <folder>', 'state folder of the local cloud (default: .voicegate)')
    .option('--profile <name>', 'AWS profile, as in the AWS CLI')
    .option('--region <name>', 'AWS region, as in the AWS CLI')
    .option('--json', 'print JSON');
}

function readPrefix(given: string | undefined, target: Target): string {
  const prefix = given ?? target.keyPrefix ?? DEFAULT_KEY_PREFIX;
  if (!KEY_PREFIX_PATTERN.test(prefix)) {
    throw new UsageError(`--prefix must be 1 to 12 characters, a-z then a-z or 0-9, got "${prefix}"`);
  }
  return prefix;
}

function printNewKey(terminal: Terminal, options: CommonOptions, key: string, record: KeyRecord, now: number): void {
  if (options.json) {
    terminal.out(json({ key, ...keyView(record, now) }));
    return;
  }
  terminal.out(`${key}\n\n${keyDetails(record, now)}`);
  terminal.tell('\nThe first line is the key. It is stored nowhere and will not be shown again: keep it now.\n');
}

function printKey(terminal: Terminal, options: CommonOptions, record: KeyRecord, now: number): void {
  terminal.out(options.json ? json(keyView(record, now)) : keyDetails(record, now));
}

function named(record: KeyRecord): string {
  const label = record.label === '' ? '' : ` (${JSON.stringify(record.label)})`;
  return `${record.keyId} of ${JSON.stringify(record.owner)}${label}`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
