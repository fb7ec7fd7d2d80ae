/** Granting leases of a key's quota to gates. */

import {
  type Amounts,
  addAmounts,
  CREDIT_SECONDS,
  fits,
  isNothing,
  LEASE_SECONDS,
  type LeaseGrant,
  type LeaseRequest,
  type LimitName,
  type LimitState,
  limitUnit,
  MAX_AMOUNT,
  mapUnits,
  NOTHING,
  type Quota,
  type QuotaPeriod,
  type QuotaUnit,
  quotaLimits,
  quotaWindow,
  subtractAmounts,
} from '../../contract/quota';
import {
  EMPTY_COUNTER,
  type LeaseRecord,
  monthUse,
  type QuotaCounter,
  SHORT_PERIODS,
} from '../../contract/quota-counter';
import type { Clock } from './clock';
import type { QuotaStore } from './quota-store';

/**
 * A lease is at most this part of each limit, so that a gate that dies takes little with it. Of a minute that is over
 * sooner than the gate is missed; small leases would cost an invocation for each request there.
 */
const LARGEST_SHARE: Readonly<Record<QuotaPeriod, number>> = {
  minute: 1 / 4,
  hour: 1 / 20,
  day: 1 / 20,
  month: 1 / 20,
};
/** And together the gates get at most this part of what is left, so that leases shrink towards a quota's end. */
const SHARE_OF_REMAINING = 1 / 2;
/** Gates remembered a key and month. One more, and the one whose lease ended first can return nothing any more. */
const MAX_LEASES = 256;
/** Writes that may fail because another gate's was first. Each failure is another gate's success. */
const ATTEMPTS = 12;
/** Milliseconds before the second attempt, at most; more before each further one. */
const MAX_PAUSE = 8;

export interface LeaseOutcome {
  readonly grant: LeaseGrant;
  /** What to store; undefined: nothing changed. */
  readonly counter?: QuotaCounter;
}

/** Too many gates wrote the same counter at once. */
export class QuotaContentionError extends Error {
  override readonly name = 'QuotaContentionError';

  constructor() {
    super(`quota counter: ${ATTEMPTS} writes in a row came second`);
  }
}

/**
 * Grants a lease and debits it, in one conditional write. Asking again with the same sequence, for whatever reason,
 * gives the same lease.
 * @throws QuotaContentionError, or what the store throws: a failure, neither an allow nor a refusal.
 */
export async function takeLease(
  store: QuotaStore,
  keyId: string,
  quota: Quota,
  request: LeaseRequest,
  clock: Clock,
  sleep: (milliseconds: number) => Promise<void> = realSleep,
): Promise<LeaseGrant> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await sleep(Math.random() * MAX_PAUSE * attempt);
    const now = clock();
    const month = quotaWindow('month', now).id;
    const stored = await store.read(keyId, month);
    const { grant, counter } = grantLease(stored ?? EMPTY_COUNTER, quota, request, now);
    if (counter === undefined || (await store.write(keyId, month, counter))) return grant;
  }
  throw new QuotaContentionError();
}

function realSleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Decides about a lease, given the month's counter, at a time in seconds since the epoch. */
export function grantLease(stored: QuotaCounter, quota: Quota, request: LeaseRequest, now: number): LeaseOutcome {
  const held = stored.leases[request.gate];
  const answer = (granted: Amounts, counter: QuotaCounter, rest: Partial<LeaseGrant> = {}): LeaseGrant => ({
    gate: request.gate,
    sequence: request.sequence,
    granted,
    seconds: 0,
    limits: limitStates(counter, quota, now),
    ...rest,
  });

  if (held !== undefined && held.sequence > request.sequence) {
    return { grant: answer(NOTHING, stored, { sequence: held.sequence }) };
  }
  if (held !== undefined && held.sequence === request.sequence && !isNothing(held.granted)) {
    return { grant: answer(held.granted, stored, { seconds: secondsUntil(held.expires, now) }) };
  }

  const credited = credit(stored, held, request);
  const limits = limitStates(credited, quota, now);
  const limited = firstInTheWay(limits, request.need);
  const life = Math.min(LEASE_SECONDS, ...debited(quota).map((period) => quotaWindow(period, now).end - now));
  const granted = limited === undefined ? leaseSize(quota, limits, credited, request, now, life) : NOTHING;
  const seconds = limited === undefined ? secondsUntil(now + life, now) : 0;

  // Nothing granted and nothing returned: nothing to write down, however often it is asked.
  if (isNothing(granted) && credited === stored) return { grant: answer(NOTHING, stored, limited && { limited }) };

  const day = dayOfMonth(now);
  const windows = SHORT_PERIODS.filter((period) => quota[period] !== undefined).map((period) => {
    const used = addAmounts(useOf(credited, period, now), granted);
    return [period, { start: quotaWindow(period, now).start, used }] as const;
  });
  const starts = Object.fromEntries(windows.map(([period, { start }]) => [period, start]));
  const lease: LeaseRecord = { sequence: request.sequence, day, starts, granted, expires: now + seconds };
  const counter: QuotaCounter = {
    version: stored.version + 1,
    days: { ...credited.days, [day]: addAmounts(credited.days[day] ?? NOTHING, granted) },
    windows: { ...credited.windows, ...Object.fromEntries(windows) },
    leases: { ...returnable(credited.leases, request.gate, now), [request.gate]: lease },
  };
  return { grant: answer(granted, counter, { seconds, ...(limited && { limited }) }), counter };
}

/**
 * The counter after the return of what is unspent of the lease before. Only that very lease can be returned, and the
 * write that returns it replaces it: nothing is credited twice, and never more than was granted.
 */
function credit(stored: QuotaCounter, held: LeaseRecord | undefined, request: LeaseRequest): QuotaCounter {
  if (held === undefined || held.sequence !== request.sequence - 1) return stored;
  const used = stored.days[held.day];
  // A claim that cannot be true is no claim.
  if (used === undefined || !fits(request.unspent, held.granted) || !fits(request.unspent, used)) return stored;
  if (isNothing(request.unspent)) return stored;
  return {
    ...stored,
    days: { ...stored.days, [held.day]: subtractAmounts(used, request.unspent) },
    windows: { ...stored.windows, ...Object.fromEntries(creditedWindows(stored, held, request.unspent)) },
  };
}

/** Short windows that are over have no use any more, and nothing to credit. */
function creditedWindows({ windows }: QuotaCounter, { starts }: LeaseRecord, unspent: Amounts) {
  return SHORT_PERIODS.flatMap((period) => {
    const window = windows[period];
    if (window === undefined || window.start !== starts[period] || !fits(unspent, window.used)) return [];
    return [[period, { ...window, used: subtractAmounts(window.used, unspent) }] as const];
  });
}

/** The windows from which a lease of a key with that quota is debited, and which it must not outlive. */
function debited(quota: Quota): readonly QuotaPeriod[] {
  return ['day', ...SHORT_PERIODS.filter((period) => quota[period] !== undefined)];
}

function limitStates(counter: QuotaCounter, quota: Quota, now: number): readonly LimitState[] {
  return quotaLimits(quota).map(({ name, unit, period, quota: limit }) => {
    const window = quotaWindow(period, now);
    return {
      name,
      quota: limit,
      window: window.end - window.start,
      remaining: Math.max(0, limit - useOf(counter, period, now)[unit]),
      resetsIn: window.end - now,
    };
  });
}

/** What was debited in the period's present window. */
function useOf(counter: QuotaCounter, period: QuotaPeriod, now: number): Amounts {
  if (period === 'month') return monthUse(counter);
  if (period === 'day') return counter.days[dayOfMonth(now)] ?? NOTHING;
  const window = counter.windows[period];
  return window?.start === quotaWindow(period, now).start ? window.used : NOTHING;
}

/** Of the limits that leave less than is needed, the one that resets last: before that, waiting is in vain. */
function firstInTheWay(limits: readonly LimitState[], need: Amounts): LimitName | undefined {
  return limits
    .filter(({ name, remaining }) => remaining < need[limitUnit(name)])
    .reduce<LimitState | undefined>((last, one) => (last && last.resetsIn >= one.resetsIn ? last : one), undefined)
    ?.name;
}

/** What of the wanted is granted, for a lease of `life` seconds. */
function leaseSize(
  quota: Quota,
  limits: readonly LimitState[],
  counter: QuotaCounter,
  request: LeaseRequest,
  now: number,
  life: number,
): Amounts {
  const others = Object.entries(counter.leases).filter(([gate, { expires }]) => gate !== request.gate && expires > now);
  const gates = others.length + 1;
  const size = (unit: QuotaUnit): number => {
    const ceilings = quotaLimits(quota).flatMap(({ unit: counted, period, quota: limit }, i) =>
      counted === unit
        ? [limit * LARGEST_SHARE[period], ((limits[i]?.remaining ?? 0) * SHARE_OF_REMAINING) / gates]
        : [],
    );
    // A gate states what it expects to spend in the longest life of a lease.
    const want = Math.ceil((request.want[unit] * life) / LEASE_SECONDS);
    return Math.max(request.need[unit], Math.floor(Math.min(want, MAX_AMOUNT, ...ceilings)));
  };
  return mapUnits(size);
}

function returnable(
  leases: QuotaCounter['leases'],
  except: string,
  now: number,
): Readonly<Record<string, LeaseRecord>> {
  const kept = Object.entries(leases).filter(
    ([gate, { expires }]) => gate !== except && expires + CREDIT_SECONDS > now,
  );
  kept.sort(([, a], [, b]) => b.expires - a.expires);
  return Object.fromEntries(kept.slice(0, MAX_LEASES - 1));
}

function dayOfMonth(now: number): string {
  return quotaWindow('day', now).id.slice(-2);
}

/** Whole milliseconds, so that a stored time survives being written as decimals. */
function secondsUntil(instant: number, now: number): number {
  return Math.max(0, Math.floor((instant - now) * 1000) / 1000);
}
