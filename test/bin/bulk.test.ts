import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { COLUMNS, fromRow, toCells, toRow } from '../../bin/keys/exchange-format';
import { withRetention } from '../../bin/keys/life-cycle';
import type { KeyRecord } from '../../contract/key-record';
import { type KeyTableServer, startKeyTable } from '../lambda/authorizer/key-table';
import { issueKey, NOW } from '../lambda/authorizer/keys';
import { commandLine } from './cli';

const seconds = fc.integer({ min: 1, max: 4_000_000_000 });
const words = (...entries: string[]) => fc.uniqueArray(fc.constantFrom(...entries), { minLength: 1 });
const record: fc.Arbitrary<KeyRecord> = fc
  .record(
    {
      keyId: fc.stringMatching(/^[0-9A-Za-z]{12}$/),
      hash: fc.stringMatching(/^[0-9a-f]{64}$/),
      owner: fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
        .filter((text) => !/\p{Cc}|\p{Cs}/u.test(text)),
      label: fc.constantFrom('', '=1+1', 'a,"b"', '语音 服务', ' x '),
      scopes: words('tts:synthesize', 'a', 'b,c'),
      createdAt: seconds,
      previousHash: fc.stringMatching(/^[0-9a-f]{64}$/),
      previousHashUntil: seconds,
      paths: words('/tts', '/v1/*'),
      methods: words('GET', 'POST'),
      sourceCidrs: words('192.0.2.0/24', '2001:db8::/32'),
      plan: fc.record({ requestsPerMinute: fc.integer({ min: 1, max: 1e6 }), burst: fc.integer({ min: 1, max: 1e6 }) }),
      quota: fc.constantFrom(
        { day: { requests: 1 } },
        { day: { characters: 2 }, month: { requests: 3, characters: 4 } },
      ),
      notBefore: seconds,
      expiresAt: seconds,
      revokedAt: seconds,
      disabledAt: seconds,
      lastUsedAt: seconds,
    },
    { requiredKeys: ['keyId', 'hash', 'owner', 'label', 'scopes', 'createdAt'] },
  )
  .map(withRetention);

describe('a key in a file', () => {
  it('reads back as it was, from JSON and from CSV', () => {
    fc.assert(
      fc.property(record, (value) => {
        expect(fromRow(JSON.parse(JSON.stringify(toRow(value))), NOW)).toEqual(value);
        const csv = stringify([[...COLUMNS], [...toCells(toRow(value))]]);
        const [row] = parse(csv, { columns: true, bom: true }) as Record<string, string>[];
        expect(fromRow(row ?? {}, NOW)).toEqual(value);
      }),
    );
  });

  it('needs an id, a hash and an owner, and gets the rest', () => {
    const { keyId, hash } = issueKey().record;
    expect(fromRow({ keyId, hash, owner: 'acme' }, NOW)).toEqual({
      keyId,
      hash,
      owner: 'acme',
      label: '',
      scopes: [],
      createdAt: NOW,
    });
  });

  it.each([
    [{ hash: undefined }, 'hash is missing'],
    [{ hash: 'SECRET' }, 'hash must be the SHA-256 of a secret'],
    [{ previousHash: 'SECRET' }, 'previousHash must be the SHA-256'],
    [{ keyId: 'abc' }, 'keyId must be the 12 letters and digits'],
    [{ paths: ['tts'] }, 'paths must be an absolute path'],
    [{ methods: 'GET FETCH' }, 'methods must be one of'],
    [{ sourceCidrs: [1] }, 'sourceCidrs must be a list of texts'],
    [{ quota: 'week:requests=1' }, 'quota must be minute, hour, day or month'],
    [{ burst: '3' }, 'requestsPerMinute and burst need each other'],
    [{ requestsPerMinute: 0, burst: 1 }, 'requestsPerMinute must be a whole number from 1'],
    [{ expiresAt: '30d' }, 'expiresAt must be a date'],
    [{ owner: { a: 1 } }, 'owner must be text'],
  ])('is refused by the name of what is wrong, never with a hash’s value: %j', (changes, message) => {
    const row = { ...toRow(issueKey().record), ...changes };
    expect(() => fromRow(row, NOW)).toThrow(message);
    expect(() => fromRow(row, NOW)).not.toThrow('SECRET');
  });
});

describe('voicegate keys export and import', () => {
  const cli = commandLine();
  let source: KeyTableServer;
  let target: KeyTableServer;
  beforeAll(async () => {
    source = await startKeyTable();
    for (let i = 0; i < 30; i++) await source.put(issueKey({ owner: `owner ${i % 3}`, label: `a,"${i}"` }).record);
  });
  afterAll(async () => {
    await source?.stop();
  });
  beforeAll(async () => {
    target = await startKeyTable();
  });
  afterEach(async () => {
    await target.stop();
    target = await startKeyTable();
  });
  afterAll(() => target.stop());

  const inSource = (...args: string[]) => cli.run(['keys', ...args, '--table', source.table], source.env);
  const inTarget = (...args: string[]) => cli.run(['keys', ...args, '--table', target.table], target.env);
  const listOf = async (run: typeof inSource) =>
    JSON.parse((await run('export')).stdout) as readonly { keyId: string }[];
  const sorted = (rows: readonly { keyId: string }[]) => [...rows].sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
  let files = 0;
  const newPath = (ending: string) => join(cli.directory, `keys-${files++}.${ending}`);

  it.each(['json', 'csv'])(
    'move all keys to another table by %s, and again without changing anything',
    async (ending) => {
      const file = newPath(ending);
      expect(await cli.spawn(['keys', 'export', '--output', file, '--table', source.table], source.env)).toMatchObject({
        exitCode: 0,
        stderr: '',
      });
      // It holds hashes: for its owner alone.
      expect(statSync(file).mode & 0o077).toBe(0);
      const first = await cli.spawn(['keys', 'import', file, '--table', target.table, '--json'], target.env);
      // Where it takes longer than two seconds it tells how far it is.
      expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^(\d+ of 30 rows, \d+ s\n)*$/) });
      expect(JSON.parse(first.stdout)).toMatchObject({ created: 30, conflict: 0, invalid: 0 });
      expect(sorted(await listOf(inTarget))).toEqual(sorted(await listOf(inSource)));
      const again = await inTarget('import', file, '--report', newPath('report'), '--json');
      expect(JSON.parse(again.stdout)).toMatchObject({ created: 0, unchanged: 30 });
    },
  );

  it('go on where an import was cut short, and do a corrected row again', async () => {
    const file = newPath('json');
    const rows = await listOf(inSource);
    const broken = rows.map((row, index) => (index === 3 ? { ...row, paths: ['nonsense'] } : row));
    writeFileSync(file, JSON.stringify(broken));
    const first = await inTarget('import', file, '--json');
    expect(first.exitCode).toBe(1);
    expect(first.stderr).toContain('1 of 30 rows were not imported');
    const report = readFileSync(`${file}.report`, 'utf8');
    expect(report).toContain('"row":4');
    expect(report).toContain('paths must be an absolute path');
    // As if it had been killed in the middle of a line.
    writeFileSync(`${file}.report`, report.slice(0, report.length / 2));
    writeFileSync(file, JSON.stringify(rows));
    const second = JSON.parse((await inTarget('import', file, '--json')).stdout);
    expect(second.created).toBe(1);
    expect(second.doneBefore).toBeGreaterThan(5);
    expect(second.doneBefore + second.unchanged + second.created).toBe(30);
    expect(sorted(await listOf(inTarget))).toEqual(sorted(rows));
  });

  it('leave a key that is there as it is, and say so', async () => {
    const [row] = await listOf(inSource);
    const { record: other } = issueKey();
    await target.put({ ...other, keyId: row?.keyId ?? '' });
    const file = newPath('json');
    writeFileSync(file, JSON.stringify([row]));
    const { exitCode, stdout } = await inTarget('import', file, '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ conflict: 1, created: 0 });
    expect((await target.get(row?.keyId ?? ''))?.hash).toBe(other.hash);
  });

  it('refuse a report about another table, instead of taking its rows for done', async () => {
    const file = newPath('json');
    await inSource('export', '--output', file);
    writeFileSync(`${file}.report`, `${JSON.stringify({ target: 'another-table in us-east-1' })}\n`);
    const { exitCode, stderr } = await inTarget('import', file);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`is not the report of an import into ${target.table} in us-east-1`);
  });

  it.each([
    ['csv', 'keyId,hash,owner,secret\na,b,c,PRIVATE\n', 'has no column "secret"'],
    ['csv', 'keyId,hash\n"a', 'is not valid CSV: CSV_QUOTE_NOT_CLOSED'],
    ['json', '[{"key":"PRIVATE"}]', 'has no column "key"'],
    ['json', '{"PRIVATE":', 'is not valid JSON'],
    ['json', '[["PRIVATE"]]', 'must hold an array of objects'],
    ['txt', '', 'give --format csv or --format json'],
  ])('refuse a %s file that is not one of keys, before anything is written: %j', async (ending, content, message) => {
    const file = newPath(ending);
    writeFileSync(file, content);
    const { exitCode, stderr } = await inTarget('import', file);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('PRIVATE');
    expect(exitCode).toBe(2);
    expect(await listOf(inTarget)).toEqual([]);
  });

  it('name a file that is not there, and overwrite none', async () => {
    const missing = await inTarget('import', newPath('csv'));
    expect(missing).toMatchObject({ exitCode: 3 });
    expect(missing.stderr).toContain('ENOENT');
    const file = newPath('csv');
    writeFileSync(file, 'precious');
    const existing = await inSource('export', '--output', file);
    expect(existing).toMatchObject({ exitCode: 1 });
    expect(existing.stderr).toContain('it is there already');
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });
});
