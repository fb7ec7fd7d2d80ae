/** Waiting for a place in the app, in the order of arrival, without a lock. */

import type { GateOptions } from '../../../contract/gate-options';
import type { CountingDict } from '../shared/dict';
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
const MARK_LIFE = 6 * POLL;
/** Milliseconds within which order does not matter: several places that become free are taken at one poll. */
const TOLERANCE = 2 * POLL;

/**
 * A place, unless somebody who came clearly earlier still waits: without that newcomers, which need not wait for their
 * poll, would take all that becomes free.
 */
export function takeNextPlace(
  ports: Omit<QueuePorts, 'sleep'>,
  places: number,
  life: number,
  arrived: number,
): string | undefined {
  const oldest = ports.flights.get(OLDEST);
  if (oldest !== undefined && arrived - oldest > TOLERANCE) return undefined;
  return takePlace(ports.places, APP_PLACE, places, ports.now(), life);
}

/** Milliseconds for which a place is held at most: a worker that dies frees none of its own. */
export function placeLife({ longestRequest }: Pick<GateOptions, 'longestRequest'>): number {
  return (longestRequest + 60) * 1000;
}

export async function waitForPlace(ports: QueuePorts, places: number, life: number): Promise<string | undefined> {
  const arrived = ports.now();
  while (ports.now() < arrived + QUEUE_WAIT) {
    const oldest = ports.flights.get(OLDEST);
    if (oldest === undefined || arrived <= oldest) ports.flights.set(OLDEST, arrived, MARK_LIFE);
    await ports.sleep(POLL);
    const place = takeNextPlace(ports, places, life, arrived);
    if (place === undefined) continue;
    if (ports.flights.get(OLDEST) === arrived) ports.flights.delete(OLDEST);
    return place;
  }
  return undefined;
}
