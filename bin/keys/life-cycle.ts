/**
 * The life of a key as pure functions: the record before → the record after. A function that has nothing to do returns
 * the very record it got, so that doing it twice is doing it once.
 */

import { createHash } from 'node:crypto';
import type { ApiKey } from '../../contract/api-key';
import type { KeyRecord } from '../../contract/key-record';
import { UsageError } from '../command-error';

/** What an operator says about a new key. */
export type KeyTerms = Pick<
  KeyRecord,
  'owner' | 'label' | 'scopes' | 'paths' | 'methods' | 'sourceCidrs' | 'plan' | 'notBefore' | 'expiresAt'
>;

/** A change of a record at a time in whole seconds since the epoch. */
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

export const revoke: Change = (record, now) =>
  record.revokedAt === undefined ? withRetention({ ...record, revokedAt: now }) : record;

function assertOrder({ notBefore, expiresAt }: Pick<KeyRecord, 'notBefore' | 'expiresAt'>): void {
  if (notBefore !== undefined && expiresAt !== undefined && notBefore >= expiresAt) {
    throw new UsageError(
      `a key must become valid before it expires, got not before ${isoTime(notBefore)} and expires ${isoTime(expiresAt)}`,
    );
  }
}

/** Sets when the table forgets the record: some time after its end, if it has one. */
function withRetention(record: KeyRecord): KeyRecord {
  const { deleteAt: _, ...rest } = record;
  const end = Math.min(record.revokedAt ?? Number.POSITIVE_INFINITY, record.expiresAt ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(end) ? { ...rest, deleteAt: end + RETENTION } : rest;
}

export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
