import { fromItem, type KeyItem } from '../../contract/key-record';
import { KEY_TABLE } from '../../contract/names';
import { type DynamoDbCall, DynamoDbError } from './dynamodb-client';
import { type KeyStore, KeyStoreError } from './key-store';

/** Reads consistently: a revocation counts from the moment it is written. */
export function dynamoDbKeyStore(call: DynamoDbCall, table: string): KeyStore {
  return {
    async get(keyId) {
      try {
        const { Item: item } = await call('GetItem', {
          TableName: table,
          Key: { [KEY_TABLE.partitionKey]: { S: keyId } },
          ConsistentRead: true,
        });
        return item === undefined ? undefined : fromItem(item as KeyItem);
      } catch (error) {
        if (error instanceof DynamoDbError) throw new KeyStoreError(error.message);
        // From fromItem, which names the attribute and never its value.
        throw new KeyStoreError(error instanceof Error ? error.message : 'unreadable item');
      }
    },
  };
}
