import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isKeyId } from '../../../contract/api-key';
import { KEY_TABLE } from '../../../contract/names';
import { NOTHING, type Quota } from '../../../contract/quota';
import { counterId, monthUse, type QuotaCounter, toCounterAttributes } from '../../../contract/quota-counter';
import { dynamoDbClient } from '../../../lambda/authorizer/dynamodb-client';
import { dynamoDbQuotaStore } from '../../../lambda/authorizer/dynamodb-quota-store';
import { KeyStoreError } from '../../../lambda/authorizer/key-store';
import { takeLease } from '../../../lambda/authorizer/quota';
import type { QuotaStore } from '../../../lambda/authorizer/quota-store';
import { type KeyTableServer, PATIENT, startKeyTable } from './key-table';

const NOON = Date.UTC(2026, 10, 24, 12) / 1000;
const MONTH = '2026-11';
const counter: QuotaCounter = {
  version: 1,
  days: { 24: { requests: 3, characters: 450 } },
  windows: { minute: { start: NOON, used: { requests: 1, characters: 0 } } },
  leases: {
    'gate-1': {
      sequence: 5,
      day: '24',
      starts: { minute: NOON, hour: NOON },
      granted: { requests: 3, characters: 450 },
      expires: NOON + 59.937,
    },
  },
};

describe('counters in the key table', () => {
  let server: KeyTableServer;
  let store: QuotaStore;
  beforeAll(async () => {
    server = await startKeyTable();
    store = dynamoDbQuotaStore(dynamoDbClient(server.env, PATIENT), server.table);
  });
  afterAll(() => server.stop());

  it('come back as they were written', async () => {
    expect(await store.read('kept', MONTH)).toBeUndefined();
    expect(await store.write('kept', MONTH, counter)).toBe(true);
    expect(await store.read('kept', MONTH)).toEqual(counter);
    expect(await store.read('kept', '2026-12')).toBeUndefined();
  });

  it('of keys without limits of minute and hour have no such windows, like those of the past', async () => {
    const long: QuotaCounter = { ...counter, windows: {}, leases: {} };
    expect(Object.keys(toCounterAttributes(long, MONTH))).not.toContain('windows');
    expect(await store.write('long', MONTH, long)).toBe(true);
    expect(await store.read('long', MONTH)).toEqual(long);
  });

  it('are written only over the version before', async () => {
    expect(await store.write('raced', MONTH, { ...counter, version: 2 })).toBe(false);
    expect(await store.write('raced', MONTH, counter)).toBe(true);
    expect(await store.write('raced', MONTH, counter)).toBe(false);
    expect(await store.write('raced', MONTH, { ...counter, version: 2, days: {} })).toBe(true);
    expect(await store.read('raced', MONTH)).toEqual({ ...counter, version: 2, days: {} });
  });

  it('are apart from keys: no key has such an id, and the index by owner lists none', async () => {
    expect(isKeyId(counterId('AbCdEfGhIjKl', MONTH))).toBe(false);
    await store.write('AbCdEfGhIjKl', MONTH, counter);
    const { Count: count } = await server.client.send(
      new QueryCommand({
        TableName: server.table,
        IndexName: KEY_TABLE.ownerIndex,
        KeyConditionExpression: '#owner = :owner',
        ExpressionAttributeNames: { '#owner': 'owner' },
        ExpressionAttributeValues: { ':owner': { S: 'AbCdEfGhIjKl' } },
      }),
    );
    expect(count).toBe(0);
    await expect(server.get(counterId('AbCdEfGhIjKl', MONTH))).rejects.toThrow('attribute');
  });

  it('are removed by the time-to-live more than a year after their month', () => {
    const deleteAt = Number((toCounterAttributes(counter, MONTH).deleteAt as { readonly N: string }).N);
    expect(deleteAt).toBeGreaterThan(Date.UTC(2027, 11, 1) / 1000);
    expect(deleteAt).toBeLessThan(Date.UTC(2028, 1, 1) / 1000);
  });

  it.each(['version', 'days', 'windows', 'leases'])(
    'with an unreadable %s are a failure, never no use',
    async (name) => {
      const attributes = { ...toCounterAttributes(counter, MONTH), [name]: { S: 'x' } };
      await server.putItem({ [KEY_TABLE.partitionKey]: { S: counterId(`bad-${name}`, MONTH) }, ...attributes });
      await expect(store.read(`bad-${name}`, MONTH)).rejects.toThrow(`attribute ${name} cannot be read`);
    },
  );

  it('of twenty gates that ask at once add up to what they were granted, within the quota', async () => {
    const quota: Quota = { day: { requests: 30 } };
    let granted = 0;
    for (let sequence = 1; sequence <= 3; sequence++) {
      const answers = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => {
          const need = { requests: 1, characters: 10 };
          const asked = { gate: `g${i}`, sequence, need, want: need, unspent: NOTHING };
          return takeLease(store, 'busy', quota, asked, () => NOON);
        }),
      );
      for (const answer of answers) if (answer.status === 'fulfilled') granted += answer.value.granted.requests;
    }
    const used = monthUse((await store.read('busy', MONTH)) ?? counter).requests;
    expect(granted).toBeLessThanOrEqual(used);
    expect(used).toBeLessThanOrEqual(30);
    expect(used).toBeGreaterThan(10);
  });
});

it('a table that does not answer is a failure', async () => {
  const env = {
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const store = dynamoDbQuotaStore(dynamoDbClient(env), 'none');
  await expect(store.read('k', MONTH)).rejects.toThrow(KeyStoreError);
  await expect(store.write('k', MONTH, counter)).rejects.toThrow(KeyStoreError);
});
