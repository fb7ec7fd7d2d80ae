import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateFunctionCommand, InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsClients, awsClients } from '../../../local/aws-clients.js';
import { localAws, namingKey } from '../../../local/emulator/aws.js';
import { type Emulator, startEmulator } from '../../../local/emulator/index.js';
import { ensureTools } from '../../../local/toolchain/index.mjs';
import { functionCode } from '../function-code.js';
import { OF_PROGRAMS, OF_WEB_PAGES, type RawRequest, sendRaw } from './web-requests.js';

const CLASSES = { lambda: LambdaClient, s3: S3Client, sts: STSClient };
const CALLBACK = '/_ministack/cfn-response/0b0c7c1e-7a0e-4c0e-9f5e-3a8e5b8f2d10';

describe('the emulated AWS', () => {
  let directory = '';
  let emulator: Emulator;
  let clients: AwsClients<typeof CLASSES>;
  let port = 0;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'voicegate-guard-'));
    const { python } = await ensureTools();
    emulator = await startEmulator({ python, directory });
    clients = awsClients(emulator.aws, CLASSES);
    port = Number(new URL(emulator.aws.endpoint).port);
  });

  afterAll(async () => {
    clients?.destroy();
    await emulator?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const authorization = (): string => `Authorization: ${namingKey(emulator.aws, 'lambda').authorization}`;
  const good = (): RawRequest => ({
    method: 'GET',
    target: '/2015-03-31/functions/',
    version: '1.1',
    headers: [`Host: 127.0.0.1:${port}`, authorization()],
  });
  const withoutKey = (): RawRequest => ({ ...good(), headers: [`Host: 127.0.0.1:${port}`] });
  const naming = (key: string): RawRequest => ({
    ...good(),
    headers: [`Host: 127.0.0.1:${port}`, authorization().replace(emulator.aws.env.AWS_ACCESS_KEY_ID ?? '', key)],
  });
  const status = async (request: RawRequest): Promise<number> => (await sendRaw(port, request)).status;

  it.each(OF_WEB_PAGES)('refuses what a web page can send, even with the key: %s', async (_name, change) => {
    const answer = await sendRaw(port, change(good(), port));
    // 400: the HTTP server itself refused it.
    expect([400, 403]).toContain(answer.status);
    expect(answer.text).not.toMatch(/Functions|access-control-/i);
  });

  it.each(OF_PROGRAMS)('serves a program: %s', async (_name, change) => {
    const answer = await sendRaw(port, change(good(), port));
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('"Functions"');
    expect(answer.text).not.toMatch(/access-control-/i);
  });

  it('makes no function for a form that a page posts', async () => {
    const body = JSON.stringify({
      FunctionName: 'planted',
      Role: 'arn:aws:iam::000000000000:role/any',
      Runtime: 'nodejs20.x',
      Handler: 'index.handler',
      Code: { ZipFile: (await functionCode('exports.handler = async () => 1;')).toString('base64') },
    });
    const post = { ...withoutKey(), method: 'POST', target: '/2015-03-31/functions', body };
    expect(await status({ ...post, headers: [...post.headers, 'Content-Type: text/plain'] })).toBe(403);
    // The same body is good for whoever has the key.
    const { Functions } = await clients.lambda.send(new ListFunctionsCommand({}));
    expect(Functions?.map(({ FunctionName }) => FunctionName)).not.toContain('planted');
    expect(await status({ ...post, headers: [...post.headers, authorization()] })).toBe(201);
  });

  it('serves nobody who does not name the key of this start', async () => {
    const own = emulator.aws.env.AWS_ACCESS_KEY_ID ?? '';
    const other = localAws(port).env.AWS_ACCESS_KEY_ID ?? '';
    expect(own).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(other).not.toBe(own);
    for (const key of ['test', '000000000000', other, own.toLowerCase(), own.slice(0, -1), 'ASIAQQQQQQQQQQQQQQQQ']) {
      expect(await status(naming(key)), key).toBe(403);
    }
    expect(await status(withoutKey())).toBe(403);
    expect(await status({ ...good(), headers: [...good().headers, 'Authorization: none'] })).toBe(403);
    for (const target of ['/_ministack/ready', '/_ministack/health', '/health', '/_ministack/lambda-code/x', '/']) {
      expect(await status({ ...withoutKey(), target }), target).toBe(403);
    }
    for (const target of ['/_ministack/reset', '/_ministack/config']) {
      expect(await status({ ...withoutKey(), method: 'POST', target }), target).toBe(403);
    }
  });

  it('takes the key from a presigned address, of either signature version', async () => {
    await clients.s3.send(new CreateBucketCommand({ Bucket: 'presigned' }));
    const own = emulator.aws.env.AWS_ACCESS_KEY_ID ?? '';
    const presigned = (key: string): RawRequest => ({
      ...withoutKey(),
      target: `/presigned?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${key}%2F20260101%2Fus-east-1%2Fs3%2Faws4_request`,
    });
    expect(await status(presigned(own))).toBe(200);
    expect(await status(presigned('test'))).toBe(403);
    expect(await status({ ...withoutKey(), target: `/presigned?AWSAccessKeyId=${own}&Signature=x` })).toBe(200);
    expect(await status({ ...withoutKey(), target: '/presigned?AWSAccessKeyId=test&Signature=x' })).toBe(403);
  });

  it('serves sessions that its key has opened, and functions', async () => {
    const { Credentials } = await clients.sts.send(
      new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::000000000000:role/any', RoleSessionName: 'task' }),
    );
    expect(await status(naming(Credentials?.AccessKeyId ?? ''))).toBe(200);
    const source = `
      const { LambdaClient, ListFunctionsCommand } = require('@aws-sdk/client-lambda');
      exports.handler = async () => (await new LambdaClient({}).send(new ListFunctionsCommand({}))).Functions.length;`;
    await clients.lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'asks',
        Role: 'arn:aws:iam::000000000000:role/any',
        Runtime: 'nodejs20.x',
        Handler: 'index.handler',
        Timeout: 30,
        Code: { ZipFile: await functionCode(source) },
      }),
    );
    const { FunctionError, Payload } = await clients.lambda.send(new InvokeCommand({ FunctionName: 'asks' }));
    const said = Buffer.from(Payload ?? []).toString();
    expect(FunctionError, said).toBeUndefined();
    expect(Number(said)).toBeGreaterThan(0);
  }, 60_000);

  it('leaves CloudFormation’s callbacks open to whoever knows their path, but not to a page', async () => {
    const put = { ...withoutKey(), method: 'PUT', target: CALLBACK, body: '{}' };
    expect(await status(put)).toBe(200);
    expect(await status({ ...put, target: CALLBACK.replace('response', 'signal') })).toBe(404);
    for (const wrong of [
      { ...put, method: 'POST' },
      { ...put, target: `${CALLBACK}/../../reset` },
      { ...put, target: '/_ministack/cfn-response/' },
      { ...put, headers: [...put.headers, 'Origin: https://evil.example'] },
      { ...put, headers: ['Host: evil.example'] },
    ]) {
      expect(await status(wrong)).toBe(403);
    }
  });

  it('opens no WebSocket, not even to a program', async () => {
    const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
    const headers = [...good().headers, 'Connection: Upgrade', ...upgrade];
    expect(await status({ ...good(), target: '/_aws/execute-api/x/y', headers })).toBe(403);
  });

  it('holds the same rules over HTTP/2', async () => {
    const ask = (headers: Readonly<Record<string, string>>): Promise<number> =>
      new Promise((resolve, reject) => {
        const session = connect(emulator.aws.endpoint);
        session.on('error', reject);
        const stream = session.request({ ':path': '/2015-03-31/functions/', ...headers });
        stream.on('error', reject);
        stream.on('response', (head) => {
          resolve(Number(head[':status']));
          session.destroy();
        });
      });
    const key = namingKey(emulator.aws, 'lambda');
    expect(await ask({ ...key })).toBe(200);
    expect(await ask({})).toBe(403);
    expect(await ask({ ...key, ':authority': 'evil.example' })).toBe(403);
    expect(await ask({ ...key, origin: 'https://evil.example' })).toBe(403);
  });

  it('tells every SDK what was wrong', async () => {
    const wrong = awsClients(
      { ...emulator.aws, env: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' } },
      CLASSES,
    );
    try {
      const sentence = /running\.json in the state folder has it/;
      await expect(wrong.lambda.send(new ListFunctionsCommand({}))).rejects.toThrow(sentence);
      await expect(wrong.s3.send(new ListBucketsCommand({}))).rejects.toThrow(sentence);
      await expect(
        wrong.sts.send(new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::000000000000:role/any', RoleSessionName: 'x' })),
      ).rejects.toThrow(sentence);
    } finally {
      wrong.destroy();
    }
  });
});
