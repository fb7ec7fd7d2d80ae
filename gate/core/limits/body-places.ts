/**
 * Places among those with `flights` of which a caller has some and all have some more: for bodies that are held in memory
 * to be counted, and for refused requests whose body is still to come.
 */

import { bodiesOfAll, bodiesOfClient, LINGERING } from '../../../contract/gate-memory';
import type { GateOptions } from '../../../contract/gate-options';
import { isKeyless } from '../shared/caller';
import type { CountingDict } from '../shared/dict';
import { takePlace } from './window';

type Places = readonly [own: string, common: string];

/**
 * For a body that is to be read: without a place none is, since each costs its size until its request ends. Those without
 * a key, who send one where a path needs none, leave places for those who have one.
 */
export function takeBodyPlaces(
  flights: CountingDict,
  limits: Pick<GateOptions['limits'], 'inFlight' | 'queue'>,
  caller: number,
  life: number,
): Places | undefined {
  const ofClient = bodiesOfClient(limits);
  return takePlaces(flights, 'b', caller, ofClient, isKeyless(caller) ? ofClient : bodiesOfAll(limits), life);
}

/**
 * For a refused request whose body is still to come: while it is listened to, its client surely gets the answer. Who has
 * no place is closed at once, so that refusals keep nobody out.
 */
export function takeLingeringPlaces(flights: CountingDict, client: number): Places | undefined {
  return takePlaces(flights, 'l', client, LINGERING.ofClient, LINGERING.ofAll, LINGERING_LIFE);
}

/** Milliseconds; nginx listens for 2 s at most. */
const LINGERING_LIFE = 5000;

function takePlaces(
  flights: CountingDict,
  kind: string,
  caller: number,
  ofCaller: number,
  ofAll: number,
  life: number,
): Places | undefined {
  const own = takePlace(flights, `${kind}${caller}:`, ofCaller, caller, life);
  if (own === undefined) return undefined;
  const common = takePlace(flights, `${kind}*`, ofAll, caller, life);
  if (common !== undefined) return [own, common];
  flights.delete(own);
  return undefined;
}
