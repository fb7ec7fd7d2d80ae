/**
 * Exact limits without a lock: "at most N in any M milliseconds" is kept as N slots that expire by themselves. Taking a
 * slot is the dictionary's atomic `add`, so no two workers ever hold the same one.
 */

import type { CountingDict, Dict } from '../shared/dict';

export interface Taken {
  readonly allowed: boolean;
  /** Seconds, rounded up, until a slot is free; 0 when one was taken. */
  readonly retryAfter: number;
  /** Key of the slot taken, to give it back. */
  readonly slot?: string;
}

export interface Window {
  /** Slots, at least 1. */
  readonly limit: number;
  /** Milliseconds. */
  readonly length: number;
}

/** Slots tried before a request is refused: more than there can be workers between taking one and moving the pointer. */
const TRIES = 64;

/**
 * Takes one of the window's slots. The pointer names the slot that was taken the longest ago, so the first try nearly
 * always tells; the others find what another worker or a slot given back has left free.
 */
export function takeFromWindow(dict: CountingDict, key: string, window: Window, now: number): Taken {
  const pointer = `${key}#`;
  const start = dict.get(pointer) ?? 0;
  const tries = Math.min(window.limit, TRIES);
  for (let i = 0; i < tries; i++) {
    const slot = `${key}${(start + i) % window.limit}`;
    if (dict.add(slot, now, window.length)) {
      dict.incr(pointer, 1, 0, 2 * window.length);
      return { allowed: true, retryAfter: 0, slot };
    }
  }
  let oldest = now;
  for (let i = 0; i < tries; i++) {
    oldest = Math.min(oldest, dict.get(`${key}${(start + i) % window.limit}`) ?? now);
  }
  return { allowed: false, retryAfter: Math.max(1, Math.ceil((oldest + window.length - now) / 1000)) };
}

/** Gives a slot of a window back, as if it had not been taken. */
export function giveBack(dict: Dict<number>, slot: string): void {
  dict.delete(slot);
}

/**
 * A place among a fixed number of places, for work that takes a while; `note` is kept with it. The place frees itself
 * after `timeout` milliseconds: a worker that dies takes none with it. Places are numbered from `first` on.
 */
export function takePlace(
  dict: Dict<number>,
  key: string,
  places: number,
  note: number,
  timeout: number,
  first = 0,
): string | undefined {
  // Anywhere: begun in order, those that came in one millisecond would all try the places of the others first.
  const start = Math.floor(Math.random() * places);
  for (let i = 0; i < places; i++) {
    const place = `${key}${first + ((start + i) % places)}`;
    if (dict.add(place, note, timeout)) return place;
  }
  return undefined;
}
