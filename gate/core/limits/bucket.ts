/**
 * A token bucket in one number (the generic cell rate algorithm): the time at which the bucket will be full again. It is
 * moved by the dictionary's atomic `incr`, so that no token is spent twice, whatever the number of workers.
 */

import type { RatePlan } from '../../../contract/decision';
import type { CountingDict } from '../shared/dict';
import type { Taken } from './window';

const ALLOWED: Taken = { allowed: true, retryAfter: 0 };
/** Milliseconds for which only one worker may restart an idle bucket. */
const RESTART = 5;
/** Milliseconds: sums of times since the epoch and fractions are no more exact than this. */
const ROUNDING = 0.01;

export function takeToken(dict: CountingDict, key: string, plan: RatePlan, now: number): Taken {
  const cost = 60_000 / plan.requestsPerMinute;
  const depth = cost * plan.burst;
  // Older than this the bucket is full: forgetting it is the same as keeping it.
  const timeout = Math.ceil(depth + cost) + 1000;
  let full = dict.incr(key, cost, now, timeout);
  const idle = now - (full - cost);
  if (idle > 0 && dict.add(`${key}!`, now, RESTART)) full = dict.incr(key, idle, now, timeout);
  const excess = full - now - depth;
  if (excess <= ROUNDING) return ALLOWED;
  dict.incr(key, -cost, now, timeout);
  return { allowed: false, retryAfter: Math.max(1, Math.ceil(excess / 1000)) };
}
