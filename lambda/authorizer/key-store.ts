import type { KeyRecord } from '../../contract/key-record';

/** Where the authorizer looks a key up. */
export interface KeyStore {
  /**
   * The record of a key as it is now, or undefined when there is none.
   * @throws KeyStoreError when the store does not answer: that is never a refusal and never an allow.
   */
  get(keyId: string): Promise<KeyRecord | undefined>;
}

/** The store failed. Its message names the operation and what the service called the error; it holds no value. */
export class KeyStoreError extends Error {
  override readonly name = 'KeyStoreError';
}
