/**
 * The life of a key as pure functions: the record before → the record after. A function that has nothing to do returns
 * the very record it got, so that doing it twice is doing it once.
 */

import { createHash } from 'node:crypto';
import type { ApiKey } from '../../contract/api-key';
import { type KeyRecord, keyState } from '../../contract/key-record';
import { CommandError, UsageError } from '../command-error';

/** What an operator says about a key. */
export type KeyTerms = Pick<
  KeyRecord,
  'owner' | 'label' | 'scopes' | 'paths' | 'methods' | 'sourceCidrs' | 'plan' | 'quota' | 'notBefore' | 'expiresAt'
>;

/** Terms to change; null takes a constraint away. */
export type TermChanges = { readonly [Name in keyof KeyTerms]?: KeyTerms[Name] | null };

/** A change of a record at a time in whole seconds since the epoch. @throws CommandError when it is not allowed. */
export type Change = (record: KeyRecord, now: number) => KeyRecord;

/** Seconds that a revoked or expired key stays in the table, so that its end can still be looked up. */
export const RETENTION = 90 * 86_400;

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function createRecord(key: ApiKey, terms: KeyTerms, now: number): KeyRecord {
  if (terms.expiresAt !== undefined && terms.expiresAt <= now) {
    throw new UsageError(`--expires must be in the future, got ${isoTime(terms.expiresAt)}`);
  }
  assertOrder(terms);
  return withRetention({ keyId: key.keyId, hash: hashSecret(key.secret), ...terms, createdAt: now });
}

/** For good: nothing but deletion follows. */
export const revoke: Change = (record, now) =>
  record.revokedAt === undefined ? withRetention({ ...record, revokedAt: now }) : record;

export const disable: Change = (record, now) => {
  assertNotRevoked(record);
  return record.disabledAt === undefined ? { ...record, disabledAt: now } : record;
};

export const enable: Change = (record) => {
  assertNotRevoked(record);
  if (record.disabledAt === undefined) return record;
  const { disabledAt: _, ...rest } = record;
  return rest;
};

/** @param asked when the operator asked (default: when it is done): "now" must not become the past on its way. */
export function update(changes: TermChanges, asked?: number): Change {
  return (record, now) => {
    assertNotRevoked(record);
    const kept = Object.entries({ ...record, ...changes }).filter(([, value]) => value !== null && value !== undefined);
    const updated = withRetention(Object.fromEntries(kept) as unknown as KeyRecord);
    if (sameAttributes(record, updated)) return record;
    // A time that stays as it is may lie in the past: an expired key can still be renamed.
    if (
      updated.expiresAt !== undefined &&
      updated.expiresAt !== record.expiresAt &&
      updated.expiresAt < (asked ?? now)
    ) {
      throw new UsageError(`--expires must not lie in the past, got ${isoTime(updated.expiresAt)}; "now" ends a key`);
    }
    assertOrder(updated);
    return updated;
  };
}

/**
 * Gives a key a new secret. The one so far stays good for `grace` seconds; the one before that, if its own grace still
 * runs, ends now, which the caller must have confirmed by `endPrevious`.
 */
export function rotate(hash: string, grace: number, endPrevious: boolean): Change {
  return (record, now) => {
    assertNotRevoked(record);
    if (keyState({ expiresAt: record.expiresAt }, now) === 'expired') {
      throw new CommandError(`key ${record.keyId} is expired: give it a later end first (keys update --expires)`);
    }
    const running = graceEnd(record, now);
    if (running !== undefined && !endPrevious) {
      throw new UsageError(
        `the secret before the last rotation of key ${record.keyId} is good until ${isoTime(running)}, and another rotation ends it now; give --yes to confirm`,
      );
    }
    const { previousHash: _1, previousHashUntil: _2, ...rest } = record;
    return grace > 0 ? { ...rest, hash, previousHash: record.hash, previousHashUntil: now + grace } : { ...rest, hash };
  };
}

/** Until when the secret before the last rotation is good; undefined when there is none any more. */
export function graceEnd(record: KeyRecord, now: number): number | undefined {
  return record.previousHash !== undefined && (record.previousHashUntil ?? 0) > now
    ? record.previousHashUntil
    : undefined;
}

function assertNotRevoked(record: KeyRecord): void {
  if (record.revokedAt !== undefined) {
    throw new CommandError(
      `key ${record.keyId} was revoked at ${isoTime(record.revokedAt)}, and that is final: make a new one (keys create)`,
    );
  }
}

function assertOrder({ notBefore, expiresAt }: Partial<KeyTerms>): void {
  if (notBefore !== undefined && expiresAt !== undefined && notBefore >= expiresAt) {
    throw new UsageError(
      `a key must become valid before it expires, got not before ${isoTime(notBefore)} and expires ${isoTime(expiresAt)}`,
    );
  }
}

/** Sets when the table forgets the record: some time after its end, if it has one. */
export function withRetention(record: KeyRecord): KeyRecord {
  const { deleteAt: _, ...rest } = record;
  const end = Math.min(record.revokedAt ?? Number.POSITIVE_INFINITY, record.expiresAt ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(end) ? { ...rest, deleteAt: end + RETENTION } : rest;
}

export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

function sameAttributes(a: KeyRecord, b: KeyRecord): boolean {
  const sorted = (record: KeyRecord) => JSON.stringify(Object.entries(record).sort(([x], [y]) => (x < y ? -1 : 1)));
  return sorted(a) === sorted(b);
}
