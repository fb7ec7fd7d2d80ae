/** How usage looks on the terminal. */

import { columns } from '../keys/presentation';
import type { UsageRow } from './usage-rows';

export type Owners = ReadonlyMap<string, string>;

/** What stands for no key. */
const NOBODY = '(none)';
const WIDTH = 40;

export function usageTable(rows: readonly UsageRow[], owners: Owners): string {
  if (rows.length === 0) return 'no requests\n';
  const body = rows.map((row) => [
    row.day,
    row.keyId || NOBODY,
    owners.get(row.keyId) ?? '-',
    String(row.requests),
    String(row.characters),
    String(row.refusals),
  ]);
  const sum = (name: 'requests' | 'characters' | 'refusals') =>
    String(rows.reduce((total, row) => total + row[name], 0));
  const total = ['total', '', '', sum('requests'), sum('characters'), sum('refusals')];
  return columns([['DAY', 'KEYID', 'OWNER', 'REQUESTS', 'CHARACTERS', 'REFUSALS'], ...body, total]);
}

/** One line a key and day, for spreadsheets: a text that a spreadsheet would run as a formula begins with an apostrophe. */
export async function usageCsv(rows: readonly UsageRow[], owners: Owners): Promise<string> {
  const { stringify } = await import('csv-stringify/sync');
  const lines = rows.map((row) => [
    row.day,
    row.keyId,
    owners.get(row.keyId) ?? '',
    row.requests,
    row.characters,
    row.refusals,
  ]);
  return stringify([['day', 'keyId', 'owner', 'requests', 'characters', 'refusals'], ...lines], {
    escape_formulas: true,
  });
}

/** One bar a day: requests that passed, then those that were refused. */
export function usageChart(rows: readonly UsageRow[], days: readonly string[]): string {
  const byDay = days.map((day) => {
    const ofDay = rows.filter((row) => row.day === day);
    const sum = (name: 'requests' | 'refusals') => ofDay.reduce((total, row) => total + row[name], 0);
    return { day, requests: sum('requests'), refusals: sum('refusals') };
  });
  const most = Math.max(...byDay.map(({ requests, refusals }) => requests + refusals));
  if (!(most > 0)) return '';
  const bar = (count: number) => (count === 0 ? 0 : Math.max(1, Math.round((count / most) * WIDTH)));
  const lines = byDay.map(({ day, requests, refusals }) =>
    `${day}  ${'█'.repeat(bar(requests))}${'░'.repeat(bar(refusals))} ${requests + refusals}`.trimEnd(),
  );
  return `${lines.join('\n')}\n█ let through  ░ refused\n`;
}
