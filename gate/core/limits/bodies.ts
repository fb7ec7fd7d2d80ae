/**
 * Places for bodies that are held in memory to be counted. Without one no body is read: each costs its size until its
 * request ends.
 */

import { bodiesOfAll, bodiesOfClient } from '../../../contract/gate-memory';
import type { GateOptions } from '../../../contract/gate-options';
import type { CountingDict } from '../shared/dict';
import { takePlace } from './window';

/** Takes a place of the client and one of all; undefined when either has none left. */
export function takeBodyPlaces(
  flights: CountingDict,
  limits: Pick<GateOptions['limits'], 'inFlight' | 'queue'>,
  network: string,
  now: number,
  life: number,
): readonly [own: string, common: string] | undefined {
  const own = takePlace(flights, `b${network}:`, bodiesOfClient(limits), now, life);
  if (own === undefined) return undefined;
  const common = takePlace(flights, 'b*', bodiesOfAll(limits), now, life);
  if (common !== undefined) return [own, common];
  flights.delete(own);
  return undefined;
}
