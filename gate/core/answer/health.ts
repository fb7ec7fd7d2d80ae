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
const FOREVER = 30 * 86_400_000;

export function health(state: Dict<string>, draining: boolean, now: number): Health {
  if (draining) return { status: 503, state: 'draining' };
  if (state.get('ready') === undefined) return { status: 503, state: 'starting' };
  const since = state.get('refused-since');
  if (since !== undefined && now - Number(since) >= PATIENCE) return { status: 503, state: 'app-unreachable' };
  return { status: 200, state: 'ok' };
}

/** Whether it is time to look at the app: at every tick until it is ready, or while it refuses; else rarely. */
export function isProbeDue(state: Dict<string>, now: number): boolean {
  if (state.get('ready') === undefined || state.get('refused-since') !== undefined) return true;
  return state.add('probed', String(now), CALM);
}

export function noteProbe(state: Dict<string>, probe: Probe, now: number): void {
  if (probe === 'answered') state.set('ready', '1', FOREVER);
  // Only a refused connection says that nobody is there: a busy app is slow, and must not be killed for it.
  if (probe === 'refused') state.add('refused-since', String(now), FOREVER);
  else state.delete('refused-since');
}
