/** Failed attempts: counted by client and by key id; a client with many of them is banned for a while. */

import { clientSite } from '../../../contract/cidr';
import type { GateOptions } from '../../../contract/gate-options';
import type { TopFailures } from '../answer/metrics';
import type { CountingDict } from '../shared/dict';

export interface AbusePorts {
  readonly settings: { readonly options: Pick<GateOptions, 'limits'> };
  /** Failed attempts and bans. */
  readonly abuse: CountingDict;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Counts something for the metrics. */
  count(metric: string, by?: number): void;
  /** Tells an operator what went wrong; holds no secret. */
  warn(text: string): void;
}

const MINUTE = 60_000;
/** Characters of a digest that tell credentials of one client apart. */
const TELLING = 16;

/**
 * Counts one credential that was not good. Not counted: no credential at all, and a refusal that the cache knew already:
 * a program that goes on with its expired key guesses nothing.
 */
export function noteFailure(ports: AbusePorts, network: string, keyId: string | undefined): void {
  const { failuresPerMinute, banSeconds } = ports.settings.options.limits;
  const now = ports.now();
  const minute = Math.floor(now / MINUTE);
  ports.count('failed');
  if (keyId !== undefined) ports.abuse.incr(`k${minute}:${keyId}`, 1, 0, 2 * MINUTE);
  const failures = ports.abuse.incr(`f${minute}:${network}`, 1, 0, 2 * MINUTE);
  noteRefused(ports, network);
  if (failuresPerMinute === 0 || failures <= failuresPerMinute) return;
  if (ports.abuse.add(`b${network}`, now + banSeconds * 1000, banSeconds * 1000)) {
    ports.count('bans');
    ports.warn(`${network} is banned for ${banSeconds} s after ${failures} failed attempts within a minute`);
  }
}

/**
 * Counts a credential that is none at all, once a minute and client: a program that was given a placeholder sends it
 * again and again, and guesses nothing. `digest` tells it from others.
 */
export function noteMalformed(ports: AbusePorts, network: string, digest: string): void {
  if (ports.abuse.add(`m${network}:${digest.slice(0, TELLING)}`, 1, MINUTE)) noteFailure(ports, network, undefined);
}

/**
 * Notes that a credential of the client was refused, which alone bans nobody: it may be one that many requests wait for
 * at once.
 */
export function noteRefused(ports: Pick<AbusePorts, 'abuse' | 'now'>, network: string): void {
  ports.abuse.incr(`s${Math.floor(ports.now() / MINUTE)}:${clientSite(network)}`, 1, 0, 2 * MINUTE);
}

/** Whether a credential of the client, or of another one of its site, was refused in this minute or the one before. */
export function hasFailed(dict: CountingDict, network: string, now: number): boolean {
  const minute = Math.floor(now / MINUTE);
  const site = clientSite(network);
  return dict.get(`s${minute}:${site}`) !== undefined || dict.get(`s${minute - 1}:${site}`) !== undefined;
}

/**
 * Seconds for which the client is banned; 0: it is not. While it is, unknown credentials that are well formed share the
 * look-ups of the client's minute, so that a colleague of who guesses is let in, and all else is refused.
 */
export function banLeft(ports: Pick<AbusePorts, 'abuse' | 'now'>, network: string): number {
  const until = ports.abuse.get(`b${network}`);
  if (until === undefined) return 0;
  return Math.max(0, Math.ceil((until - ports.now()) / 1000));
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
