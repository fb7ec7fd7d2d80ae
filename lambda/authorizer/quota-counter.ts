/** What the table holds of a key's use: one item a key and calendar month (UTC). */

import type { Amounts } from '../../contract/quota';

/** A lease that a gate holds, or held and may still return. */
export interface LeaseRecord {
  readonly sequence: number;
  /** The day, two digits, from which it was debited. */
  readonly day: string;
  readonly granted: Amounts;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/**
 * Day and month are debited together, by one write, because both live in one item: the month's use is the sum of its
 * days'.
 */
export interface QuotaCounter {
  /** Counts the writes; a write states which one it follows. */
  readonly version: number;
  /** What was debited, by day of the month (two digits), less what came back. */
  readonly days: Readonly<Record<string, Amounts>>;
  /** The last lease of every gate that may still return something. */
  readonly leases: Readonly<Record<string, LeaseRecord>>;
}

export const EMPTY_COUNTER: QuotaCounter = { version: 0, days: {}, leases: {} };

/** Where counters live. Every method throws when the store does not answer: that is no refusal and no allow. */
export interface QuotaStore {
  /** The counter as it is now, or undefined when nothing was counted yet. `month` is such as `2026-11`. */
  read(keyId: string, month: string): Promise<QuotaCounter | undefined>;
  /**
   * Writes a counter if the stored one still has the version before (`counter.version - 1`; 0: none is stored).
   * False: somebody else was first, nothing was written.
   */
  write(keyId: string, month: string, counter: QuotaCounter): Promise<boolean>;
}
