/**
 * Places of which no caller can hold all while others are about, however slowly it reads or sends: half of them are open
 * to whoever comes first, and of the rest a caller takes half at most. So a quarter stays for others. Whoever has been
 * alone for a while may take all.
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

/**
 * Whether the caller may have one more of the places that are not open. Those without a key are one caller together where
 * one with a key is about.
 */
export function isWithinShare(
  flights: Dict<number>,
  dict: Dict<number>,
  key: string,
  places: number,
  caller: number,
): boolean {
  if (isAlone(flights, caller)) return true;
  const open = openPlaces(places);
  const most = (places - open) >> 1;
  let own = 0;
  let keyless = 0;
  for (let i = open; i < places; i++) {
    const holder = dict.get(`${key}${i}`);
    if (holder === caller) own++;
    if (holder !== undefined && isKeyless(holder)) keyless++;
  }
  if (!isKeyless(caller)) return own < most;
  return own < Math.max(1, most >> 1) && (keyless < most || flights.get(KEYED) === undefined);
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
    takePlace(dict, key, openPlaces(places), caller, timeout) ??
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
  const open = openPlaces(places);
  if (open === places || !isWithinShare(flights, dict, key, places, caller)) return undefined;
  return takePlace(dict, key, places - open, caller, timeout, open);
}
