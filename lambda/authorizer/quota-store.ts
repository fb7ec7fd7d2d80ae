import type { QuotaCounter } from '../../contract/quota-counter';

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
