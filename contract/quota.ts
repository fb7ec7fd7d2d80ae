/**
 * Quotas: how much a key may use in a minute, hour, day or month of the calendar (UTC), and how an allowance travels from the authorizer to
 * a gate.
 *
 * A gate spends from a *lease*: amounts that the authorizer has already debited from the key's counter. So the sum over
 * any number of gates never exceeds the quota, and a gate asks once a lease instead of once a request.
 */

import { isRecord } from './record';

/** What is counted. Characters are Unicode code points of the text to speak. */
export const QUOTA_UNITS = ['requests', 'characters'] as const;
export type QuotaUnit = (typeof QUOTA_UNITS)[number];

/** Calendar windows in UTC, the shortest first. Each lies in one of the next. */
export const QUOTA_PERIODS = ['minute', 'hour', 'day', 'month'] as const;
export type QuotaPeriod = (typeof QUOTA_PERIODS)[number];

/** Seconds of the periods that are all of one length. */
const PERIOD_SECONDS = { minute: 60, hour: 3600, day: 86_400 } as const;

export type QuotaLimits = Readonly<Partial<Record<QuotaUnit, number>>>;

/** A plan's quota: at least one limit, each a whole number from 1 to {@link MAX_AMOUNT}. */
export type Quota = Readonly<Partial<Record<QuotaPeriod, QuotaLimits>>>;

/** Whole numbers from 0 to {@link MAX_AMOUNT}. */
export type Amounts = Readonly<Record<QuotaUnit, number>>;

export const NOTHING: Amounts = { requests: 0, characters: 0 };
/** Far below 2^53, so that sums of amounts stay exact. */
export const MAX_AMOUNT = 1e12;

/** Seconds for which a lease may be spent, at most. It never outlives a window in which it was debited. */
export const LEASE_SECONDS = 60;
/** Seconds after a lease's end for which the authorizer still credits what of it is unspent. */
export const CREDIT_SECONDS = 24 * 3600;

/** A limit's name in answers, such as `characters-per-day`. */
export type LimitName = `${QuotaUnit}-per-${QuotaPeriod}`;

/**
 * What a gate asks for. It names no key: the lease belongs to the key that the event's credential proves.
 *
 * Leases of one gate and key are numbered. A gate takes the next number only after it has the lease of the last one, so
 * asking again with the same number (after a lost answer) is answered with the same lease and credits nothing.
 */
export interface LeaseRequest {
  /** The gate; a new one whenever its shared memory starts empty. 1 to 40 characters of `A-Z a-z 0-9 - _`. */
  readonly gate: string;
  /** Number of the wanted lease, at least 1. */
  readonly sequence: number;
  /** What the waiting request costs: less is of no use. */
  readonly need: Amounts;
  /** What the gate expects to spend in the lease's time, at least `need`. */
  readonly want: Amounts;
  /** What is left of the lease `sequence - 1`, which the gate no longer spends. */
  readonly unspent: Amounts;
}

/** Where one limit stands. */
export interface LimitState {
  readonly name: LimitName;
  readonly quota: number;
  /** Seconds that the window is long. */
  readonly window: number;
  /** What neither is used nor held by any lease. */
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly resetsIn: number;
}

/** The authorizer's answer to a {@link LeaseRequest}. */
export interface LeaseGrant {
  readonly gate: string;
  /** The number asked for; a higher one says that the gate's numbering is behind, and grants nothing. */
  readonly sequence: number;
  readonly granted: Amounts;
  /**
   * Seconds for which it may be spent, counted by the gate's clock from the moment the gate asked: so the two clocks
   * need not agree. At most {@link LEASE_SECONDS}.
   */
  readonly seconds: number;
  /** All limits of the key, after this lease. */
  readonly limits: readonly LimitState[];
  /** The limit that refused; nothing is granted then. Of several, the one that resets last. */
  readonly limited?: LimitName;
}

/** The field that a gate adds to the authorizer's event. API Gateway never makes it, so no client can. */
export interface GateField {
  /** Absent: the gate only asks for the decision. */
  readonly lease?: LeaseRequest;
}

export interface QuotaWindow {
  /** Such as `2026-11-24T12`, `2026-11-24` or `2026-11`. */
  readonly id: string;
  /** Seconds since the epoch. */
  readonly start: number;
  /** Seconds since the epoch; the window's first second that is outside. */
  readonly end: number;
}

/** The window around a time in seconds since the epoch. */
export function quotaWindow(period: QuotaPeriod, now: number): QuotaWindow {
  const date = new Date(now * 1000);
  const iso = date.toISOString();
  if (period === 'month') {
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    return { id: iso.slice(0, 7), start: Date.UTC(year, month, 1) / 1000, end: Date.UTC(year, month + 1, 1) / 1000 };
  }
  const length = PERIOD_SECONDS[period];
  const start = Math.floor(now / length) * length;
  return { id: iso.slice(0, { minute: 16, hour: 13, day: 10 }[period]), start, end: start + length };
}

/** The limits that a quota states, those of the shortest window first. */
export function quotaLimits(quota: Quota): readonly {
  readonly name: LimitName;
  readonly unit: QuotaUnit;
  readonly period: QuotaPeriod;
  readonly quota: number;
}[] {
  return QUOTA_PERIODS.flatMap((period) =>
    QUOTA_UNITS.flatMap((unit) => {
      const limit = quota[period]?.[unit];
      return limit === undefined ? [] : [{ name: `${unit}-per-${period}` as const, unit, period, quota: limit }];
    }),
  );
}

export function limitUnit(name: LimitName): QuotaUnit {
  return name.startsWith('requests') ? 'requests' : 'characters';
}

export function addAmounts(a: Amounts, b: Amounts): Amounts {
  return mapUnits((unit) => a[unit] + b[unit]);
}

export function subtractAmounts(a: Amounts, b: Amounts): Amounts {
  return mapUnits((unit) => a[unit] - b[unit]);
}

export function mapUnits(value: (unit: QuotaUnit) => number): Amounts {
  return Object.fromEntries(QUOTA_UNITS.map((unit) => [unit, value(unit)])) as Amounts;
}

/** Whether every amount of `part` fits into `whole`. */
export function fits(part: Amounts, whole: Amounts): boolean {
  return QUOTA_UNITS.every((unit) => part[unit] <= whole[unit]);
}

export function isNothing(amounts: Amounts): boolean {
  return fits(amounts, NOTHING);
}

/** Whether a value is a quota as {@link Quota} describes it, with no other field. */
export function isQuota(value: unknown): value is Quota {
  if (!isRecord(value) || !onlyKeys(value, QUOTA_PERIODS)) return false;
  const periods = Object.values(value);
  return (
    periods.length > 0 &&
    periods.every(
      (limits) =>
        isRecord(limits) &&
        onlyKeys(limits, QUOTA_UNITS) &&
        Object.values(limits).length > 0 &&
        Object.values(limits).every((limit) => isAmount(limit) && limit >= 1),
    )
  );
}

/** @throws Error when the value is no lease request: a gate of another version, and no ground for guesses. */
export function readLeaseRequest(value: unknown): LeaseRequest {
  if (
    !isRecord(value) ||
    !isGateId(value.gate) ||
    !isSequence(value.sequence) ||
    !isAmounts(value.need) ||
    !isAmounts(value.want) ||
    !isAmounts(value.unspent) ||
    !fits(value.need, value.want)
  ) {
    throw new Error('malformed lease request');
  }
  const { gate, sequence, need, want, unspent } = value;
  return { gate, sequence, need, want, unspent };
}

/** @throws Error when the value is no lease grant. */
export function readLeaseGrant(value: unknown): LeaseGrant {
  if (
    !isRecord(value) ||
    !isGateId(value.gate) ||
    !isSequence(value.sequence) ||
    !isAmounts(value.granted) ||
    !isWithin(value.seconds, 0, LEASE_SECONDS) ||
    !Array.isArray(value.limits) ||
    !value.limits.every(isLimitState) ||
    !(value.limited === undefined || isLimitName(value.limited))
  ) {
    throw new Error('malformed lease grant');
  }
  const { gate, sequence, granted, seconds, limits, limited } = value;
  return { gate, sequence, granted, seconds, limits, ...(limited !== undefined && { limited }) };
}

function isLimitState(value: unknown): value is LimitState {
  return (
    isRecord(value) &&
    isLimitName(value.name) &&
    isAmount(value.quota) &&
    isWithin(value.window, 1, 32 * 86_400) &&
    isAmount(value.remaining) &&
    isWithin(value.resetsIn, 0, 32 * 86_400)
  );
}

function isLimitName(value: unknown): value is LimitName {
  return QUOTA_UNITS.some((unit) => QUOTA_PERIODS.some((period) => value === `${unit}-per-${period}`));
}

function isGateId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,40}$/.test(value);
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function isAmounts(value: unknown): value is Amounts {
  return isRecord(value) && QUOTA_UNITS.every((unit) => isAmount(value[unit]));
}

function isAmount(value: unknown): value is number {
  return Number.isSafeInteger(value) && isWithin(value, 0, MAX_AMOUNT);
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}

function onlyKeys(value: Readonly<Record<string, unknown>>, allowed: readonly string[]): boolean {
  return Object.keys(value).every((key) => allowed.includes(key));
}
