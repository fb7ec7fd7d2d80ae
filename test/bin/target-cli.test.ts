import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KeyTableServer, startKeyTable } from '../lambda/authorizer/key-table';
import { commandLine } from './cli';

const cli = commandLine();
let server: KeyTableServer;
beforeAll(async () => {
  server = await startKeyTable();
});
afterAll(async () => {
  await server?.stop();
});

describe('the table that the command line means', () => {
  /** CloudFormation's DescribeStacks with the given outputs. */
  async function startCloudFormation(outputs: Readonly<Record<string, string>>): Promise<Server> {
    const members = Object.entries(outputs).map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    const found = `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
      <StackName>speech</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>
      <Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
    const missing =
      '<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id other does not exist</Message></Error></ErrorResponse>';
    const one = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        const known = new URLSearchParams(body).get('StackName') === 'speech';
        response.writeHead(known ? 200 : 400, { 'content-type': 'text/xml' });
        response.end(known ? found : missing);
      });
    });
    await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
    return one;
  }

  async function listOf(outputs: Readonly<Record<string, string>>, stack = 'speech', ...args: string[]) {
    const one = await startCloudFormation(outputs);
    const endpoint = `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
    try {
      const env = { ...server.env, AWS_ENDPOINT_URL_CLOUDFORMATION: endpoint };
      return await cli.run(['keys', ...(args.length > 0 ? args : ['list']), '--stack', stack, '--json'], env);
    } finally {
      one.closeAllConnections();
      await new Promise((resolve) => one.close(resolve));
    }
  }

  it.each(['KeyTableName', 'KeyTableName1A2B3C4D', 'SpeechKeyTableName1A2B3C4D'])(
    'is found by the stack’s output %s',
    async (output) => {
      const { exitCode, stdout } = await listOf({ ServiceUrl: 'x', [output]: server.table });
      expect(exitCode).toBe(0);
      expect(Array.isArray(JSON.parse(stdout))).toBe(true);
    },
  );

  it('brings the prefix that the deployed gate expects', async () => {
    const outputs = { KeyTableName: server.table, SpeechKeyPrefix1A2B3C4D: 'acme' };
    const { stdout } = await listOf(outputs, 'speech', 'create', '--owner', 'o');
    expect(JSON.parse(stdout).key).toMatch(/^acme_/);
  });

  it('is asked for when a stack has several or none, and the stack when it is unknown', async () => {
    const several = await listOf({ AKeyTableName: 'one-table', BKeyTableName1A2B3C4D: 'two-table' });
    expect(several.exitCode).toBe(2);
    expect(several.stderr).toContain('one-table (output AKeyTableName), two-table (output BKeyTableName1A2B3C4D)');
    expect(several.stderr).toContain('--table');
    const none = await listOf({ KeyTableNames: 'x' });
    expect(none).toMatchObject({ exitCode: 3 });
    expect(none.stderr).toContain('no output KeyTableName');
    const unknown = await listOf({}, 'other');
    expect(unknown).toMatchObject({ exitCode: 3 });
    expect(unknown.stderr).toContain('there is no stack other in region us-east-1');
  });

  it('is the local cloud’s with --local', async () => {
    const one = await startCloudFormation({ KeyTableName: server.table });
    const stateDir = join(cli.directory, 'state');
    mkdirSync(stateDir, { recursive: true });
    // One address serves both APIs, as the emulator does; the endpoint variables must not be needed.
    const named = new Set<string | undefined>();
    const proxy = createServer((request, response) => {
      named.add(/Credential=(\w+)/.exec(request.headers.authorization ?? '')?.[1]);
      const target = request.headers['x-amz-target'] === undefined ? one.address() : new URL(server.endpoint);
      const port = typeof target === 'object' && target !== null ? target.port : '';
      const forward = fetch(`http://127.0.0.1:${port}`, {
        method: 'POST',
        headers: Object.entries(request.headers)
          .filter(([name]) => !['host', 'connection', 'content-length', 'expect'].includes(name))
          .map(([name, value]) => [name, String(value)]),
        body: request as unknown as ReadableStream,
        duplex: 'half',
      } as RequestInit);
      forward.then(async (answer) => {
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
        response.end(await answer.text());
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const state = {
      pid: process.pid,
      endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      region: 'us-east-1',
      accountId: '000000000000',
      accessKeyId: 'AKIAOFTHISSTART',
      secretAccessKey: 'secret of this start',
      stack: 'speech',
    };
    const list = () => cli.spawn(['keys', 'list', '--local', '--state-dir', stateDir, '--json']);
    try {
      const none = await list();
      expect(none).toMatchObject({ exitCode: 3 });
      expect(none.stderr).toContain('no local cloud runs with the state folder');
      writeFileSync(join(stateDir, 'running.json'), JSON.stringify(state));
      expect(await list()).toMatchObject({ exitCode: 0, stderr: '' });
      // The emulated AWS serves nobody who does not name the key of its start.
      expect([...named]).toEqual([state.accessKeyId]);
      // A process id that no system gives: what ran there is gone.
      writeFileSync(join(stateDir, 'running.json'), JSON.stringify({ ...state, pid: 2 ** 30 }));
      expect(await list()).toMatchObject({ exitCode: 3 });
    } finally {
      for (const each of [proxy, one]) {
        each.closeAllConnections();
        await new Promise((resolve) => each.close(resolve));
      }
    }
  });

  it.each([
    [[], 'Give --stack NAME (a deployed stack), --table NAME, or --local'],
    [['--stack', 'a', '--table', 'b'], '--stack and --table exclude each other'],
    [['--local', '--profile', 'a'], '--local and --profile exclude each other'],
    [['--table', 'b', '--state-dir', 'c'], '--state-dir belongs to --local'],
  ])('must be named without contradiction: %j', async (args, message) => {
    const { exitCode, stderr } = await cli.run(['keys', 'list', ...args], server.env);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
  });

  it('that does not exist, no region and no credentials are each told in one sentence', async () => {
    const absent = await cli.spawn(['keys', 'list', '--table', 'another-table'], server.env);
    expect(absent).toMatchObject({ exitCode: 3, stdout: '' });
    expect(absent.stderr).toBe(
      'voicegate: the key table does not exist in this account and region; check --table, --profile and --region\n',
    );
    const { AWS_REGION: _, ...noRegion } = server.env;
    const region = await cli.spawn(['keys', 'list', '--table', 'another-table'], noRegion);
    expect(region.stderr).toBe(
      'voicegate: no AWS region: give --region, or set AWS_REGION, or a region in the profile\n',
    );
    const { AWS_SECRET_ACCESS_KEY: _s, ...noCredentials } = server.env;
    const credentials = await cli.spawn(['keys', 'list', '--table', server.table], noCredentials);
    expect(credentials.exitCode).toBe(1);
    expect(credentials.stderr).toMatch(/^voicegate: no AWS credentials: .*\n$/);
  });

  it('is reached in the region and with the profile that the AWS CLI would take', async () => {
    writeFileSync(join(cli.directory, 'aws-config'), '[profile speech]\nregion = us-east-1\n');
    writeFileSync(
      join(cli.directory, 'aws-credentials'),
      '[speech]\naws_access_key_id = test\naws_secret_access_key = test\n',
    );
    const endpoint = { AWS_ENDPOINT_URL_DYNAMODB: server.endpoint };
    const byProfile = await cli.spawn(['keys', 'list', '--table', server.table, '--profile', 'speech'], endpoint);
    expect(byProfile).toMatchObject({ exitCode: 0, stderr: '' });
    const { AWS_REGION: region, ...rest } = server.env;
    const byVariable = await cli.spawn(['keys', 'list', '--table', server.table], {
      ...rest,
      AWS_DEFAULT_REGION: region ?? '',
    });
    expect(byVariable).toMatchObject({ exitCode: 0, stderr: '' });
  });
});
