/**
 * Keys in files: an array of objects as JSON, or one line a key as CSV. Both hold hashes and never secrets. Times are
 * ISO 8601; in CSV a list's entries are separated by spaces, and an empty cell says nothing.
 */

import type { KeyRecord } from '../../contract/key-record';
import { type Quota, quotaLimits } from '../../contract/quota';
import { UsageError } from '../command-error';
import { isoTime, withRetention } from './life-cycle';
import {
  readCidrs,
  readCount,
  readDate,
  readKeyId,
  readMethods,
  readPaths,
  readQuota,
  readScopes,
  readText,
} from './option-values';

const TIMES = [
  'createdAt',
  'notBefore',
  'expiresAt',
  'disabledAt',
  'revokedAt',
  'previousHashUntil',
  'lastUsedAt',
] as const satisfies readonly (keyof KeyRecord)[];

/** In the order of an export's columns. */
export const COLUMNS: readonly string[] = [
  'keyId',
  'owner',
  'label',
  'scopes',
  'hash',
  'previousHash',
  'requestsPerMinute',
  'burst',
  'quota',
  'sourceCidrs',
  'paths',
  'methods',
  ...TIMES,
];

/** A key as a file holds it: flat, every value a string, a number or a list of strings. */
export type ExchangeRow = Readonly<Record<string, unknown>>;

export function toRow(record: KeyRecord): ExchangeRow {
  const { version: _1, deleteAt: _2, history: _3, plan, quota, ...rest } = record;
  const times = TIMES.flatMap((name) => (record[name] === undefined ? [] : [[name, isoTime(record[name])] as const]));
  const row: ExchangeRow = {
    ...rest,
    ...plan,
    ...(quota && { quota: quotaTexts(quota) }),
    ...Object.fromEntries(times),
  };
  return Object.fromEntries(COLUMNS.flatMap((name) => (row[name] === undefined ? [] : [[name, row[name]]])));
}

export function toCells(row: ExchangeRow): readonly string[] {
  return COLUMNS.map((name) => {
    const value = row[name];
    return Array.isArray(value) ? value.join(' ') : String(value ?? '');
  });
}

/** @throws UsageError naming the first column that is none. */
export function assertColumns(names: readonly string[]): void {
  for (const name of names) {
    if (!COLUMNS.includes(name)) {
      throw new UsageError(
        `a file of keys has no column ${JSON.stringify(name.slice(0, 40))}; allowed: ${COLUMNS.join(', ')}. Files hold the SHA-256 of a secret and never a key or secret itself`,
      );
    }
  }
}

/** @throws UsageError naming the column that is wrong. */
export function fromRow(row: ExchangeRow, now: number): KeyRecord {
  const text = (name: string): string | undefined => {
    const value = row[name];
    if (value === undefined || value === '' || value === null) return undefined;
    if (typeof value !== 'string' && typeof value !== 'number') throw new UsageError(`${name} must be text`);
    return String(value);
  };
  const list = (name: string): readonly string[] | undefined => {
    const value = row[name];
    if (Array.isArray(value)) {
      if (value.every((entry) => typeof entry === 'string')) return value;
      throw new UsageError(`${name} must be a list of texts`);
    }
    return text(name)?.split(' ').filter(Boolean);
  };
  const time = (name: string): number | undefined => {
    const value = text(name);
    return value === undefined ? undefined : readDate(name, value);
  };
  const required = (name: string): string => {
    const value = text(name);
    if (value === undefined) throw new UsageError(`${name} is missing`);
    return value;
  };
  const [cidrs, paths, methods, quota] = [list('sourceCidrs'), list('paths'), list('methods'), list('quota')];
  const rate = text('requestsPerMinute');
  const burst = text('burst');
  if ((rate === undefined) !== (burst === undefined))
    throw new UsageError('requestsPerMinute and burst need each other');
  const previousHash = text('previousHash');
  const record: Record<string, unknown> = {
    keyId: readKeyId(required('keyId'), 'keyId'),
    hash: readHash('hash', required('hash')),
    owner: readText('owner', required('owner')),
    label: readText('label', text('label') ?? '', 0),
    scopes: readScopes(list('scopes') ?? [], 'scopes'),
    ...(previousHash !== undefined && { previousHash: readHash('previousHash', previousHash) }),
    ...(cidrs && { sourceCidrs: readCidrs(cidrs, 'sourceCidrs') }),
    ...(paths && { paths: readPaths(paths, 'paths') }),
    ...(quota && { quota: readQuota(quota, 'quota') }),
    ...(methods && { methods: readMethods(methods, 'methods') }),
    ...(rate !== undefined &&
      burst !== undefined && {
        plan: { requestsPerMinute: readCount('requestsPerMinute', rate), burst: readCount('burst', burst) },
      }),
    createdAt: now,
  };
  for (const name of TIMES) {
    const seconds = time(name);
    if (seconds !== undefined) record[name] = seconds;
  }
  return withRetention(record as unknown as KeyRecord);
}

function quotaTexts(quota: Quota): readonly string[] {
  return quotaLimits(quota).map(({ period, unit, quota: limit }) => `${period}:${unit}=${limit}`);
}

function readHash(name: string, text: string): string {
  // Not repeated: whoever mixes up the columns may have put a secret there.
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new UsageError(`${name} must be the SHA-256 of a secret in 64 lower-case hexadecimal digits`);
  }
  return text;
}
