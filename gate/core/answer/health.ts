/** Whether the load balancer may send requests here. Told by a state that all workers share. */

import type { Dict } from '../shared/dict';

/** What a look at the app's readiness path showed. `slow`: connected, but no answer in time. */
export type Probe = 'answered' | 'failing' | 'refused' | 'slow';

export interface Health {
  readonly status: 200 | 503;
  readonly state: 'ok' | 'starting' | 'draining' | 'app-unreachable';
}

/** Milliseconds for which the app may refuse connections, as it does while it restarts. */
const PATIENCE = 30_000;
/** Milliseconds between two looks at an app that is ready: what refuses connections also fails requests by then. */
const CALM = 10_000;
/** Milliseconds after the first look at which it is told that the app is not up, and between two times of telling. */
const TELL_AFTER = 15_000;
const TELL_AGAIN = 60_000;
const FOREVER = 30 * 86_400_000;

export function health(state: Dict<string>, draining: boolean, now: number): Health {
  if (draining) return { status: 503, state: 'draining' };
  if (!isReady(state)) return { status: 503, state: 'starting' };
  const since = state.get('refused-since');
  if (since !== undefined && now - Number(since) >= PATIENCE) return { status: 503, state: 'app-unreachable' };
  return { status: 200, state: 'ok' };
}

export function isReady(state: Dict<string>): boolean {
  return state.get('ready') !== undefined;
}

/** Whether it is time to tell that the app has never been ready. */
export function takeTelling(state: Dict<string>, now: number): boolean {
  if (isReady(state)) return false;
  state.add('first-look', String(now), FOREVER);
  return now - Number(state.get('first-look')) >= TELL_AFTER && state.add('told', String(now), TELL_AGAIN);
}

/** Whether it is time to look at the app: at every tick until it is ready, or while it refuses; else rarely. */
export function isProbeDue(state: Dict<string>, now: number): boolean {
  if (!isReady(state) || state.get('refused-since') !== undefined) return true;
  return state.add('probed', String(now), CALM);
}

export function noteProbe(state: Dict<string>, probe: Probe, now: number): void {
  if (probe === 'answered') state.set('ready', '1', FOREVER);
  // Only a refused connection says that nobody is there: a busy app is slow, and must not be killed for it.
  if (probe === 'refused') state.add('refused-since', String(now), FOREVER);
  else state.delete('refused-since');
}
