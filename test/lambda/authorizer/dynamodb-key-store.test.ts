import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DynamoDbCall, dynamoDbClient, dynamoDbEndpoint } from '../../../lambda/authorizer/dynamodb-client';
import { dynamoDbKeyStore } from '../../../lambda/authorizer/dynamodb-key-store';
import { KeyStoreError } from '../../../lambda/authorizer/key-store';
import { type KeyTableServer, PATIENT, startKeyTable } from './key-table';
import { issueKey, NOW } from './keys';

let server: KeyTableServer;
beforeAll(async () => {
  server = await startKeyTable();
});
afterAll(() => server.stop());

/** For those who never answer. */
const IMPATIENT = { attempt: 150, total: 400 };
const storeWith = (env: Readonly<Record<string, string | undefined>>, timeouts = PATIENT) =>
  storeOfClient(dynamoDbClient(env, timeouts));
const storeOfClient = (
  call: DynamoDbCall,
  table = server.table,
  onNoteError: (reason: string) => void = () => undefined,
) => dynamoDbKeyStore({ read: call, note: call }, table, onNoteError);

describe('the key store in DynamoDB', () => {
  it('reads back every attribute that was written', async () => {
    const { record } = issueKey({
      previousHash: 'b'.repeat(64),
      previousHashUntil: NOW,
      paths: ['/tts'],
      methods: ['POST'],
      sourceCidrs: ['2001:db8::/32'],
      plan: { requestsPerMinute: 60, burst: 10 },
      notBefore: NOW,
      expiresAt: NOW + 1,
      version: 3,
    });
    await server.put(record);
    expect(await storeWith(server.env).get(record.keyId)).toEqual(record);
  });

  it('has no record of an unknown key', async () => {
    expect(await storeWith(server.env).get('abcdefghijkl')).toBeUndefined();
  });

  it('fails on an item that it cannot read, naming the attribute and not its value', async () => {
    await server.putItem({ keyId: { S: 'brokenbroken' }, hash: { S: 'PRIVATE' } });
    const failure = storeWith(server.env).get('brokenbroken');
    await expect(failure).rejects.toThrow(KeyStoreError);
    await expect(failure).rejects.toThrow('attribute hash must be');
    await expect(failure).rejects.not.toThrow('PRIVATE');
  });

  it('fails with the service’s own name of the error when the table is not there', async () => {
    const store = storeOfClient(dynamoDbClient(server.env, PATIENT), 'another-table');
    await expect(store.get('abcdefghijkl')).rejects.toThrow('DynamoDB GetItem: ResourceNotFoundException');
  });

  it('fails, instead of asking a default region or without a signature, when the environment lacks something', async () => {
    const { AWS_REGION: _region, ...noRegion } = server.env;
    const { AWS_SECRET_ACCESS_KEY: _secret, ...noCredentials } = server.env;
    await expect(storeWith(noRegion).get('abcdefghijkl')).rejects.toThrow('AWS_REGION');
    await expect(storeWith(noCredentials).get('abcdefghijkl')).rejects.toThrow('NoCredentials');
  });
});

describe('the last use of a key', () => {
  it('is noted once in five minutes, whoever comes first, and changes nothing else', async () => {
    const { record } = issueKey({ paths: ['/tts'] });
    await server.put(record);
    const store = storeWith(server.env);
    await Promise.all([NOW, NOW + 1, NOW + 2, NOW + 299].map((now) => store.markUsed(record.keyId, now)));
    const first = await server.get(record.keyId);
    expect(first).toEqual({ ...record, lastUsedAt: first?.lastUsedAt });
    expect(first?.lastUsedAt).toBeGreaterThanOrEqual(NOW);
    await store.markUsed(record.keyId, NOW + 200);
    expect(await server.get(record.keyId)).toEqual(first);
    await store.markUsed(record.keyId, NOW + 700);
    expect((await server.get(record.keyId))?.lastUsedAt).toBe(NOW + 700);
  });

  it('of a key that was deleted meanwhile does not bring it back', async () => {
    await storeWith(server.env).markUsed('abcdefghijkl', NOW);
    expect(await storeWith(server.env).get('abcdefghijkl')).toBeUndefined();
  });

  it('that cannot be noted is told once and refuses nobody', async () => {
    const reasons: string[] = [];
    const store = storeOfClient(dynamoDbClient(server.env, PATIENT), 'another-table', (reason) => reasons.push(reason));
    await store.markUsed('abcdefghijkl', NOW);
    await store.markUsed('abcdefghijkl', NOW);
    expect(reasons).toEqual(['DynamoDB UpdateItem: ResourceNotFoundException']);
  });
});

describe('the way to DynamoDB', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const one of servers.splice(0)) {
      one.closeAllConnections();
      await new Promise((resolve) => one.close(resolve));
    }
  });
  async function listen(listener: RequestListener): Promise<string> {
    const one = createServer(listener);
    servers.push(one);
    await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
  }
  const get = (endpoint: string, env: Readonly<Record<string, string>> = {}, timeouts = PATIENT) =>
    storeWith({ ...server.env, AWS_ENDPOINT_URL_DYNAMODB: endpoint, ...env }, timeouts).get('abcdefghijkl');

  it('signs with the credentials that the environment holds at the time of the call', async () => {
    const seen: (string | undefined)[] = [];
    const endpoint = await listen((request, response) => {
      seen.push(request.headers.authorization?.split(',')[0], String(request.headers['x-amz-security-token']));
      response.end('{}');
    });
    const env: Record<string, string> = {
      ...server.env,
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      AWS_ACCESS_KEY_ID: 'first',
    };
    const store = storeWith(env);
    await store.get('abcdefghijkl');
    Object.assign(env, { AWS_ACCESS_KEY_ID: 'second', AWS_SECRET_ACCESS_KEY: 'other', AWS_SESSION_TOKEN: 'session' });
    await store.get('abcdefghijkl');
    expect(seen[0]).toMatch(/^AWS4-HMAC-SHA256 Credential=first\/\d{8}\/us-east-1\/dynamodb\/aws4_request$/);
    expect(seen[2]).toContain('Credential=second/');
    expect([seen[1], seen[3]]).toEqual(['undefined', 'session']);
  });

  it('asks for a consistent read', async () => {
    let body = '';
    const endpoint = await listen((request, response) => {
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => response.end('{}'));
    });
    await get(endpoint);
    expect(JSON.parse(body)).toEqual({
      TableName: server.table,
      Key: { keyId: { S: 'abcdefghijkl' } },
      ConsistentRead: true,
    });
  });

  it('leads where an AWS SDK would go', () => {
    const region = 'eu-west-1';
    const both = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:2' };
    expect(dynamoDbEndpoint(both, region)).toBe('http://127.0.0.1:2');
    expect(dynamoDbEndpoint({ ...both, AWS_ENDPOINT_URL_DYNAMODB: undefined }, region)).toBe('http://127.0.0.1:1');
    expect(dynamoDbEndpoint({ ...both, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }, region)).toBe(
      'https://dynamodb.eu-west-1.amazonaws.com',
    );
    expect(dynamoDbEndpoint({}, 'cn-north-1')).toBe('https://dynamodb.cn-north-1.amazonaws.com.cn');
  });

  it.each([
    ['a server error', 500, { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError' }],
    ['throttling', 400, { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException' }],
  ])('tries once more after %s', async (_, status, body) => {
    let asked = 0;
    const endpoint = await listen((_request, response) => {
      asked++;
      response.statusCode = asked === 1 ? status : 200;
      response.end(JSON.stringify(asked === 1 ? body : {}));
    });
    expect(await get(endpoint)).toBeUndefined();
    expect(asked).toBe(2);
  });

  it('gives up after the second failure, and at once on a refusal', async () => {
    let asked = 0;
    let type = 'InternalServerError';
    const endpoint = await listen((_, response) => {
      asked++;
      response.statusCode = 400;
      response.end(JSON.stringify({ __type: `x#${type}`, message: 'PRIVATE' }));
    });
    type = 'ThrottlingException';
    await expect(get(endpoint)).rejects.toThrow(/^DynamoDB GetItem: ThrottlingException$/);
    expect(asked).toBe(2);
    type = 'AccessDeniedException';
    await expect(get(endpoint)).rejects.toThrow(/^DynamoDB GetItem: AccessDeniedException$/);
    expect(asked).toBe(3);
  });

  it('gives up when nobody answers, when the answer stalls, and when nobody listens', async () => {
    const silent = await listen(() => undefined);
    await expect(get(silent, {}, IMPATIENT)).rejects.toThrow('DynamoDB GetItem: Timeout');
    const stalling = await listen((_, response) => response.write('{"Item":'));
    await expect(get(stalling, {}, IMPATIENT)).rejects.toThrow('DynamoDB GetItem: Timeout');
    await expect(get('http://127.0.0.1:1')).rejects.toThrow('DynamoDB GetItem: NetworkError');
  });

  it('takes neither a redirect nor an answer that is no JSON for an absent key', async () => {
    const redirecting = await listen((_, response) => {
      response.writeHead(302, { location: server.endpoint });
      response.end();
    });
    await expect(get(redirecting)).rejects.toThrow(KeyStoreError);
    const html = await listen((_, response) => response.end('<html>'));
    await expect(get(html)).rejects.toThrow('BadAnswer (HTTP 200)');
  });
});
