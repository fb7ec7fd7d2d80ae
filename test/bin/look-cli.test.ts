import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isWantedLine, logLine } from '../../bin/logs/lines';
import { usageCsv } from '../../bin/usage/presentation';
import type { KeyRecord } from '../../contract/key-record';
import { type KeyTableServer, startKeyTable } from '../lambda/authorizer/key-table';
import { digestOf, issueKey } from '../lambda/authorizer/keys';
import { commandLine } from './cli';

const cli = commandLine();
let server: KeyTableServer;
const now = Math.floor(Date.now() / 1000);
const DAY = 86_400;

beforeAll(async () => {
  server = await startKeyTable();
});
afterAll(async () => {
  await server?.stop();
});

const keys = (args: readonly string[], input?: string) =>
  cli.run(['keys', ...args, '--table', server.table], server.env, input);

async function issue(changes: Partial<KeyRecord> = {}) {
  const issued = issueKey({ createdAt: now - 200 * DAY, ...changes });
  await server.put(issued.record);
  return issued;
}

describe('voicegate keys list', () => {
  it('finds the keys that end soon, that nobody uses, and those with a status', async () => {
    const owner = 'list';
    const soon = await issue({ owner, expiresAt: now + 10 * DAY, lastUsedAt: now - DAY });
    const idle = await issue({ owner, expiresAt: now + 300 * DAY, lastUsedAt: now - 100 * DAY });
    const never = await issue({ owner });
    const revoked = await issue({ owner, revokedAt: now - DAY, expiresAt: now + DAY });
    const expired = await issue({ owner, expiresAt: now - DAY });
    const list = async (...args: string[]) => {
      const { stdout, stderr } = await keys(['list', '--owner', owner, '--json', ...args]);
      expect(stderr).toBe('');
      return (JSON.parse(stdout) as { keyId: string }[]).map(({ keyId }) => keyId).sort();
    };
    const ids = (...issued: readonly { readonly record: KeyRecord }[]) =>
      issued.map(({ record }) => record.keyId).sort();
    expect(await list('--expiring', '14d')).toEqual(ids(soon));
    expect(await list('--unused', '90d')).toEqual(ids(idle, never));
    expect(await list('--status', 'revoked')).toEqual(ids(revoked));
    expect(await list('--status', 'expired')).toEqual(ids(expired));
    expect(await list('--status', 'active', '--expiring', '400d')).toEqual(ids(soon, idle));
  });

  it('refuses a status and a time that make no sense', async () => {
    expect((await keys(['list', '--status', 'dead'])).stderr).toContain(
      '--status must be active, not-yet-valid, expired, disabled, revoked, got "dead"',
    );
    expect((await keys(['list', '--expiring', 'soon'])).stderr).toContain('--expiring must be');
  });
});

describe('voicegate whoami', () => {
  const whoami = (key: string, ...args: string[]) =>
    cli.run(['whoami', '--table', server.table, ...args], server.env, key);

  it('tells whose a key is, whether it works and what it may, and never repeats it', async () => {
    const { text, record } = await issue({ owner: 'leaky', scopes: ['tts:synthesize'] });
    const { stdout, stderr, exitCode } = await cli.spawn(['whoami', '--table', server.table], server.env, `${text}\n`);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^works {4}yes\n/);
    for (const part of [record.keyId, 'leaky', 'tts:synthesize']) expect(stdout).toContain(part);
    expect(stdout).not.toContain(text.slice(16));
  });

  it('tells that a revoked key does not work, and that a rotated one still does for a while', async () => {
    const revoked = await issue({ revokedAt: now - 1 });
    expect(JSON.parse((await whoami(revoked.text, '--json')).stdout)).toMatchObject({
      works: false,
      status: 'revoked',
    });
    const before = issueKey();
    const rotated = { ...before.record, hash: digestOf('new'), previousHash: before.record.hash };
    await server.put({ ...rotated, previousHashUntil: now + DAY });
    expect((await whoami(before.text)).stdout).toContain('works    yes, by its secret before the rotation');
    await server.put({ ...rotated, previousHashUntil: now - 1 });
    expect(await whoami(before.text)).toMatchObject({ exitCode: 3, stdout: '' });
  });

  it('takes no key as an argument, and says what is wrong with what it got', async () => {
    const { text } = issueKey();
    expect((await whoami('', text)).exitCode).toBe(2);
    expect((await whoami('')).stderr).toContain('whose key?');
    expect((await whoami('hello')).stderr).toContain('that is no key of this stack');
    const unknown = await whoami(text);
    expect([unknown.exitCode, unknown.stderr]).toEqual([3, expect.stringContaining('there is no key')]);
    expect(unknown.stderr).not.toContain(text.slice(16));
  });
});

describe('voicegate keys import', () => {
  const row = () => {
    const { keyId, hash } = issueKey().record;
    return { keyId, hash, owner: '你好' };
  };

  it('reads standard input, and says of rows without scopes what they get', async () => {
    const rows = [row(), { ...row(), scopes: ['tts:synthesize'] }];
    const args = ['keys', 'import', '-', '--format', 'json', '--table', server.table];
    const { stdout, stderr, exitCode } = await cli.spawn(args, server.env, JSON.stringify(rows));
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('created 2')]);
    expect(stderr).toContain('1 of 2 rows state no scopes: their keys get none, and may not speak (tts:synthesize)');
    expect((await server.get(rows[0]?.keyId ?? ''))?.owner).toBe('你好');
    expect((await keys(['import', '-'], '[]')).stderr).toContain('--format');
    expect(existsSync(join(cli.directory, 'keys-import.report'))).toBe(true);
  });

  it('refuses a file that is not UTF-8, and changes nothing', async () => {
    const file = join(cli.directory, 'latin1.csv');
    const { keyId, hash } = row();
    writeFileSync(file, Buffer.from(`keyId,hash,owner\n${keyId},${hash},Müller\n`, 'latin1'));
    const { exitCode, stderr } = await keys(['import', file]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('latin1.csv is not UTF-8')]);
    expect(await server.get(keyId)).toBeUndefined();
  });
});

describe('voicegate keys export', () => {
  it('ends quietly when its reader has seen enough', async () => {
    await Promise.all(Array.from({ length: 400 }, () => issue({ owner: 'many', label: 'x'.repeat(200) })));
    const command = `"${process.execPath}" "${cli.file}" keys export --table ${server.table} | head -c 100`;
    const child = spawn('bash', ['-o', 'pipefail', '-c', command], {
      env: { PATH: process.env.PATH, ...server.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr?.on('data', (part) => {
      stderr += part;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, stderr]).toEqual([0, '']);
  });
});

describe('voicegate usage --format csv', () => {
  it('is one line a key and day, and runs no formula of an owner', async () => {
    const row = { day: '2026-11-24', keyId: 'AbCdEf012345', requests: 3, characters: 40, refusals: 1 };
    expect(await usageCsv([row], new Map([['AbCdEf012345', '=1+1']]))).toBe(
      "day,keyId,owner,requests,characters,refusals\n2026-11-24,AbCdEf012345,'=1+1,3,40,1\n",
    );
  });
});

describe('voicegate logs', () => {
  const line = (fields: object) =>
    JSON.stringify({
      decision: 'deny',
      time: '2026-11-24T10:00:00+00:00',
      status: 429,
      reason: 'rate',
      method: 'GET',
      path: '/tts',
      keyId: 'AbCdEf012345',
      client: '192.0.2.1',
      seconds: 0.001,
      ...fields,
    });

  it('wants the answers that were asked for, and nothing that is no answer', () => {
    expect(isWantedLine(line({}), {})).toBe(true);
    expect(isWantedLine(line({}), { status: '4xx', keyId: 'AbCdEf012345' })).toBe(true);
    expect(isWantedLine(line({}), { status: '429' })).toBe(true);
    expect(isWantedLine(line({}), { status: '5xx' })).toBe(false);
    expect(isWantedLine(line({}), { keyId: 'other0000000' })).toBe(false);
    for (const text of ['', 'hello', '{"_aws":{}}', '{"decision":']) expect(isWantedLine(text, {})).toBe(false);
  });

  it('prints a line a person reads, which no caller can use to colour the screen', () => {
    expect(logLine(line({ path: '/\u001b[31m' }))).toBe(
      '2026-11-24T10:00:00+00:00 429 rate GET /?[31m AbCdEf012345 192.0.2.1 0.001 s\n',
    );
  });

  it('refuses a status and a time that make no sense, and an unnamed stack', async () => {
    const logs = (...args: string[]) => cli.run(['logs', ...args]);
    expect((await logs('--local', '--status', 'bad')).stderr).toContain('--status must be a status such as 429');
    expect((await logs('--local', '--since', 'ever')).stderr).toContain('--since must be');
    expect((await cli.spawn(['logs'])).stderr).toContain('whose log?');
  });
});

describe('--help', () => {
  it.each([
    ...['create', 'list', 'show', 'update', 'rotate', 'enable', 'disable', 'revoke', 'delete', 'export', 'import'].map(
      (name) => ['keys', name],
    ),
    ...['usage', 'doctor', 'whoami', 'logs'].map((name) => [name]),
  ])('of %s %s has examples', async (...command) => {
    const { stdout, exitCode } = await cli.run([...command.filter(Boolean), '--help']);
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringMatching(new RegExp(`Examples?:\\n  .*voicegate ${command.filter(Boolean).join(' ')}`)),
    ]);
  });
});

describe('voicegate keys history', () => {
  it('tells who changed a key, what and when, without the values, and no more than the last 20 changes', async () => {
    const created = await keys(['create', '--owner', 'audit', '--json']);
    const { keyId } = JSON.parse(created.stdout) as { readonly keyId: string };
    await keys(['update', keyId, '--label', 'confidential', '--rate', '5']);
    await keys(['disable', keyId]);
    const { stdout } = await cli.spawn(['keys', 'history', keyId, '--table', server.table, '--json'], server.env);
    const entries = JSON.parse(stdout) as { at: string; by: string; what: string }[];
    expect(entries.map(({ what }) => what)).toEqual(['created', 'label, plan', 'disabledAt']);
    for (const { at } of entries) expect(Math.abs(Date.parse(at) - Date.now())).toBeLessThan(600_000);
    expect(stdout).not.toContain('confidential');
    expect((await keys(['show', keyId])).stdout).not.toMatch(/history/i);
    expect((await keys(['history', keyId])).stdout).toMatch(/^TIME +WHAT +BY\n/);

    const { record } = await issue({ history: Array.from({ length: 20 }, (_, at) => ({ at, by: 'a', what: 'b' })) });
    await keys(['disable', record.keyId]);
    const last = (await server.get(record.keyId))?.history ?? [];
    expect([last.length, last[0]?.at, last.at(-1)?.what]).toEqual([20, 1, 'disabledAt']);
  });

  it('says so where nothing is known', async () => {
    const { record } = await issue();
    expect((await keys(['history', record.keyId])).stdout).toContain('nothing is known');
  });
});
