/** The gate's access log in CloudWatch Logs, as the command line reads it. */

import type { CloudWatchLogsClient, FilteredLogEvent, ResultField } from '@aws-sdk/client-cloudwatch-logs';
import { CommandError, NotFoundError } from '../command-error';
import { type Day, DayUsage, type UsageRow } from './usage-rows';

export interface UsageLog {
  /** @throws NotFoundError when the log group is not there. */
  read(day: Day): Promise<readonly UsageRow[]>;
}

/** Lines of the gate have a decision; the app's, and the gate's metrics, have none. */
const QUERY = `filter decision in ["allow", "deny"]
| stats count(*) as n, sum(characters) as spoken by keyId, decision
| limit 10000`;
const MOST_ROWS = 10_000;
const MOST_EVENTS = 10_000;
const POLL = 500;
/** Milliseconds for one query; Logs Insights itself gives up after an hour. */
const PATIENCE = 900_000;

/**
 * By Logs Insights, which sums up where the log is: of a day with millions of requests a few rows come back. It costs
 * what AWS asks for the data that it scans.
 */
export async function insightsLog(client: CloudWatchLogsClient, logGroupName: string): Promise<UsageLog> {
  const sdk = await import('@aws-sdk/client-cloudwatch-logs');

  async function query(start: number, end: number): Promise<readonly (readonly ResultField[])[]> {
    const { queryId } = await client.send(
      new sdk.StartQueryCommand({
        logGroupName,
        queryString: QUERY,
        startTime: Math.floor(start / 1000),
        // Inclusive.
        endTime: Math.floor(end / 1000) - 1,
      }),
    );
    for (const deadline = Date.now() + PATIENCE; ; ) {
      const { status, results = [] } = await client.send(new sdk.GetQueryResultsCommand({ queryId }));
      if (status === 'Complete') return results;
      if (status !== 'Scheduled' && status !== 'Running') {
        throw new CommandError(`CloudWatch Logs ended the query with status ${status}; run the command again`);
      }
      if (Date.now() > deadline) throw new CommandError('CloudWatch Logs did not finish the query; ask for fewer days');
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  }

  async function collect(usage: DayUsage, start: number, end: number): Promise<void> {
    const rows = await query(start, end);
    // As many as a query may return: some may be missing, so ask for less at once.
    if (rows.length >= MOST_ROWS && end - start > 60_000) {
      const middle = Math.floor((start + end) / 120_000) * 60_000;
      await collect(usage, start, middle);
      await collect(usage, middle, end);
      return;
    }
    for (const row of rows) {
      const value = (name: string) => row.find(({ field }) => field === name)?.value ?? '';
      usage.add(value('keyId'), value('decision'), Number(value('n')), Number(value('spoken')) || 0);
    }
  }

  return {
    async read(day) {
      const usage = new DayUsage(day);
      await named(logGroupName, () => collect(usage, day.start, day.end));
      return usage.rows();
    },
  };
}

/** Line by line, for the local cloud, whose emulator sums up nothing. */
export async function scannedLog(client: CloudWatchLogsClient, logGroupName: string): Promise<UsageLog> {
  const sdk = await import('@aws-sdk/client-cloudwatch-logs');

  async function collect(usage: DayUsage, start: number, end: number): Promise<void> {
    const events: FilteredLogEvent[] = [];
    let nextToken: string | undefined;
    do {
      const page: { events?: FilteredLogEvent[]; nextToken?: string } = await client.send(
        new sdk.FilterLogEventsCommand({ logGroupName, startTime: start, endTime: end - 1, nextToken }),
      );
      events.push(...(page.events ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    // The emulator gives no token for what it leaves off.
    if (events.length >= MOST_EVENTS && end - start > 1) {
      const middle = Math.floor((start + end) / 2);
      await collect(usage, start, middle);
      await collect(usage, middle, end);
      return;
    }
    for (const { message } of events) {
      const line = readLine(message ?? '');
      if (line !== undefined) usage.add(line.keyId, line.decision, 1, line.characters);
    }
  }

  return {
    async read(day) {
      const usage = new DayUsage(day);
      await named(logGroupName, () => collect(usage, day.start, day.end));
      return usage.rows();
    },
  };
}

function readLine(
  text: string,
): { readonly keyId: string; readonly decision: string; readonly characters: number } | undefined {
  if (!text.startsWith('{"decision":')) return undefined;
  try {
    const { keyId, decision, characters } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof keyId !== 'string' || (decision !== 'allow' && decision !== 'deny')) return undefined;
    return { keyId, decision, characters: typeof characters === 'number' ? characters : 0 };
  } catch {
    return undefined;
  }
}

async function named(logGroupName: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') {
      throw new NotFoundError(`there is no log group ${logGroupName}; was the stack destroyed?`);
    }
    throw error;
  }
}
