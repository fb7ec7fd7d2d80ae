/** Invocations of the authorizer in flight, and those who wait for one: how many, and of whom. */

import { clientSite } from '../../../contract/cidr';
import { undecidedOfAll, undecidedOfClient } from '../../../contract/gate-memory';
import { type AbusePorts, hasFailed } from '../limits/abuse';
import { takePlace } from '../limits/window';
import type { CountingDict } from '../shared/dict';
import type { Settings } from '../shared/settings';

export interface InvocationPorts extends Pick<AbusePorts, 'abuse' | 'now'> {
  readonly settings: Settings;
  readonly flights: CountingDict;
  sleep(milliseconds: number): Promise<void>;
}

/** Remembers which flights and places must be given back should the request end before it does so itself. */
export interface Held {
  hold(key: string): void;
  release(key: string): void;
}

/** Milliseconds that an unknown credential waits for an invocation at most, and between two looks. */
const PLACE_WAIT = 500;
const PLACE_POLL = 20;
/** Milliseconds beyond an invocation's own timeout after which nobody waits for it any more. */
export const SLACK = 1000;

/**
 * Places among the invocations in flight, for which an unknown credential waits a little. A client with unknown ones has
 * a quarter of them, and all clients with a failed attempt have half: neither one of them nor a flood from many addresses
 * keeps a newcomer out.
 */
export async function takeInvocation(
  ports: InvocationPorts,
  network: string,
  known: boolean,
  held: Held,
): Promise<readonly string[] | undefined> {
  const { authorizer, limits } = ports.settings.options;
  const { invocations } = limits;
  const life = 2 * authorizer.timeout + SLACK;
  const take = (): readonly string[] | undefined => {
    const now = ports.now();
    if (known) return placesOf(takePlace(ports.flights, '*', invocations, now, life));
    const own = takePlace(ports.flights, `*${clientSite(network)}:`, Math.ceil(invocations / 4), now, life);
    if (own === undefined) return undefined;
    const most = hasFailed(ports.abuse, network, now) ? Math.ceil(invocations / 2) : invocations;
    const common = placesOf(takePlace(ports.flights, '*', most, now, life), own);
    if (common === undefined) ports.flights.delete(own);
    return common;
  };
  const until = ports.now() + (known ? 0 : PLACE_WAIT);
  for (;;) {
    const places = take();
    if (places !== undefined) {
      for (const place of places) held.hold(place);
      return places;
    }
    if (ports.now() >= until) return undefined;
    await ports.sleep(PLACE_POLL);
  }
}

/**
 * Places among the requests that wait for the decision about a credential that nobody knows, of which a client, and all
 * clients with a failed attempt, have a part: however many wait, whoever is known finds room, and a newcomer too.
 */
export function takeWait(ports: InvocationPorts, network: string, held: Held): readonly string[] | undefined {
  const { authorizer, limits } = ports.settings.options;
  const now = ports.now();
  const life = 2 * (authorizer.timeout + SLACK) + PLACE_WAIT;
  const part = hasFailed(ports.abuse, network, now) ? 0.5 : 1;
  const take = (name: string, most: number) => takePlace(ports.flights, name, Math.ceil(part * most), now, life);
  const own = take(`w${clientSite(network)}:`, undecidedOfClient(limits));
  if (own === undefined) return undefined;
  const places = placesOf(take('w*', undecidedOfAll(limits)), own);
  if (places === undefined) ports.flights.delete(own);
  else for (const place of places) held.hold(place);
  return places;
}

export function giveBackPlaces(ports: Pick<InvocationPorts, 'flights'>, places: readonly string[], held: Held): void {
  for (const place of places) {
    ports.flights.delete(place);
    held.release(place);
  }
}

function placesOf(place: string | undefined, ...others: readonly string[]): readonly string[] | undefined {
  return place === undefined ? undefined : [place, ...others];
}
