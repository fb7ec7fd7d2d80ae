/** Waiting for a place in the app, in the order of arrival, without a lock. */

import type { GateOptions } from '../../../contract/gate-options';
import type { CountingDict } from '../shared/dict';
import { isWithinShare, openTo, takeOwnShare } from './share';
import { takePlace } from './window';

export interface QueuePorts {
  /** Places of requests in flight to the app. */
  readonly places: CountingDict;
  readonly flights: CountingDict;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** Names of the app's places begin so. */
export const APP_PLACE = 'a';
/** Milliseconds that a request may wait for a place. */
export const QUEUE_WAIT = 10_000;
const POLL = 10;
/**
 * The mark of who waits the longest: when it arrived. It is written at every poll and soon forgotten, so that nobody is
 * stopped by one who has gone.
 */
export const OLDEST = 'q<';
/** The same among those who may have one more of the places that are not open to all: only they wait for these. */
const OLDEST_WITHIN = 'q<<';
const MARK_LIFE = 6 * POLL;
/** Milliseconds within which order does not matter: several places that become free are taken at one poll. */
const TOLERANCE = 2 * POLL;

/** What stays the same while somebody waits. */
export interface Waiting {
  /** How many places there are. */
  readonly places: number;
  /** Milliseconds for which a place is held at most. */
  readonly life: number;
  /** See share.ts. */
  readonly caller: number;
  /** Milliseconds since the epoch. */
  readonly arrived: number;
}

/**
 * A place, unless somebody who came clearly earlier still waits: without that newcomers, which need not wait for their
 * poll, would take all that becomes free.
 */
export function takeNextPlace(ports: Omit<QueuePorts, 'sleep'>, waiting: Waiting): string | undefined {
  const { places, caller, life } = waiting;
  const open = isNext(ports.flights, OLDEST, waiting)
    ? takePlace(ports.places, APP_PLACE, openTo(places, caller), caller, life)
    : undefined;
  if (open !== undefined || !isNext(ports.flights, OLDEST_WITHIN, waiting)) return open;
  return takeOwnShare(ports.flights, ports.places, APP_PLACE, places, caller, life);
}

function isNext(flights: CountingDict, mark: string, { arrived }: Waiting): boolean {
  const oldest = flights.get(mark);
  return oldest === undefined || arrived - oldest <= TOLERANCE;
}

/** Milliseconds for which a place is held at most: a worker that dies frees none of its own. */
export function placeLife({ longestRequest }: Pick<GateOptions, 'longestRequest'>): number {
  return (longestRequest + 60) * 1000;
}

export async function waitForPlace(ports: QueuePorts, waiting: Waiting): Promise<string | undefined> {
  const { places, caller, arrived } = waiting;
  const mark = (name: string) => {
    const oldest = ports.flights.get(name);
    if (oldest === undefined || arrived <= oldest) ports.flights.set(name, arrived, MARK_LIFE);
  };
  while (ports.now() < arrived + QUEUE_WAIT) {
    mark(OLDEST);
    if (isWithinShare(ports.flights, ports.places, APP_PLACE, places, caller)) mark(OLDEST_WITHIN);
    await ports.sleep(POLL);
    const place = takeNextPlace(ports, waiting);
    if (place === undefined) continue;
    for (const name of [OLDEST, OLDEST_WITHIN]) if (ports.flights.get(name) === arrived) ports.flights.delete(name);
    return place;
  }
  return undefined;
}
