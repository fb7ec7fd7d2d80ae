/** What a gate notes of a key's lease, and what follows from it: what is told of limits, and what to ask for next. */

import {
  type Amounts,
  LEASE_SECONDS,
  type LeaseGrant,
  type LimitName,
  type LimitState,
  limitUnit,
  mapUnits,
} from '../../../contract/quota';
import { LARGEST_LEASE } from './allowance';

/** The present lease of a key, or the refusal of one. */
export interface Note {
  readonly sequence: number;
  readonly granted: Amounts;
  /** Milliseconds since the epoch by this gate's clock: when it asked, and until when it may spend. */
  readonly from: number;
  readonly until: number;
  readonly limits: readonly LimitState[];
  readonly limited?: LimitName;
}

/** A limit is used up: 429. */
export interface Limited {
  readonly kind: 'limited';
  readonly limit: LimitName;
  /** Seconds. */
  readonly retryAfter: number;
  readonly limits: readonly LimitState[];
}

/** Milliseconds for which a refusal is answered without asking again. */
const REFUSED = 10_000;
/** The next lease holds what the last rate needs and so many standard deviations (of a Poisson process) more. */
const RESERVE = 2;
/** And at most so many times what was spent of the last one: a burst is no rate. */
const GROWTH = 8;
/** A lease of which fewer requests were spent until it ended is followed by one without reserve, which might be forfeited. */
const BUSY = 2;

export function refusalOf(note: Note, cost: Amounts, now: number): Limited | undefined {
  const limits = present(note, now);
  const inTheWay = limits.filter(({ name, remaining }) => remaining < cost[limitUnit(name)]);
  const last = inTheWay.find(({ name }) => name === note.limited) ?? inTheWay[0];
  if (last === undefined) return undefined;
  return { kind: 'limited', limit: last.name, retryAfter: Math.max(1, Math.ceil(last.resetsIn)), limits };
}

/** The limits as they were told, with the time that has gone by. */
export function present(note: Note, now: number): readonly LimitState[] {
  return note.limits.map((limit) => ({ ...limit, resetsIn: Math.max(0, limit.resetsIn - (now - note.from) / 1000) }));
}

export function refusedFor(grant: LeaseGrant): number {
  const resets = grant.limits.filter(({ name }) => name === grant.limited).map(({ resetsIn }) => resetsIn * 1000);
  return Math.min(REFUSED, ...resets);
}

/** What the next lease should hold, judged by how fast the last one was spent. */
export function demand(note: Note, unspent: Amounts, cost: Amounts, now: number): Amounts {
  const life = note.until - note.from;
  const requests = note.granted.requests - unspent.requests;
  if (note.limited !== undefined || life <= 0 || (requests < BUSY && now >= note.until)) return cost;
  const leases = (LEASE_SECONDS * 1000) / Math.min(life, Math.max(1, now - note.from));
  const reserve = 1 + RESERVE / Math.sqrt(Math.max(1, requests * leases));
  return mapUnits((unit) => {
    const spent = note.granted[unit] - unspent[unit];
    const expected = Math.ceil(spent * Math.min(leases * reserve, GROWTH));
    return Math.min(LARGEST_LEASE[unit], Math.max(cost[unit], expected));
  });
}
