/** The shared memory that nginx.conf declares. */

import type { CountingDict, Dict } from '../core/shared/dict';

interface Listing {
  keys(max?: number): string[];
  size(): number;
  pop(key: string): number | undefined;
}

const shared = ngx.shared as unknown as Readonly<Record<string, CountingDict & Listing>>;
const text = ngx.shared as unknown as Readonly<Record<string, Dict<string>>>;

export const zones = {
  places: zone('places'),
  flights: zone('flights'),
  abuse: zone('abuse'),
  metrics: zone('metrics'),
  limits: zone('limits'),
  allowances: zone('allowances'),
  allow: textZone('allow'),
  deny: textZone('deny'),
  leases: textZone('leases'),
} as const;
export const state: Dict<string> = textZone('state');

export function now(): number {
  return Date.now();
}

export function count(metric: string, by = 1): void {
  zones.metrics.incr(metric, by, 0);
}

function zone(name: string): CountingDict & Listing {
  const found = shared[name];
  if (found === undefined) throw new Error(`shared zone ${name} is missing`);
  return found;
}

function textZone(name: string): Dict<string> {
  const found = text[name];
  if (found === undefined) throw new Error(`shared zone ${name} is missing`);
  return found;
}
