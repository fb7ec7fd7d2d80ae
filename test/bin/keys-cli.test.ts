import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseApiKey } from '../../contract/api-key';
import type { KeyRecord } from '../../contract/key-record';
import { decideKey } from '../../lambda/authorizer/decide';
import { type KeyTableServer, startKeyTable } from '../lambda/authorizer/key-table';
import { digestOf, issueKey } from '../lambda/authorizer/keys';
import { commandLine } from './cli';

const cli = commandLine();
let server: KeyTableServer;
beforeAll(async () => {
  server = await startKeyTable();
});
afterAll(async () => {
  await server?.stop();
});

const keys = (...args: string[]) => cli.run(['keys', ...args, '--table', server.table], server.env);
/** As `dist/cli.js` in a process of its own: once for each command. */
const keysProcess = (...args: string[]) => cli.spawn(['keys', ...args, '--table', server.table], server.env);
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
      ['createdAt', 'hash', 'history', 'keyId', 'label', 'owner', 'scopes'].sort(),
    );
  });

  it('prints the key exactly once, says so, and stores only its hash', async () => {
    const { stdout, stderr } = await keysProcess('create', '--owner', 'acme');
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
    const listed = await keysProcess('list', '--json');
    expect(listed.stdout).toContain(parsed?.keyId);
    expect(listed.stdout).not.toContain(secret);
    expect(listed.stdout).not.toContain(record?.hash);
  });

  it('says in one line what holds without a plan, and nothing of it where one is given or JSON is read', async () => {
    const line = /^Without a plan .*10 requests for speech a minute.*--rate 60 --burst 10\.$/gm;
    const { stderr } = await keys('create', '--owner', 'acme');
    expect(stderr.match(line)).toHaveLength(1);
    for (const more of [['--rate', '60', '--burst', '10'], ['--json']]) {
      const { stdout, stderr: said, exitCode } = await keys('create', '--owner', 'acme', ...more);
      expect(exitCode).toBe(0);
      expect(stdout + said).not.toContain('Without a plan');
    }
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
    const { exitCode, stdout } = await keysProcess('revoke', keyId, '--yes', '--json');
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
    const { exitCode, stderr } = await keysProcess('revoke', keyId);
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
    const shown = await keysProcess('show', keyId, '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject({ keyId, owner: 'acme', paths: ['/tts'], status: 'active' });
    for (const { stdout } of [shown, await keys('show', keyId)]) {
      expect(stdout).not.toContain(parseApiKey(key)?.secret);
      expect(stdout).not.toMatch(/[0-9a-f]{64}/);
    }
    expect(await keysProcess('show', 'abcdefghijkl')).toMatchObject({ exitCode: 3, stdout: '' });
  });

  it('change terms, and take constraints away again', async () => {
    const { key, keyId } = await create('--cidr', '192.0.2.0/24');
    const changed = await keysProcess(
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
    expect(JSON.parse((await keysProcess('disable', keyId, '--json')).stdout)).toMatchObject({ status: 'disabled' });
    expect(await decide(key)).toMatchObject({ reason: 'disabled' });
    expect(JSON.parse((await keysProcess('enable', keyId, '--json')).stdout)).toMatchObject({ status: 'active' });
    expect(await decide(key)).toMatchObject({ outcome: 'allow' });
  });

  it('give a new secret for the same key id, keep the old one for its grace, and ask before that is cut short', async () => {
    const old = await create();
    const { stdout, exitCode } = await keysProcess('rotate', old.keyId, '--json');
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
    const deleted = await keysProcess('delete', keyId, '--yes', '--json');
    expect(JSON.parse(deleted.stdout)).toEqual({ keyId, deleted: true });
    expect(await decide(key)).toMatchObject({ reason: 'unknown' });
    expect(await keys('delete', keyId, '--yes')).toMatchObject({ exitCode: 3 });
  });
});

describe('voicegate', () => {
  it('tells its exit codes and its version', async () => {
    const help = await cli.spawn(['--help']);
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toContain('Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such key');
    expect((await cli.spawn(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('ends with 2 for a command that it has not', async () => {
    expect(await cli.spawn(['keys', 'creat'])).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await cli.spawn([])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});
