import type { KeyItem } from '../../contract/key-record';
import { KEY_TABLE } from '../../contract/names';
import { counterId, fromCounterItem, toCounterAttributes } from '../../contract/quota-counter';
import { type DynamoDbCall, DynamoDbError } from './dynamodb-client';
import { KeyStoreError } from './key-store';
import type { QuotaStore } from './quota-store';

/** Counters in the key table: one consistent read and one conditional UpdateItem a lease. */
export function dynamoDbQuotaStore(call: DynamoDbCall, table: string): QuotaStore {
  const target = (keyId: string, month: string) => ({
    TableName: table,
    Key: { [KEY_TABLE.partitionKey]: { S: counterId(keyId, month) } },
  });
  return {
    async read(keyId, month) {
      try {
        const { Item: item } = await call('GetItem', { ...target(keyId, month), ConsistentRead: true });
        return item === undefined ? undefined : fromCounterItem(item as KeyItem);
      } catch (error) {
        throw asKeyStoreError(error);
      }
    },
    async write(keyId, month, counter) {
      const attributes = Object.entries(toCounterAttributes(counter, month));
      const isFirst = counter.version === 1;
      try {
        await call('UpdateItem', {
          ...target(keyId, month),
          UpdateExpression: `SET ${attributes.map((_, i) => `#a${i} = :a${i}`).join(', ')}`,
          ConditionExpression: isFirst ? 'attribute_not_exists(#version)' : '#version = :previous',
          ExpressionAttributeNames: {
            '#version': 'version',
            ...Object.fromEntries(attributes.map(([name], i) => [`#a${i}`, name])),
          },
          ExpressionAttributeValues: {
            ...(!isFirst && { ':previous': { N: String(counter.version - 1) } }),
            ...Object.fromEntries(attributes.map(([, value], i) => [`:a${i}`, value])),
          },
        });
        return true;
      } catch (error) {
        // Also when an earlier attempt of this very write got through and its answer was lost: reading again shows it.
        if (error instanceof DynamoDbError && error.code === 'ConditionalCheckFailedException') return false;
        throw asKeyStoreError(error);
      }
    },
  };
}

function asKeyStoreError(error: unknown): KeyStoreError {
  return new KeyStoreError(error instanceof Error ? error.message : 'unreadable item');
}
