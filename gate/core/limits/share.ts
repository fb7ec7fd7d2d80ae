/**
 * Places of which no caller can hold all while others are about, however slowly it reads or sends: half of them are open
 * to whoever comes first, and of the rest a caller takes half at most. So a quarter stays for others. A key that has been
 * alone for a while may take all; those without one never, so that the first who comes with a key finds a place.
 */

import { isKeyless } from '../shared/caller';
import type { Dict } from '../shared/dict';
import { takePlace } from './window';

/** Milliseconds for which a caller is remembered to be about. */
const ABOUT = 600_000;
/** Two of them are enough to tell whether there is another one. */
const SEEN = ['c0', 'c1'] as const;
/** Whether one with a key is about. */
const KEYED = 'ck';

export function noteCaller(flights: Dict<number>, caller: number): void {
  const first = flights.get(SEEN[0]);
  flights.set(first === undefined || first === caller ? SEEN[0] : SEEN[1], caller, ABOUT);
  if (!isKeyless(caller)) flights.set(KEYED, caller, ABOUT);
}

function isAlone(flights: Dict<number>, caller: number): boolean {
  return SEEN.every((slot) => (flights.get(slot) ?? caller) === caller);
}

/** Fewer places than these are not divided. */
const FEWEST = 4;

/** How many of the places are open to whoever comes first: those with the lowest numbers. */
export function openPlaces(places: number): number {
  return places < FEWEST ? places : Math.ceil(places / 2);
}

/** The first of the places that are not open to those without a key; of a few that are not divided it is the last. */
function firstShared(places: number): number {
  return places < FEWEST ? Math.max(1, places - 1) : openPlaces(places);
}

/** The same for one caller. */
export function openTo(places: number, caller: number): number {
  return isKeyless(caller) ? firstShared(places) : openPlaces(places);
}

/**
 * Whether the caller may have one more of the places that are not open. Those without a key are one caller together where
 * one with a key is about; where none is, they leave a few.
 */
export function isWithinShare(
  flights: Dict<number>,
  dict: Dict<number>,
  key: string,
  places: number,
  caller: number,
): boolean {
  const isVisitor = isKeyless(caller);
  if (places < FEWEST) return !isVisitor;
  const isLonely = isAlone(flights, caller);
  if (isLonely && !isVisitor) return true;
  const open = openPlaces(places);
  const most = (places - open) >> 1;
  let own = 0;
  let visitors = 0;
  for (let i = open; i < places; i++) {
    const holder = dict.get(`${key}${i}`);
    if (holder === caller) own++;
    if (holder !== undefined && isKeyless(holder)) visitors++;
  }
  if (!isVisitor) return own < most;
  const ofVisitors = flights.get(KEYED) === undefined ? places - open - Math.max(1, most >> 1) : most;
  return visitors < ofVisitors && (isLonely || own < Math.max(1, most >> 1));
}

/** A place for the caller; undefined when none is free, or it has its share. */
export function takeShare(
  flights: Dict<number>,
  dict: Dict<number>,
  key: string,
  places: number,
  caller: number,
  timeout: number,
): string | undefined {
  return (
    takePlace(dict, key, openTo(places, caller), caller, timeout) ??
    takeOwnShare(flights, dict, key, places, caller, timeout)
  );
}

/** The same of those that are not open. */
export function takeOwnShare(
  flights: Dict<number>,
  dict: Dict<number>,
  key: string,
  places: number,
  caller: number,
  timeout: number,
): string | undefined {
  const first = firstShared(places);
  if (first === places || !isWithinShare(flights, dict, key, places, caller)) return undefined;
  return takePlace(dict, key, places - first, caller, timeout, first);
}
