/** Failed attempts: counted by client and by key id; a client with many of them is banned for a while. */

import type { AuthorizePorts } from '../decision/authorize';
import { getAllow } from '../decision/decision-cache';
import type { CountingDict } from '../shared/dict';

const MINUTE = 60_000;

/**
 * Counts one credential that was not good. Not counted: no credential at all, and a refusal that the cache knew already:
 * a program that goes on with its expired key guesses nothing.
 */
export function noteFailure(ports: AuthorizePorts, network: string, keyId: string | undefined): void {
  const { failuresPerMinute, banSeconds } = ports.settings.options.limits;
  const now = ports.now();
  const minute = Math.floor(now / MINUTE);
  ports.count('failed');
  if (keyId !== undefined) ports.abuse.incr(`k${minute}:${keyId}`, 1, 0, 2 * MINUTE);
  const failures = ports.abuse.incr(`f${minute}:${network}`, 1, 0, 2 * MINUTE);
  if (failuresPerMinute === 0 || failures <= failuresPerMinute) return;
  if (ports.abuse.add(`b${network}`, now + banSeconds * 1000, banSeconds * 1000)) {
    ports.count('bans');
    ports.warn(`${network} is banned for ${banSeconds} s after ${failures} failed attempts within a minute`);
  }
}

/** Whether the client has failed in this minute or the one before. */
export function hasFailed(dict: CountingDict, network: string, now: number): boolean {
  const minute = Math.floor(now / MINUTE);
  return dict.get(`f${minute}:${network}`) !== undefined || dict.get(`f${minute - 1}:${network}`) !== undefined;
}

/**
 * Seconds for which the client may show no credential but those that are known to be good; 0: it is not banned. Honest
 * callers behind the same address therefore go on, as long as the cache knows them.
 */
export function banLeft(ports: AuthorizePorts, network: string, cacheKey: string): number {
  const until = ports.abuse.get(`b${network}`);
  if (until === undefined || until <= ports.now()) return 0;
  return getAllow(ports, cacheKey) === undefined ? Math.ceil((until - ports.now()) / 1000) : 0;
}

export interface TopFailures {
  readonly clients: Readonly<Record<string, number>>;
  readonly keyIds: Readonly<Record<string, number>>;
}

const TOP = 10;

/** Who failed most in the minute before this one. */
export function topFailures(dict: CountingDict, keys: readonly string[], now: number): TopFailures {
  const minute = Math.floor(now / MINUTE) - 1;
  const top = (kind: string) => {
    const prefix = `${kind}${minute}:`;
    const found = keys.flatMap((key): readonly (readonly [string, number])[] =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), dict.get(key) ?? 0]] : [],
    );
    return Object.fromEntries(found.sort((a, b) => b[1] - a[1]).slice(0, TOP));
  };
  return { clients: top('f'), keyIds: top('k') };
}
