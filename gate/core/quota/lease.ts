/**
 * Spending a key's quota: requests are paid from a lease, amounts that the authorizer has debited for this gate.
 *
 * All workers share one lease a key, in shared dictionaries that have no compare-and-set. What keeps it exact:
 * - What is left of a lease is one number, moved by the atomic `incr` (allowance.ts). One that is missing (a dictionary
 *   that was full or emptied) can only refuse.
 * - Before its rest is returned a lease is closed, by one `incr` that pushes it far below zero: no request that comes
 *   later can spend what is returned.
 * - A lease is taken once: the atomic `add` of its number's mark decides, however often its answer comes.
 * - The next number is asked for only after this one has been taken, so asking again after a lost answer is harmless.
 */

import {
  type Amounts,
  type LeaseGrant,
  type LeaseRequest,
  type LimitState,
  limitUnit,
  mapUnits,
} from '../../../contract/quota';
import { board, land } from '../decision/flight';
import type { CountingDict, Dict } from '../shared/dict';
import { close, LARGEST_LEASE, pack, putBack, spend } from './allowance';
import { demand, type Limited, type Note, present, refusalOf, refusedFor } from './lease-note';

export interface LeasePorts {
  /** Notes about leases and the gate's id. Its zone must not evict. */
  readonly leases: Dict<string>;
  /** What is left of leases, and their numbers. Its zone must not evict. */
  readonly allowances: CountingDict;
  readonly flights: CountingDict;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  /** A new id, 1 to 40 characters of `A-Z a-z 0-9 - _`, that no other gate has or had. */
  newGateId(): string;
}

export interface Paid {
  readonly kind: 'paid';
  /** All limits of the key, after this payment. */
  readonly limits: readonly LimitState[];
  /** The lease that paid. */
  readonly sequence: number;
}

/** What was paid, so that it can be given back. */
export interface Debit {
  readonly keyId: string;
  readonly sequence: number;
  readonly cost: Amounts;
}

export type Payment = Paid | Limited;

/** Nothing more can be paid from what the gate holds. */
const EMPTY = { kind: 'empty' } as const;
/** No lease came. Without one nothing is let through: 503. */
export interface Unpaid {
  readonly kind: 'failed';
  /** For the log; holds nothing of the request. */
  readonly cause: string;
}

/** Milliseconds for which a gate remembers what it may return: a key that rests longer forfeits the rest of a lease. */
const REMEMBERED = 6 * 3_600_000;
/** Milliseconds for which a number stays marked as taken; no answer comes so late. */
const MARKED = 300_000;
/** Milliseconds after which an answer is too old to be taken. */
const LATEST_ANSWER = 120_000;
/** Renewals for one request: a lease that arrives may be spent by others before. */
const ATTEMPTS = 4;

/**
 * Pays for a request, with a renewal where needed; one at a time a key.
 * @param timeout milliseconds to wait for a renewal, another request's included.
 * @param renew sends a lease request to the authorizer.
 */
export async function pay<T>(
  ports: LeasePorts,
  keyId: string,
  cost: Amounts,
  timeout: number,
  held: { hold(key: string): void; release(key: string): void },
  renew: (request: LeaseRequest) => Promise<{ readonly lease: LeaseGrant } | { readonly other: T }>,
): Promise<Payment | { readonly kind: 'other'; readonly other: T } | Unpaid> {
  const flightKey = `$${keyId}`;
  const look = (): Payment | undefined => {
    const payment = payFromLease(ports, keyId, cost);
    return payment.kind === 'empty' ? undefined : payment;
  };
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const payment = look();
      if (payment !== undefined) return payment;
      const flight = await board(ports, flightKey, timeout, look);
      if (flight.kind === 'landed') return flight.result;
      if (flight.kind !== 'leader') return { kind: 'failed', cause: `a renewal ${flight.kind}` };
      held.hold(flightKey);
      let failed = true;
      try {
        const landed = look();
        if (landed !== undefined) {
          failed = false;
          return landed;
        }
        const request = leaseRequest(ports, keyId, cost);
        const from = ports.now();
        const renewal = await renew(request);
        failed = false;
        if ('other' in renewal) return { kind: 'other', other: renewal.other };
        acceptLease(ports, keyId, request, renewal.lease, from);
      } finally {
        land(ports.flights, flightKey, failed, ports.now());
        held.release(flightKey);
      }
    }
    return { kind: 'failed', cause: `${ATTEMPTS} leases were spent by others` };
  } catch (error) {
    // No answer, an unreadable one, or a full dictionary: nothing of it may let a request through.
    return { kind: 'failed', cause: error instanceof Error ? `${error.name} ${error.message}` : 'an error' };
  }
}

/** Pays from what the gate holds, if that is enough. Synchronous. */
export function payFromLease(ports: LeasePorts, keyId: string, cost: Amounts): Payment | typeof EMPTY {
  const note = readNote(ports, keyId);
  const now = ports.now();
  // A clock that was set back must not make a lease live longer.
  if (note === undefined || now < note.from || now >= note.until) return EMPTY;
  if (note.limited !== undefined) return refusalOf(note, cost, now) ?? EMPTY;
  const left = spend(ports.allowances, leftOf(keyId, note.sequence), cost, REMEMBERED);
  if (left === undefined) return EMPTY;
  return {
    kind: 'paid',
    sequence: note.sequence,
    limits: present(note, now).map((limit) => ({ ...limit, remaining: limit.remaining + left[limitUnit(limit.name)] })),
  };
}

/** Gives a payment back, for a request that was not served after all. What was returned meanwhile is not paid again. */
export function refund({ allowances }: Pick<LeasePorts, 'allowances'>, { keyId, sequence, cost }: Debit): void {
  putBack(allowances, leftOf(keyId, sequence), cost, REMEMBERED);
}

/** Closes the present lease and makes the request for the next one. */
export function leaseRequest(ports: LeasePorts, keyId: string, cost: Amounts): LeaseRequest {
  // Without a lease to go on from, numbers start at the time: higher than any that this gate has used and forgotten.
  ports.allowances.add(numberOf(keyId), Math.floor(ports.now()), REMEMBERED);
  const last = ports.allowances.get(numberOf(keyId));
  if (last === undefined) throw new Error('lease: the dictionary keeps nothing');
  const unspent = close(ports.allowances, leftOf(keyId, last), REMEMBERED);
  const note = readNote(ports, keyId);
  const want = note?.sequence === last ? demand(note, unspent, cost, ports.now()) : cost;
  return { gate: gateId(ports), sequence: last + 1, need: cost, want, unspent };
}

/** Takes the lease that an answer grants, unless it was taken before. `from` is when the gate asked. */
export function acceptLease(
  ports: LeasePorts,
  keyId: string,
  request: LeaseRequest,
  grant: LeaseGrant,
  from: number,
): void {
  const { allowances, leases } = ports;
  const { sequence } = request;
  const age = ports.now() - from;
  if (grant.gate !== request.gate || age < 0 || age > LATEST_ANSWER) return;
  const last = allowances.get(numberOf(keyId)) ?? 0;
  if (grant.sequence !== sequence) {
    if (grant.sequence > last) allowances.set(numberOf(keyId), grant.sequence, REMEMBERED);
    return;
  }
  const { limits, limited } = grant;
  const granted = mapUnits((unit) => Math.min(grant.granted[unit], LARGEST_LEASE[unit]));
  const note: Note = { sequence, granted, from, until: from + grant.seconds * 1000, limits };
  if (limited !== undefined) {
    // No lease, so its number stays free: should the authorizer have granted it to a repeated request, it is still ours.
    if (sequence <= last) return;
    leases.set(noteOf(keyId), JSON.stringify({ ...note, until: from + refusedFor(grant), limited }), REMEMBERED);
    return;
  }
  if (!allowances.add(`${keyId}:${sequence}:taken`, 1, MARKED)) {
    // Taken by another worker; should that one have died over it, the next number is the way on.
    if (sequence > last) allowances.set(numberOf(keyId), sequence, REMEMBERED);
    return;
  }
  allowances.set(leftOf(keyId, sequence), pack(granted), REMEMBERED);
  allowances.delete(leftOf(keyId, sequence - 1));
  if (sequence > last) allowances.set(numberOf(keyId), sequence, REMEMBERED);
  leases.set(noteOf(keyId), JSON.stringify(note), REMEMBERED);
}

function gateId(ports: LeasePorts): string {
  const id = ports.leases.get(GATE) ?? ports.newGateId();
  if (ports.leases.add(GATE, id, REMEMBERED)) return id;
  const kept = ports.leases.get(GATE);
  if (kept === undefined) throw new Error('lease: the dictionary keeps nothing');
  // It must outlive every lease that was granted under it.
  ports.leases.set(GATE, kept, REMEMBERED);
  return kept;
}

const GATE = 'gate';

function readNote(ports: LeasePorts, keyId: string): Note | undefined {
  const text = ports.leases.get(noteOf(keyId));
  return text === undefined ? undefined : (JSON.parse(text) as Note);
}

function noteOf(keyId: string): string {
  return `lease:${keyId}`;
}

function numberOf(keyId: string): string {
  return `${keyId}:number`;
}

function leftOf(keyId: string, sequence: number): string {
  return `${keyId}:${sequence}`;
}
