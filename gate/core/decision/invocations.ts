/** Invocations of the authorizer in flight: how many, and of whom. */

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
    const own = takePlace(ports.flights, `*${network}:`, Math.ceil(invocations / 4), now, life);
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

function placesOf(place: string | undefined, ...others: readonly string[]): readonly string[] | undefined {
  return place === undefined ? undefined : [place, ...others];
}
