/** A key table in a real DynamoDB API (dynalite) on a free loopback port, with the schema that the construct gives it. */

import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { fromItem, type KeyItem, type KeyRecord, toItem } from '../../../contract/key-record';
import { KEY_TABLE } from '../../../contract/names';

export interface KeyTableServer {
  readonly table: string;
  readonly endpoint: string;
  /** What an AWS SDK or the Lambda needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly client: DynamoDBClient;
  put(record: KeyRecord): Promise<void>;
  putItem(item: KeyItem): Promise<void>;
  get(keyId: string): Promise<KeyRecord | undefined>;
  stop(): Promise<void>;
}

// The SDK tells every process on this Node version which version it will need one day.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** For calls to a table that does answer: what a busy machine may take, however patient a gate would be. */
export const PATIENT = { attempt: 20_000, total: 40_000 };

const table = 'voicegate-keys';

export async function startKeyTable(): Promise<KeyTableServer> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const client = new DynamoDBClient({
    endpoint,
    region: env.AWS_REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: KEY_TABLE.partitionKey, AttributeType: 'S' },
        { AttributeName: 'owner', AttributeType: 'S' },
      ],
      KeySchema: [{ AttributeName: KEY_TABLE.partitionKey, KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: KEY_TABLE.ownerIndex,
          KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  const putItem = async (item: KeyItem) => {
    await client.send(new PutItemCommand({ TableName: table, Item: item as PutItemCommand['input']['Item'] }));
  };
  return {
    table,
    endpoint,
    env,
    client,
    putItem,
    put: (record) => putItem(toItem(record)),
    async get(keyId) {
      const { Item: item } = await client.send(
        new GetItemCommand({ TableName: table, Key: { [KEY_TABLE.partitionKey]: { S: keyId } }, ConsistentRead: true }),
      );
      return item && fromItem(item as KeyItem);
    },
    async stop() {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
