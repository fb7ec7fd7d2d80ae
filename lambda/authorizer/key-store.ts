import type { KeyRecord } from '../../contract/key-record';

/** Where the authorizer looks a key up. */
export interface KeyStore {
  /**
   * The record of a key as it is now, or undefined when there is none.
   * @throws KeyStoreError when the store does not answer: that is never a refusal and never an allow.
   */
  get(keyId: string): Promise<KeyRecord | undefined>;
  /**
   * Notes that a key was used at a time in whole seconds since the epoch, unless that was noted within
   * {@link LAST_USED_INTERVAL}. Never throws: a lost note is no reason to refuse anybody.
   */
  markUsed(keyId: string, now: number): Promise<void>;
}

/** Seconds between two notes of a key's use. */
export const LAST_USED_INTERVAL = 300;

/** The store failed. Its message names the operation and what the service called the error; it holds no value. */
export class KeyStoreError extends Error {
  override readonly name = 'KeyStoreError';
}
