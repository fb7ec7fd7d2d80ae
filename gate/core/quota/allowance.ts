/**
 * What is left of a lease: requests and characters in one number, so that one atomic step spends both and one closes
 * both. Were they two, a lease could be closed between a payment's two steps, and what the payment then gives back would
 * be lost.
 */

import { type Amounts, fits, mapUnits, NOTHING } from '../../../contract/quota';
import type { CountingDict } from '../shared/dict';

/** Requests are the lower digits, up to half of this, so that they may fall below zero for a moment. */
const CHARACTER = 2 ** 20;
/** What a lease may hold: more than a gate serves in a lease's time. */
export const LARGEST_LEASE: Amounts = { requests: 2 ** 18, characters: 2 ** 23 };
/** Subtracted to close a lease; more than any lease holds. All 64 workers at once leave it exact in a double. */
const CLOSED = 2 ** 47;
/**
 * What a number starts with that ought to be there and is not: nothing can be paid from it, and closed it is below zero
 * still, so that nothing of it can be returned either.
 */
const MISSING = -CLOSED / 4;

export function pack({ requests, characters }: Amounts): number {
  return characters * CHARACTER + requests;
}

/** Takes `cost` away and tells what is left then; undefined when there is not enough, or the lease is closed. */
export function spend(dict: CountingDict, key: string, cost: Amounts, life: number): Amounts | undefined {
  // Who cannot pay changes nothing: what another worker closes just then is whole.
  if (!fits(cost, unpack(dict.get(key) ?? MISSING))) return undefined;
  const left = unpack(dict.incr(key, -pack(cost), MISSING, life));
  if (fits(NOTHING, left)) return left;
  dict.incr(key, pack(cost), MISSING, life);
  return undefined;
}

/** Gives back what was spent. Of a lease that is closed by now it comes to nothing. */
export function putBack(dict: CountingDict, key: string, cost: Amounts, life: number): void {
  if (dict.get(key) !== undefined) dict.incr(key, pack(cost), MISSING, life);
}

/** Lets nobody spend any more, and tells what is unspent: the same however often it is asked. */
export function close(dict: CountingDict, key: string, life: number): Amounts {
  const left = dict.get(key);
  if (left === undefined) return NOTHING;
  return unspent(left > -CLOSED / 2 ? dict.incr(key, -CLOSED, MISSING, life) : left);
}

/** What a number says is unspent, of an open lease or of a closed one. */
export function unspent(left: number): Amounts {
  let open = left;
  while (open < -CLOSED / 2) open += CLOSED;
  if (open < MISSING / 2) return NOTHING;
  const amounts = unpack(open);
  return mapUnits((unit) => Math.max(0, amounts[unit]));
}

function unpack(left: number): Amounts {
  const characters = Math.round(left / CHARACTER);
  return { requests: left - characters * CHARACTER, characters };
}
