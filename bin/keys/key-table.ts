/** The key table as the command line uses it: a port, and its implementation by the AWS SDK. */

import type { DynamoDBClient, AttributeValue as SdkAttribute } from '@aws-sdk/client-dynamodb';
import { fromItem, type KeyItem, type KeyRecord, LONGEST_HISTORY, toItem } from '../../contract/key-record';
import { KEY_TABLE } from '../../contract/names';
import { CommandError, NotFoundError } from '../command-error';
import type { Change } from './life-cycle';

export interface KeyTable {
  /** @throws CommandError when the id is taken. */
  create(record: KeyRecord): Promise<void>;
  /**
   * Creates a record that comes from elsewhere. `unchanged`: the table has the very same; `conflict`: it has another with
   * that id, which stays as it is. When a key was made and last used does not count as a difference.
   */
  import(record: KeyRecord): Promise<'created' | 'unchanged' | 'conflict'>;
  /** @throws NotFoundError */
  get(keyId: string): Promise<KeyRecord>;
  /**
   * Applies a change to the record as it is now, and writes it only if nobody else has changed it meanwhile; otherwise
   * tries again on the newer record, unless `once`. Returns the record after.
   * @throws NotFoundError, or CommandError when others kept changing the record.
   */
  change(keyId: string, change: Change, options?: { readonly once?: boolean }): Promise<KeyRecord>;
  /** @throws NotFoundError */
  delete(keyId: string): Promise<void>;
  /** All records, or those of one owner, page by page. */
  list(owner?: string): AsyncIterable<KeyRecord>;
}

const ATTEMPTS = 5;
/** Written by the authorizer at any time; no change of an operator depends on it. */
const NOT_COUNTED: ReadonlySet<string> = new Set(['lastUsedAt', 'version']);

/** Characters of whoever changed a key. ARNs have fewer, but for strange roles. */
const LONGEST_NAME = 256;

type SdkItem = Record<string, SdkAttribute>;

/** `caller`: the ARN of whose credentials are used. */
export async function dynamoDbKeyTable(
  client: DynamoDBClient,
  table: string,
  clock: () => number,
  caller: () => Promise<string>,
): Promise<KeyTable> {
  const sdk = await import('@aws-sdk/client-dynamodb');
  const key = (keyId: string): SdkItem => ({ [KEY_TABLE.partitionKey]: { S: keyId } });
  const isConflict = (error: unknown) => error instanceof sdk.ConditionalCheckFailedException;

  async function get(keyId: string): Promise<KeyRecord> {
    const { Item: item } = await client.send(
      new sdk.GetItemCommand({ TableName: table, Key: key(keyId), ConsistentRead: true }),
    );
    if (item === undefined) throw new NotFoundError(`there is no key ${keyId} in table ${table}`);
    return fromItem(item as KeyItem);
  }

  /** False: the table has a key with that id. */
  async function put(record: KeyRecord): Promise<boolean> {
    try {
      await client.send(
        new sdk.PutItemCommand({
          TableName: table,
          Item: toItem(record) as SdkItem,
          ConditionExpression: 'attribute_not_exists(#key)',
          ExpressionAttributeNames: { '#key': KEY_TABLE.partitionKey },
        }),
      );
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }

  /** The record with one more entry in its history. */
  async function noted(record: KeyRecord, what: string): Promise<KeyRecord> {
    const entry = { at: Math.floor(clock()), by: (await caller()).slice(0, LONGEST_NAME), what };
    return { ...record, history: [...(record.history ?? []), entry].slice(-LONGEST_HISTORY) };
  }

  return {
    get,

    async create(record) {
      if (!(await put(await noted(record, 'created')))) {
        throw new CommandError(`table ${table} already has a key ${record.keyId}; nothing was written`);
      }
    },

    async import(record) {
      if (await put(await noted(record, 'imported'))) return 'created';
      return sameKey(await get(record.keyId), record) ? 'unchanged' : 'conflict';
    },

    async change(keyId, change, { once = false } = {}) {
      for (let attempt = 1; ; attempt++) {
        const before = await get(keyId);
        const changed = change(before, Math.floor(clock()));
        if (changed === before) return before;
        const after = { ...(await noted(changed, changedTerms(before, changed))), version: (before.version ?? 0) + 1 };
        try {
          await client.send(
            new sdk.UpdateItemCommand({ TableName: table, Key: key(keyId), ...updateExpression(before, after) }),
          );
          return after;
        } catch (error) {
          if (!isConflict(error)) throw error;
          if (once || attempt === ATTEMPTS) {
            throw new CommandError(
              `key ${keyId} was changed by somebody else at the same time; nothing was written. Look at it with \`voicegate keys show ${keyId}\`, then run the command again`,
            );
          }
        }
      }
    },

    async delete(keyId) {
      try {
        await client.send(
          new sdk.DeleteItemCommand({
            TableName: table,
            Key: key(keyId),
            ConditionExpression: 'attribute_exists(#key)',
            ExpressionAttributeNames: { '#key': KEY_TABLE.partitionKey },
          }),
        );
      } catch (error) {
        if (isConflict(error)) throw new NotFoundError(`there is no key ${keyId} in table ${table}`);
        throw error;
      }
    },

    async *list(owner) {
      const page =
        owner === undefined
          ? (start: SdkItem | undefined) =>
              client.send(
                new sdk.ScanCommand({
                  TableName: table,
                  ConsistentRead: true,
                  FilterExpression: 'attribute_exists(#hash)',
                  ExpressionAttributeNames: { '#hash': 'hash' },
                  ExclusiveStartKey: start,
                }),
              )
          : (start: SdkItem | undefined) =>
              client.send(
                new sdk.QueryCommand({
                  TableName: table,
                  IndexName: KEY_TABLE.ownerIndex,
                  KeyConditionExpression: '#owner = :owner',
                  ExpressionAttributeNames: { '#owner': 'owner' },
                  ExpressionAttributeValues: { ':owner': { S: owner } },
                  ExclusiveStartKey: start,
                }),
              );
      let start: SdkItem | undefined;
      do {
        const { Items: items, LastEvaluatedKey: next } = await page(start);
        for (const item of items ?? []) yield fromItem(item as KeyItem);
        start = next;
      } while (start !== undefined);
    },
  };
}

function sameKey(a: KeyRecord, b: KeyRecord): boolean {
  const [left, right] = [toItem(a), toItem(b)];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every(
    (name) =>
      NOT_COUNTED.has(name) ||
      name === 'createdAt' ||
      name === 'history' ||
      JSON.stringify(left[name]) === JSON.stringify(right[name]),
  );
}

/** Names of what differs, without values: a term may be a secret of its owner's. */
function changedTerms(before: KeyRecord, after: KeyRecord): string {
  const [old, wanted] = [toItem(before), toItem(after)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(wanted)])].filter(
    (name) => !NOT_COUNTED.has(name) && JSON.stringify(old[name]) !== JSON.stringify(wanted[name]),
  );
  return names.filter((name) => name !== 'deleteAt' || names.length === 1).join(', ');
}

/** Writes exactly the attributes that differ, if the record still has the version that was read. */
function updateExpression(before: KeyRecord, after: KeyRecord) {
  const [old, wanted] = [toItem(before), toItem(after)];
  const names: Record<string, string> = { '#key': KEY_TABLE.partitionKey, '#version': 'version' };
  const values: Record<string, SdkAttribute> = { ':next': wanted.version as SdkAttribute };
  const set: string[] = ['#version = :next'];
  const remove: string[] = [];
  for (const name of new Set([...Object.keys(old), ...Object.keys(wanted)])) {
    if (NOT_COUNTED.has(name) || JSON.stringify(old[name]) === JSON.stringify(wanted[name])) continue;
    const at = Object.keys(names).length;
    names[`#n${at}`] = name;
    const value = wanted[name];
    if (value === undefined) {
      remove.push(`#n${at}`);
    } else {
      set.push(`#n${at} = :v${at}`);
      values[`:v${at}`] = value as SdkAttribute;
    }
  }
  if (old.version !== undefined) values[':version'] = old.version as SdkAttribute;
  return {
    UpdateExpression: `SET ${set.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
    // Without the first half a key that was just deleted would come back as half a record.
    ConditionExpression: `attribute_exists(#key) AND ${old.version === undefined ? 'attribute_not_exists(#version)' : '#version = :version'}`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}
