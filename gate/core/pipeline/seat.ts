/** The last step: a place in the app. */

import { refuse } from '../answer/refusal';
import { placeLife, QUEUE_WAIT, takeNextPlace, type Waiting, waitForPlace } from '../limits/queue';
import { noteCaller, takeShare } from '../limits/share';
import type { Answer } from './step';
import type { SharedPorts, Visit } from './visit';

export function seatOf(shared: SharedPorts) {
  const { options } = shared.settings;
  const { inFlight, queue } = options.limits;
  const life = placeLife(options);
  return seat;

  /** A place in flight, which may take a while. */
  function seat(visit: Visit): Answer | Promise<Answer> {
    const caller = visit.allow?.caller ?? visit.client.caller;
    noteCaller(shared.flights, caller);
    const waiting = { places: inFlight, life, caller, arrived: visit.at };
    const place = takeNextPlace(shared, waiting);
    if (place !== undefined) {
      visit.place = place;
      return undefined;
    }
    const queued =
      queue === 0 ? undefined : takeShare(shared.flights, shared.flights, 'q', queue, caller, QUEUE_WAIT + 1000);
    return queued === undefined ? refuse(503, 'overload', 1) : waitForSeat(visit, waiting, queued);
  }

  async function waitForSeat(visit: Visit, waiting: Waiting, queued: string): Promise<Answer> {
    const { ports } = visit;
    ports.hold(queued);
    const place = await waitForPlace(ports, { ...waiting, arrived: ports.now() });
    shared.flights.delete(queued);
    ports.release(queued);
    if (place === undefined) return refuse(503, 'overload', 1);
    visit.place = place;
    return undefined;
  }
}
