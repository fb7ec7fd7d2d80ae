import { fromItem, type KeyItem } from '../../contract/key-record';
import { KEY_TABLE } from '../../contract/names';
import { type DynamoDbCall, DynamoDbError } from './dynamodb-client';
import { type KeyStore, KeyStoreError, LAST_USED_INTERVAL } from './key-store';

/** Calls for the two operations. The note of a key's use should give up early: a caller waits for it. */
export interface KeyStoreCalls {
  readonly read: DynamoDbCall;
  readonly note: DynamoDbCall;
}

/**
 * Reads consistently: a revocation counts from the moment it is written.
 *
 * @param onNoteError is told, once a process, why a key's use could not be noted.
 */
export function dynamoDbKeyStore(
  { read, note }: KeyStoreCalls,
  table: string,
  onNoteError: (reason: string) => void,
): KeyStore {
  let told = false;
  return {
    async markUsed(keyId, now) {
      try {
        await note('UpdateItem', {
          TableName: table,
          Key: { [KEY_TABLE.partitionKey]: { S: keyId } },
          UpdateExpression: 'SET lastUsedAt = :now',
          // The first half: a key that was deleted just now must not come back as half an item.
          ConditionExpression: `attribute_exists(${KEY_TABLE.partitionKey}) AND (attribute_not_exists(lastUsedAt) OR lastUsedAt <= :before)`,
          ExpressionAttributeValues: {
            ':now': { N: String(now) },
            ':before': { N: String(now - LAST_USED_INTERVAL) },
          },
        });
      } catch (error) {
        const reason = error instanceof Error ? error.message : 'unknown error';
        if (told || (error instanceof DynamoDbError && error.code === 'ConditionalCheckFailedException')) return;
        told = true;
        onNoteError(reason);
      }
    },

    async get(keyId) {
      try {
        const { Item: item } = await read('GetItem', {
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
