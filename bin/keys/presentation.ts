/** How keys look on the terminal and as JSON. Hashes are never shown. */

import stringWidth from 'string-width';
import type { KeyRecord } from '../../contract/key-record';
import { keyState } from '../../contract/key-record';
import { isoTime } from './life-cycle';

/** A record as `--json` prints it: times are ISO 8601, absent terms are left out. */
export function keyView(record: KeyRecord, now: number) {
  const { hash: _1, previousHash: _2, version: _3, history: _4, createdAt, ...rest } = record;
  const times = { createdAt, ...pick(rest, TIMES) };
  const terms = Object.fromEntries(Object.entries(rest).filter(([name]) => !(name in pick(rest, TIMES))));
  return {
    keyId: record.keyId,
    status: keyState(record, now),
    ...terms,
    ...Object.fromEntries(Object.entries(times).map(([name, seconds]) => [name, isoTime(Number(seconds))])),
  };
}

const TIMES = [
  'previousHashUntil',
  'notBefore',
  'expiresAt',
  'revokedAt',
  'disabledAt',
  'lastUsedAt',
  'deleteAt',
] as const;

function pick(record: Partial<KeyRecord>, names: readonly (keyof KeyRecord)[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.flatMap((name) => (record[name] === undefined ? [] : [[name, record[name]]])));
}

/** What was done to a key, oldest first. */
export function historyTable({ history = [] }: Pick<KeyRecord, 'history'>): string {
  if (history.length === 0) return 'nothing is known: the key was made before changes were recorded\n';
  return columns([['TIME', 'WHAT', 'BY'], ...history.map(({ at, what, by }) => [isoTime(at), what, by])]);
}

export function keysTable(records: readonly KeyRecord[], now: number): string {
  if (records.length === 0) return 'no keys\n';
  const rows = records.map((record) => [
    record.keyId,
    keyState(record, now),
    record.owner,
    record.label,
    record.scopes.join(' '),
    isoTime(record.createdAt).slice(0, 10),
    record.expiresAt === undefined ? 'never' : isoTime(record.expiresAt),
    record.lastUsedAt === undefined ? '-' : isoTime(record.lastUsedAt),
  ]);
  return columns([['KEYID', 'STATUS', 'OWNER', 'LABEL', 'SCOPES', 'CREATED', 'EXPIRES', 'LAST USED'], ...rows]);
}

/** One line a property, for a single key. */
export function keyDetails(record: KeyRecord, now: number): string {
  const rows = Object.entries(keyView(record, now)).map(([name, value]) => [`${name}:`, detail(value)]);
  return columns(rows);
}

function detail(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.join(' ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Lines of cells that stand under each other. */
export function columns(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map(printable));
  const widths = (safe[0] ?? []).map((_, column) => Math.max(...safe.map((row) => stringWidth(row[column] ?? ''))));
  return safe
    .map((row) => row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - stringWidth(cell))).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** Free text may come from another tool: control characters must not reach the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}
