/**
 * Singleflight: one invocation at a time for one identity. The first request leads; the others wait until it has put a
 * decision into the cache, has failed, or its flight has run out with its worker.
 */

import type { Dict } from '../shared/dict';

export interface FlightPorts {
  readonly flights: Dict<number>;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** Milliseconds between two looks of a waiting request. */
const POLL = 4;
const POLL_SLOWEST = 50;
/** Milliseconds for which a failure counts for others too, so that a queue of waiters does not fail one by one. */
const FAILURE = 1000;

export type Flight<T> =
  | { readonly kind: 'leader' }
  | { readonly kind: 'landed'; readonly result: T }
  | { readonly kind: 'failed' }
  | { readonly kind: 'timeout' };

/** Leads, or waits for who does; `look` tells whether there is a result. */
export async function board<T>(
  ports: FlightPorts,
  key: string,
  timeout: number,
  look: () => T | undefined,
): Promise<Flight<T>> {
  const deadline = ports.now() + timeout;
  for (let pause = POLL; ; pause = Math.min(pause * 1.5, POLL_SLOWEST)) {
    if (ports.flights.get(failureOf(key)) !== undefined) return { kind: 'failed' };
    if (ports.flights.add(key, ports.now(), timeout)) return { kind: 'leader' };
    if (ports.now() >= deadline) return { kind: 'timeout' };
    await ports.sleep(pause);
    const result = look();
    if (result !== undefined) return { kind: 'landed', result };
  }
}

/** The leader has finished; a failure is told to those who wait and to those who come within a second. */
export function land(flights: Dict<number>, key: string, failed: boolean, now: number): void {
  if (failed) flights.set(failureOf(key), now, FAILURE);
  flights.delete(key);
}

function failureOf(key: string): string {
  return `!${key}`;
}
