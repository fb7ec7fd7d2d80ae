/**
 * Decisions in shared memory, under the SHA-256 of the identity. Allows and refusals live in zones of their own, so no
 * flood of refused credentials evicts an allow.
 */

import type { DenyReason, Grant } from '../../../contract/decision';
import type { Dict } from '../shared/dict';
import { Memo } from '../shared/memo';
import type { Statement } from './policy';

export interface CachedAllow {
  readonly grant: Grant;
  readonly statements?: readonly Statement[];
  /** What the app is told about the grant: its header lines. */
  readonly lines: string;
  /** What the log line says of it. */
  readonly logged: string;
  /** Whom its places are counted for. */
  readonly caller: number;
  /** Milliseconds since the epoch at which the authorizer answered. */
  readonly at: number;
  /** Seconds for which it is fresh. */
  readonly ttl: number;
}

export interface CachedDeny {
  readonly status: 401 | 403 | 429;
  readonly reason: DenyReason;
  /** Milliseconds since the epoch from which a 429 may be tried again. */
  readonly retryAt?: number;
}

export interface DecisionZones {
  readonly allow: Dict<string>;
  readonly deny: Dict<string>;
}

/** The allow, as long as it is fresh or may serve while the authorizer fails. */
export function getAllow(zones: Pick<DecisionZones, 'allow'>, key: string): CachedAllow | undefined {
  const text = zones.allow.get(key);
  return text === undefined ? undefined : parsedAllows.get(text);
}

/** Parsing costs as much as a quarter of all else about a hit. */
const parsedAllows = new Memo((text) => JSON.parse(text) as CachedAllow, 2048);

export function getDeny(zones: DecisionZones, key: string): CachedDeny | undefined {
  const text = zones.deny.get(key);
  return text === undefined ? undefined : (JSON.parse(text) as CachedDeny);
}

export function isFresh(allow: CachedAllow, now: number): boolean {
  // A clock that was set back must not make a decision live longer.
  return now >= allow.at && now - allow.at < allow.ttl * 1000;
}

export function isInGrace(allow: CachedAllow, now: number, staleGrace: number): boolean {
  return staleGrace > 0 && now >= allow.at && now - allow.at < Math.max(allow.ttl, staleGrace) * 1000;
}

export function putAllow(zones: DecisionZones, key: string, allow: CachedAllow, staleGrace: number): void {
  zones.deny.delete(key);
  const life = allow.ttl <= 0 ? 0 : Math.max(allow.ttl, staleGrace) * 1000;
  const left = allow.grant.expires === undefined ? life : Math.min(life, allow.grant.expires * 1000 - allow.at);
  if (left >= 1) zones.allow.set(key, JSON.stringify(allow), Math.floor(left));
  else zones.allow.delete(key);
}

/** An explicit refusal ends an allow at once: no stale grace follows it. */
export function putDeny(zones: DecisionZones, key: string, deny: CachedDeny, ttl: number): void {
  zones.allow.delete(key);
  if (ttl > 0) zones.deny.set(key, JSON.stringify(deny), Math.max(1, Math.floor(ttl * 1000)));
}
