import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseApiKey } from '../../contract/api-key';
import type { KeyRecord } from '../../contract/key-record';
import { decideKey } from '../../lambda/authorizer/decide';
import { type KeyTableServer, startKeyTable } from '../lambda/authorizer/key-table';
import { digestOf, issueKey } from '../lambda/authorizer/keys';
import { buildCli, type Cli } from './cli';

let cli: Cli;
let server: KeyTableServer;
beforeAll(async () => {
  [cli, server] = await Promise.all([buildCli(), startKeyTable()]);
});
afterAll(async () => {
  cli?.remove();
  await server?.stop();
});

const keys = (...args: string[]) => cli.run(['keys', ...args, '--table', server.table], server.env);
const config = { positiveTtl: 60, negativeTtl: 10 };
const seconds = () => Date.now() / 1000;

async function create(...args: string[]): Promise<{ readonly key: string; readonly keyId: string }> {
  const { stdout, stderr, exitCode } = await keys('create', '--owner', 'acme', '--json', ...args);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return JSON.parse(stdout);
}

async function decide(key: string) {
  const parsed = parseApiKey(key);
  if (parsed === undefined) throw new Error('the command line printed a malformed key');
  return decideKey(parsed, await server.get(parsed.keyId), seconds(), config);
}

describe('voicegate keys create', () => {
  it('prints a key that the authorizer allows, with every term it was given', async () => {
    const created = await create(
      ...[
        '--label',
        '演示',
        '--scope',
        'tts:synthesize',
        'voices:read',
        '--expires',
        '30d',
        '--not-before',
        '2026-01-31',
      ],
      ...['--cidr', '192.0.2.0/24', '--cidr', '2001:db8::/32', '--path', '/v1/*', '--method', 'post'],
      ...['--rate', '60', '--burst', '10', '--quota', 'day:requests=5', 'month:characters=9'],
    );
    expect(created).toMatchObject({
      keyId: parseApiKey(created.key)?.keyId,
      status: 'active',
      owner: 'acme',
      label: '演示',
      notBefore: '2026-01-31T00:00:00Z',
    });
    const decision = await decide(created.key);
    expect(decision).toMatchObject({
      outcome: 'allow',
      grant: {
        principal: 'acme',
        scopes: ['tts:synthesize', 'voices:read'],
        sourceCidrs: ['192.0.2.0/24', '2001:db8::/32'],
        paths: ['/v1/*'],
        methods: ['POST'],
        rate: { requestsPerMinute: 60, burst: 10 },
        quota: { day: { requests: 5 }, month: { characters: 9 } },
        notBefore: 1_769_817_600,
      },
    });
    const expires = decision.outcome === 'allow' ? decision.grant.expires : undefined;
    expect(Math.abs((expires ?? 0) - seconds() - 30 * 86_400)).toBeLessThan(60);
  });

  it('needs an owner alone, and then grants speech and nothing else', async () => {
    const { key } = await create();
    expect(await decide(key)).toMatchObject({ grant: { scopes: ['tts:synthesize'] } });
    expect(Object.keys((await server.get(parseApiKey(key)?.keyId ?? '')) ?? {}).sort()).toEqual(
      ['createdAt', 'hash', 'keyId', 'label', 'owner', 'scopes'].sort(),
    );
  });

  it('prints the key exactly once, says so, and stores only its hash', async () => {
    const { stdout, stderr } = await keys('create', '--owner', 'acme');
    const key = stdout.split('\n')[0] ?? '';
    const parsed = parseApiKey(key);
    expect(parsed).toBeDefined();
    const secret = parsed?.secret ?? '';
    expect(stdout.split(secret)).toHaveLength(2);
    expect(stderr).toContain('will not be shown again');
    expect(stderr).not.toContain(secret);
    const record = await server.get(parsed?.keyId ?? '');
    expect(record?.hash).toBe(digestOf(secret));
    expect(JSON.stringify(record)).not.toContain(secret);
    const listed = await keys('list', '--json');
    expect(listed.stdout).toContain(parsed?.keyId);
    expect(listed.stdout).not.toContain(secret);
    expect(listed.stdout).not.toContain(record?.hash);
  });

  it.each([
    [['--owner', ''], '--owner must be 1 to 256 characters'],
    [['--owner', 'a\nb'], '--owner must be 1 to 256 characters without control characters, got "a\\nb"'],
    [['--scope', 'two words'], 'got "two words"'],
    [['--cidr', '10.0.0.0/40'], '--cidr must be a network such as 192.0.2.0/24 or 2001:db8::/32, got "10.0.0.0/40"'],
    [['--path', 'tts'], 'got "tts"'],
    [['--method', 'FETCH'], '--method must be one of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, got "FETCH"'],
    [['--rate', '0'], '--rate must be a whole number from 1 to 1000000, got "0"'],
    [['--burst', '5'], '--burst needs --rate'],
    [['--expires', '2026-02-30'], 'got "2026-02-30"'],
    [['--expires', '2027-01-01T00:00'], 'a time with its offset'],
    [['--expires', '2020-01-01'], '--expires must be in the future, got 2020-01-01T00:00:00Z'],
    [['--expires', '1d', '--not-before', '2d'], 'a key must become valid before it expires'],
    [['--prefix', 'V_G'], '--prefix must be 1 to 12 characters'],
    [['--colour', 'red'], "unknown option '--colour'"],
  ])('refuses %j with exit code 2, naming what is wrong', async (args, message) => {
    const { exitCode, stdout, stderr } = await keys('create', '--owner', 'acme', ...args);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
  });
});

describe('voicegate keys list', () => {
  it('shows every key beyond one page of DynamoDB, or those of one owner', async () => {
    const big = 'x'.repeat(250);
    // A page holds 1 MB; scopes make each of these items about 10 KB.
    const scopes = Array.from({ length: 40 }, (_, i) => `${i}${big}`);
    const records = Array.from({ length: 120 }, () => issueKey({ owner: 'many', label: '', scopes }).record);
    for (const record of records) await server.put(record);
    const { stdout } = await keys('list', '--owner', 'many', '--json');
    const listed = JSON.parse(stdout) as readonly KeyRecord[];
    expect(listed.map(({ keyId }) => keyId).sort()).toEqual(records.map(({ keyId }) => keyId).sort());
    const all = JSON.parse((await keys('list', '--json')).stdout) as readonly KeyRecord[];
    expect(all.length).toBeGreaterThan(listed.length);
    expect(JSON.parse((await keys('list', '--owner', 'nobody', '--json')).stdout)).toEqual([]);
  });

  it('lines its columns up under wide characters and lets no control character reach the terminal', async () => {
    await server.put(issueKey({ owner: 'lines', label: '语音服务' }).record);
    await server.put(issueKey({ owner: 'lines', label: '\u001b[2Jx\u202e' }).record);
    const { stdout } = await keys('list', '--owner', 'lines');
    expect(stdout).toMatch(/语音服务 {10,}tts:synthesize/);
    expect(stdout).toContain('\\u001b[2Jx\\u202e');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('voicegate keys revoke', () => {
  it('ends a key, and again without changing anything', async () => {
    const { key, keyId } = await create();
    const { exitCode, stdout } = await keys('revoke', keyId, '--yes', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ keyId, status: 'revoked' });
    expect(await decide(key)).toMatchObject({ outcome: 'deny', reason: 'revoked' });
    const record = await server.get(keyId);
    // Without --yes: what is revoked already needs no confirmation.
    const again = await keys('revoke', keyId, '--json');
    expect(again).toMatchObject({ exitCode: 0, stdout });
    expect(await server.get(keyId)).toEqual(record);
  });

  it('does nothing without confirmation where nobody can be asked', async () => {
    const { key, keyId } = await create();
    const { exitCode, stderr } = await keys('revoke', keyId);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('give --yes');
    expect(await decide(key)).toMatchObject({ outcome: 'allow' });
  });

  it('names a key that is not there with exit code 3, and never repeats a whole key', async () => {
    const missing = await keys('revoke', 'abcdefghijkl', '--yes');
    expect(missing).toMatchObject({ exitCode: 3, stdout: '' });
    expect(missing.stderr).toContain('there is no key abcdefghijkl in table');
    const { key } = await create();
    const pasted = await keys('revoke', key, '--yes');
    expect(pasted.exitCode).toBe(2);
    expect(pasted.stderr).toContain('KEYID must be the 12 letters and digits');
    expect(pasted.stderr).not.toContain(parseApiKey(key)?.secret);
  });
});

describe('voicegate keys show, update, disable, enable, rotate, delete', () => {
  it('show one key with all its terms, and never a hash', async () => {
    const { key, keyId } = await create('--path', '/tts', '--rate', '60');
    const shown = await keys('show', keyId, '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject({ keyId, owner: 'acme', paths: ['/tts'], status: 'active' });
    for (const { stdout } of [shown, await keys('show', keyId)]) {
      expect(stdout).not.toContain(parseApiKey(key)?.secret);
      expect(stdout).not.toMatch(/[0-9a-f]{64}/);
    }
    expect(await keys('show', 'abcdefghijkl')).toMatchObject({ exitCode: 3, stdout: '' });
  });

  it('change terms, and take constraints away again', async () => {
    const { key, keyId } = await create('--cidr', '192.0.2.0/24');
    const changed = await keys(
      ...['update', keyId, '--owner', 'other', '--label', 'new', '--path', '/tts', '/v1/*', '--method', 'GET'],
      ...['--scope', 'a', 'b', '--rate', '60', '--expires', '1d', '--json'],
    );
    expect(changed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await decide(key)).toMatchObject({
      grant: {
        principal: 'other',
        scopes: ['a', 'b'],
        paths: ['/tts', '/v1/*'],
        methods: ['GET'],
        sourceCidrs: ['192.0.2.0/24'],
        rate: { requestsPerMinute: 60, burst: 10 },
        expires: expect.any(Number),
      },
    });
    await keys('update', keyId, '--no-cidr', '--no-path', '--no-method', '--no-rate', '--expires', 'never');
    const decision = await decide(key);
    expect(decision.outcome === 'allow' && Object.keys(decision.grant)).toEqual(['principal', 'keyId', 'scopes']);
    expect((await server.get(keyId))?.deleteAt).toBeUndefined();
    const nothing = await keys('update', keyId);
    expect(nothing).toMatchObject({ exitCode: 2 });
    expect(nothing.stderr).toContain('nothing to change');
  });

  it('end a key by expiry now, and let it live again by a later one', async () => {
    const { key, keyId } = await create();
    await keys('update', keyId, '--expires', 'now');
    expect(await decide(key)).toMatchObject({ reason: 'expired' });
    await keys('update', keyId, '--expires', '1h');
    expect(await decide(key)).toMatchObject({ outcome: 'allow' });
  });

  it('refuse a disabled key until it is enabled', async () => {
    const { key, keyId } = await create();
    expect(JSON.parse((await keys('disable', keyId, '--json')).stdout)).toMatchObject({ status: 'disabled' });
    expect(await decide(key)).toMatchObject({ reason: 'disabled' });
    expect(JSON.parse((await keys('enable', keyId, '--json')).stdout)).toMatchObject({ status: 'active' });
    expect(await decide(key)).toMatchObject({ outcome: 'allow' });
  });

  it('give a new secret for the same key id, keep the old one for its grace, and ask before that is cut short', async () => {
    const old = await create();
    const { stdout, exitCode } = await keys('rotate', old.keyId, '--json');
    expect(exitCode).toBe(0);
    const rotated = JSON.parse(stdout) as { readonly key: string; readonly keyId: string };
    expect(rotated.keyId).toBe(old.keyId);
    expect(parseApiKey(rotated.key)?.keyId).toBe(old.keyId);
    expect(await decide(rotated.key)).toMatchObject({ outcome: 'allow', ttl: 60 });
    const graced = await decide(old.key);
    const until = graced.outcome === 'allow' ? graced.grant.expires : 0;
    expect(Math.abs((until ?? 0) - seconds() - 86_400)).toBeLessThan(60);

    const refused = await keys('rotate', old.keyId);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain('is good until');
    const again = JSON.parse((await keys('rotate', old.keyId, '--yes', '--grace', '0s', '--json')).stdout);
    expect(await decide(again.key)).toMatchObject({ outcome: 'allow' });
    for (const { key } of [old, rotated]) expect(await decide(key)).toMatchObject({ reason: 'unknown' });
  });

  it('refuse to change what is revoked', async () => {
    const { keyId } = await create();
    await keys('revoke', keyId, '--yes');
    for (const args of [['enable'], ['disable'], ['rotate'], ['update', '--label', 'x']] as const) {
      const [name, ...rest] = args;
      const { exitCode, stderr, stdout } = await keys(name, keyId, ...rest);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toContain('that is final');
    }
  });

  it('forget a key after confirmation', async () => {
    const { key, keyId } = await create();
    expect(await keys('delete', keyId)).toMatchObject({ exitCode: 2 });
    expect(await decide(key)).toMatchObject({ outcome: 'allow' });
    const deleted = await keys('delete', keyId, '--yes', '--json');
    expect(JSON.parse(deleted.stdout)).toEqual({ keyId, deleted: true });
    expect(await decide(key)).toMatchObject({ reason: 'unknown' });
    expect(await keys('delete', keyId, '--yes')).toMatchObject({ exitCode: 3 });
  });
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
    const proxy = createServer((request, response) => {
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
      stack: 'speech',
    };
    const list = () => cli.run(['keys', 'list', '--local', '--state-dir', stateDir, '--json']);
    try {
      const none = await list();
      expect(none).toMatchObject({ exitCode: 3 });
      expect(none.stderr).toContain('no local cloud runs with the state folder');
      writeFileSync(join(stateDir, 'running.json'), JSON.stringify(state));
      expect(await list()).toMatchObject({ exitCode: 0, stderr: '' });
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
    const absent = await cli.run(['keys', 'list', '--table', 'another-table'], server.env);
    expect(absent).toMatchObject({ exitCode: 3, stdout: '' });
    expect(absent.stderr).toBe(
      'voicegate: the key table does not exist in this account and region; check --table, --profile and --region\n',
    );
    const { AWS_REGION: _, ...noRegion } = server.env;
    const region = await cli.run(['keys', 'list', '--table', 'another-table'], noRegion);
    expect(region.stderr).toBe(
      'voicegate: no AWS region: give --region, or set AWS_REGION, or a region in the profile\n',
    );
    const { AWS_SECRET_ACCESS_KEY: _s, ...noCredentials } = server.env;
    const credentials = await cli.run(['keys', 'list', '--table', server.table], noCredentials);
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
    const byProfile = await cli.run(['keys', 'list', '--table', server.table, '--profile', 'speech'], endpoint);
    expect(byProfile).toMatchObject({ exitCode: 0, stderr: '' });
    const { AWS_REGION: region, ...rest } = server.env;
    const byVariable = await cli.run(['keys', 'list', '--table', server.table], {
      ...rest,
      AWS_DEFAULT_REGION: region ?? '',
    });
    expect(byVariable).toMatchObject({ exitCode: 0, stderr: '' });
  });
});

describe('voicegate', () => {
  it('tells its exit codes and its version', async () => {
    const help = await cli.run(['--help']);
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toContain('Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such key');
    expect((await cli.run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('ends with 2 for a command that it has not', async () => {
    expect(await cli.run(['keys', 'creat'])).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await cli.run([])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});
