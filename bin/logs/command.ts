/** `voicegate logs`: the gate's own lines, as they were written. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudWatchLogsClient, FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import type { Command } from 'commander';
import { OUTPUTS } from '../../contract/names';
import { describeStack, outputsNamed, resolveTarget, type TargetOptions } from '../aws-target';
import { NotFoundError, UsageError } from '../command-error';
import { withStack } from '../keys/context';
import { readDuration, readKeyId } from '../keys/option-values';
import type { Terminal } from '../terminal';
import { isWantedLine, type LogFilter, logLine } from './lines';

interface LogsOptions extends TargetOptions {
  readonly follow?: boolean;
  readonly key?: string;
  readonly status?: string;
  readonly since: string;
  readonly json?: boolean;
}

const POLL = 2_000;
/** CloudWatch may show a line some seconds after later ones: what was read is asked for again, and told once. */
const OVERLAP = 15_000;

export function addLogsCommand(program: Command, terminal: Terminal): void {
  withStack(program.command('logs').description('the lines of the gate: one a request'))
    .option('--since <duration>', 'how far back, such as 15m or 2d', '1h')
    .option('--follow', 'go on with new lines until Ctrl-C')
    .option('--key <KEYID>', "only this key's")
    .option('--status <status>', 'only this status, such as 429 or 5xx')
    .addHelpText(
      'after',
      `
--json prints the lines as the gate wrote them.

Examples:
  voicegate logs --stack Voicegate --status 5xx --since 6h
  voicegate logs --local --follow --key AbCdEfGhIjKl`,
    )
    .action((options: LogsOptions) => showLogs(options, terminal));
}

async function showLogs(options: LogsOptions, terminal: Terminal): Promise<void> {
  const filter = readFilter(options);
  const start = terminal.clock() * 1000 - readDuration('--since', options.since) * 1000;
  const { client, group } = await openLog(options, terminal.env);
  const told = new Map<string, number>();
  let since = start;
  do {
    for (const { eventId = '', timestamp = 0, message = '' } of await readEvents(client, group, since)) {
      const name = eventId || `${timestamp} ${message}`;
      if (told.has(name)) continue;
      told.set(name, timestamp);
      if (isWantedLine(message, filter)) terminal.out(options.json ? `${message.trimEnd()}\n` : logLine(message));
    }
    if (!options.follow) return;
    since = Math.max(start, Math.max(0, ...told.values()) - OVERLAP);
    for (const [name, at] of told) if (at < since) told.delete(name);
    await sleep(POLL);
  } while (options.follow);
}

function readFilter({ key, status }: LogsOptions): LogFilter {
  if (status !== undefined && !/^[1-5](\d\d|xx)$/.test(status)) {
    throw new UsageError(`--status must be a status such as 429, or a class such as 5xx, got "${status}"`);
  }
  return { ...(key !== undefined && { keyId: readKeyId(key) }), ...(status !== undefined && { status }) };
}

async function openLog(
  options: LogsOptions,
  env: NodeJS.ProcessEnv,
): Promise<{ client: CloudWatchLogsClient; group: string }> {
  if (options.stack === undefined && !options.local) {
    throw new UsageError('whose log? Give --stack NAME (a deployed stack), or --local (the running local cloud)');
  }
  const { config, stack: name } = resolveTarget(options, env);
  const [group, ...others] = outputsNamed(await describeStack(config, name), OUTPUTS.gateLogGroupName);
  if (group === undefined)
    throw new NotFoundError(`stack ${name} has no output ${OUTPUTS.gateLogGroupName}: it has no gate`);
  if (others.length > 0) throw new UsageError(`stack ${name} has ${others.length + 1} gates; this command reads one`);
  const sdk = await import('@aws-sdk/client-cloudwatch-logs');
  return { client: new sdk.CloudWatchLogsClient(config), group: group.value };
}

async function readEvents(
  client: CloudWatchLogsClient,
  logGroupName: string,
  startTime: number,
): Promise<readonly FilteredLogEvent[]> {
  const sdk = await import('@aws-sdk/client-cloudwatch-logs');
  const events: FilteredLogEvent[] = [];
  let nextToken: string | undefined;
  do {
    const page: { events?: FilteredLogEvent[]; nextToken?: string } = await client.send(
      new sdk.FilterLogEventsCommand({ logGroupName, startTime: Math.floor(startTime), nextToken }),
    );
    events.push(...(page.events ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return events.sort((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0));
}
