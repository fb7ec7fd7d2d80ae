/** Keys, records and a store in memory for the authorizer's pure parts; the real store has tests of its own. */

import { createHash, randomBytes } from 'node:crypto';
import { type ApiKey, formatApiKey, generateApiKey } from '../../../contract/api-key';
import type { KeyRecord } from '../../../contract/key-record';
import type { KeyStore } from '../../../lambda/authorizer/key-store';

export const NOW = 1_800_000_000;

export interface IssuedKey {
  readonly key: ApiKey;
  readonly text: string;
  readonly record: KeyRecord;
}

export function issueKey(changes: Partial<KeyRecord> = {}): IssuedKey {
  const key = generateApiKey(randomBytes);
  const record: KeyRecord = {
    keyId: key.keyId,
    hash: digestOf(key.secret),
    owner: 'acme',
    label: 'demo',
    scopes: ['tts:synthesize'],
    createdAt: NOW - 1000,
    ...changes,
  };
  return { key, text: formatApiKey(key), record };
}

export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function storeOf(...records: readonly KeyRecord[]): KeyStore {
  return { get: async (keyId) => records.find((record) => record.keyId === keyId), markUsed: async () => undefined };
}
