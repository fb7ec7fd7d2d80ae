/**
 * What the key table holds of a key's use: one item a key and calendar month (UTC), under a partition key that no key
 * record can have, and without the attribute of the owner's index, which therefore lists keys alone.
 */

import { type AttributeValue, fromAttribute, type KeyItem, toAttribute } from './key-record';
import { KEY_TABLE } from './names';
import { type Amounts, addAmounts, NOTHING } from './quota';
import { isRecord } from './record';

/** The windows of which only the present one's use is kept, and only where a key's quota limits them. */
export const SHORT_PERIODS = ['minute', 'hour'] as const;
export type ShortPeriod = (typeof SHORT_PERIODS)[number];

/** The use of one window. */
export interface WindowUse {
  /** Seconds since the epoch at its beginning. */
  readonly start: number;
  readonly used: Amounts;
}

/** A lease that a gate holds, or held and may still return. */
export interface LeaseRecord {
  readonly sequence: number;
  /** The day, two digits, from which it was debited. */
  readonly day: string;
  /** The beginnings of the short windows from which it was debited too. */
  readonly starts: Readonly<Partial<Record<ShortPeriod, number>>>;
  readonly granted: Amounts;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/**
 * All windows are debited together, by one write, because they live in one item: the month's use is the sum of its
 * days'.
 */
export interface QuotaCounter {
  /** Counts the writes; a write states which one it follows. */
  readonly version: number;
  /** What was debited, by day of the month (two digits), less what came back. */
  readonly days: Readonly<Record<string, Amounts>>;
  /** What was debited in the last minute and hour that were limited. */
  readonly windows: Readonly<Partial<Record<ShortPeriod, WindowUse>>>;
  /** The last lease of every gate that may still return something. */
  readonly leases: Readonly<Record<string, LeaseRecord>>;
}

export const EMPTY_COUNTER: QuotaCounter = { version: 0, days: {}, windows: {}, leases: {} };

/** Partition keys of counters begin so; a key's id has no such character. */
export const COUNTER_PREFIX = 'quota#';

/** Days for which a counter is kept after its month, so that use can be shown. */
const KEPT_DAYS = 400;

/** The partition key of a key's counter. `month` is such as `2026-11`. */
export function counterId(keyId: string, month: string): string {
  return `${COUNTER_PREFIX}${keyId}#${month}`;
}

/** What of a month was used: the debits less what came back. */
export function monthUse(counter: QuotaCounter): Amounts {
  return Object.values(counter.days).reduce(addAmounts, NOTHING);
}

/** Attributes of the item beside its key. Their parts have short names, since writes are paid by the kilobyte. */
export function toCounterAttributes(counter: QuotaCounter, month: string): KeyItem {
  const days = Object.entries(counter.days).map(([day, used]) => [day, short(used)]);
  const windows = SHORT_PERIODS.flatMap((period) => {
    const window = counter.windows[period];
    return window === undefined ? [] : [[period, { t: window.start, ...short(window.used) }] as const];
  });
  const leases = Object.entries(counter.leases).map(([gate, { sequence, day, starts, granted, expires }]) => [
    gate,
    {
      s: sequence,
      d: day,
      ...(starts.minute !== undefined && { m: starts.minute }),
      ...(starts.hour !== undefined && { h: starts.hour }),
      ...short(granted),
      e: expires,
    },
  ]);
  return {
    version: toAttribute(counter.version),
    days: toAttribute(Object.fromEntries(days)),
    ...(windows.length > 0 && { windows: toAttribute(Object.fromEntries(windows)) }),
    leases: toAttribute(Object.fromEntries(leases)),
    [KEY_TABLE.ttlAttribute]: toAttribute(Date.parse(`${month}-28T00:00:00Z`) / 1000 + (KEPT_DAYS + 3) * 86_400),
  };
}

/** @throws Error naming the attribute that cannot be read: use that is unknown is never no use. */
export function fromCounterItem(item: Readonly<Record<string, AttributeValue>>): QuotaCounter {
  const version = readMember(item, 'version');
  if (!isWhole(version) || version < 1) throw unreadable('version');
  const days = entries(readMember(item, 'days'), 'days').map(([day, value]) => {
    if (!/^\d\d$/.test(day)) throw unreadable('days');
    return [day, readAmounts(value, 'days')] as const;
  });
  const windows = entries(readMember(item, 'windows') ?? {}, 'windows').map(([period, value]) => {
    const { t } = isRecord(value) ? value : {};
    if (!SHORT_PERIODS.some((name) => name === period) || !isWhole(t)) throw unreadable('windows');
    return [period, { start: t, used: readAmounts(value, 'windows') }] as const;
  });
  const leases = entries(readMember(item, 'leases'), 'leases').map(([gate, value]) => {
    const { s, d, m, h, e } = isRecord(value) ? value : {};
    if (!isWhole(s) || typeof d !== 'string' || typeof e !== 'number') throw unreadable('leases');
    const starts = { ...(isWhole(m) && { minute: m }), ...(isWhole(h) && { hour: h }) };
    return [gate, { sequence: s, day: d, starts, granted: readAmounts(value, 'leases'), expires: e }] as const;
  });
  return {
    version,
    days: Object.fromEntries(days),
    windows: Object.fromEntries(windows),
    leases: Object.fromEntries(leases),
  };
}

function short({ requests, characters }: Amounts): { readonly r: number; readonly c: number } {
  return { r: requests, c: characters };
}

function readAmounts(value: unknown, attribute: string): Amounts {
  const { r, c } = isRecord(value) ? value : {};
  if (!isWhole(r) || !isWhole(c)) throw unreadable(attribute);
  return { requests: r, characters: c };
}

function readMember(item: Readonly<Record<string, AttributeValue>>, name: string): unknown {
  const attribute = item[name];
  return attribute && fromAttribute(attribute);
}

function entries(value: unknown, attribute: string): readonly (readonly [string, unknown])[] {
  if (!isRecord(value)) throw unreadable(attribute);
  return Object.entries(value);
}

function unreadable(attribute: string): Error {
  return new Error(`quota counter: attribute ${attribute} cannot be read`);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
