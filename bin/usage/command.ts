/** `voicegate usage`: requests, characters and refusals per key and day. */

import type { Command } from 'commander';
import { OUTPUTS } from '../../contract/names';
import { describeStack, outputsNamed, resolveTarget, type TargetOptions } from '../aws-target';
import { NotFoundError, UsageError } from '../command-error';
import { json, withStack } from '../keys/context';
import { openKeyTable } from '../keys/open-key-table';
import { readKeyId } from '../keys/option-values';
import type { Terminal } from '../terminal';
import { type Owners, usageChart, usageCsv, usageTable } from './presentation';
import { insightsLog, scannedLog, type UsageLog } from './usage-log';
import { DAY, type Day, dayOf, type UsageRow } from './usage-rows';

interface UsageOptions extends TargetOptions {
  readonly since?: string;
  readonly until?: string;
  readonly days?: string;
  readonly key?: string;
  readonly owner?: string;
  readonly json?: boolean;
  readonly format?: string;
}

const DEFAULT_DAYS = 7;
const MAX_DAYS = 400;
/** Days that are read at once; Logs Insights runs at least 30 queries at a time. */
const IN_FLIGHT = 4;
/** Seconds between two lines of progress. */
const PROGRESS_INTERVAL = 2;

export function addUsageCommand(program: Command, terminal: Terminal): void {
  withStack(program.command('usage').description('requests, characters and refusals per key and day (UTC)'))
    .option('--days <number>', `so many days up to today (default: ${DEFAULT_DAYS})`)
    .option('--since <date>', 'first day, such as 2026-11-01, instead of --days')
    .option('--until <date>', 'last day (default: today)')
    .option('--key <KEYID>', "only this key's")
    .option('--owner <text>', "only the keys' of this owner")
    .option('--format <format>', 'table, json or csv (default: table, or json with --json)')
    .addHelpText('after', '\nExample:\n  voicegate usage --stack Voicegate --days 31 --format csv > usage.csv')
    .action((options: UsageOptions) => showUsage(options, terminal));
}

async function showUsage(options: UsageOptions, terminal: Terminal): Promise<void> {
  const format = options.format ?? (options.json ? 'json' : 'table');
  if (!['table', 'json', 'csv'].includes(format)) {
    throw new UsageError(`--format must be table, json or csv, got "${format}"`);
  }
  const days = readDays(options, terminal.clock() * 1000);
  const keyId = options.key === undefined ? undefined : readKeyId(options.key);
  const log = await openLog(options, terminal.env);
  const owners = await readOwners(options, terminal);
  const wanted = ({ keyId: id }: UsageRow) =>
    (keyId === undefined || id === keyId) && (options.owner === undefined || owners.get(id) === options.owner);
  const rows = (await readAll(log, days, terminal)).filter(wanted);
  if (format === 'csv') {
    terminal.out(await usageCsv(rows, owners));
    return;
  }
  if (format === 'json') {
    const withOwners = rows.map((row) => ({ ...row, ...(owners.has(row.keyId) && { owner: owners.get(row.keyId) }) }));
    terminal.out(json({ since: days[0]?.name, until: days.at(-1)?.name, rows: withOwners }));
    return;
  }
  const chart = usageChart(
    rows,
    days.map(({ name }) => name),
  );
  terminal.out(usageTable(rows, owners) + (chart === '' ? '' : `\n${chart}`));
}

async function openLog(options: UsageOptions, env: NodeJS.ProcessEnv): Promise<UsageLog> {
  if (options.stack === undefined && !options.local) {
    throw new UsageError('whose usage? Give --stack NAME (a deployed stack), or --local (the running local cloud)');
  }
  const { config, stack: name } = resolveTarget(options, env);
  const stack = await describeStack(config, name);
  const [group, ...others] = outputsNamed(stack, OUTPUTS.gateLogGroupName);
  if (group === undefined) {
    throw new NotFoundError(
      `stack ${name} has no output ${OUTPUTS.gateLogGroupName}, so it is not known where its gate logs; deploy this version, or see the log driver that the stack was given`,
    );
  }
  if (others.length > 0) throw new UsageError(`stack ${name} has ${others.length + 1} gates; this command reads one`);
  const { CloudWatchLogsClient } = await import('@aws-sdk/client-cloudwatch-logs');
  const client = new CloudWatchLogsClient(config);
  return options.local ? scannedLog(client, group.value) : insightsLog(client, group.value);
}

/** Owners by key id. Only --owner cannot do without them. */
async function readOwners(options: UsageOptions, terminal: Terminal): Promise<Owners> {
  const owners = new Map<string, string>();
  try {
    const { table } = await openKeyTable(options, terminal.env, terminal.clock);
    for await (const { keyId, owner } of table.list(options.owner)) owners.set(keyId, owner);
  } catch (error) {
    if (options.owner !== undefined) throw error;
    terminal.tell('the owners of keys are not shown: the key table cannot be read\n');
  }
  return owners;
}

async function readAll(log: UsageLog, days: readonly Day[], terminal: Terminal): Promise<readonly UsageRow[]> {
  const found = new Map<string, readonly UsageRow[]>();
  const started = terminal.clock();
  const timer = setInterval(() => {
    const seconds = Math.round(terminal.clock() - started);
    terminal.tell(`${found.size} of ${days.length} days read, ${seconds} s\n`);
  }, PROGRESS_INTERVAL * 1000);
  const queue = days.values();
  const work = async () => {
    for (const day of queue) found.set(day.name, await log.read(day));
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  } finally {
    clearInterval(timer);
  }
  return days.flatMap(({ name }) => found.get(name) ?? []);
}

/** @throws UsageError naming the option, what was given and what is allowed. */
export function readDays(options: Pick<UsageOptions, 'days' | 'since' | 'until'>, now: number): readonly Day[] {
  if (options.days !== undefined && options.since !== undefined) {
    throw new UsageError('--days and --since exclude each other');
  }
  const count = options.days ?? String(DEFAULT_DAYS);
  if (!/^[1-9]\d{0,2}$/.test(count) || Number(count) > MAX_DAYS) {
    throw new UsageError(`--days must be a whole number from 1 to ${MAX_DAYS}, got "${count}"`);
  }
  const until = options.until === undefined ? dayOf(now) : readDate('--until', options.until);
  const since =
    options.since === undefined ? dayOf(until.start - (Number(count) - 1) * DAY) : readDate('--since', options.since);
  const length = (until.end - since.start) / DAY;
  if (length < 1 || length > MAX_DAYS) {
    throw new UsageError(
      `--since must be at most ${MAX_DAYS} days before --until and not after it, got ${since.name} and ${until.name}`,
    );
  }
  return Array.from({ length }, (_, index) => dayOf(since.start + index * DAY));
}

function readDate(option: string, text: string): Day {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(time) || dayOf(time).name !== text) {
    throw new UsageError(`${option} must be a day such as 2026-11-24, got "${text}"`);
  }
  return dayOf(time);
}
