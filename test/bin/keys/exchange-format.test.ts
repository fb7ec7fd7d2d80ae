import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../bin/command-error';
import { assertColumns, COLUMNS, fromRow, toCells, toRow } from '../../../bin/keys/exchange-format';
import type { KeyRecord } from '../../../contract/key-record';

const NOW = 1_795_000_000;
const HASH = 'a'.repeat(64);
const record: KeyRecord = {
  version: 7,
  keyId: 'abcdefghijkl',
  hash: HASH,
  owner: 'alice 你好',
  label: '',
  scopes: ['tts:synthesize', 'b'],
  createdAt: NOW,
  expiresAt: NOW + 86_400,
  plan: { requestsPerMinute: 60, burst: 10 },
  quota: { day: { requests: 5 } },
  sourceCidrs: ['203.0.113.0/24'],
  paths: ['/tts'],
  methods: ['GET', 'POST'],
};
const csv = (cells: readonly string[]) => Object.fromEntries(COLUMNS.map((name, i) => [name, cells[i]]));

describe('a key in a file', () => {
  it('is the same key again, from JSON and from CSV', () => {
    const { version: _, ...terms } = record;
    const row = toRow(record);
    expect(fromRow(JSON.parse(JSON.stringify(row)), 0)).toMatchObject(terms);
    expect(fromRow(csv(toCells(row)), 0)).toMatchObject(terms);
  });

  it('has no column for what only the table knows, and names those it has', () => {
    expect(Object.keys(toRow(record)).every((name) => COLUMNS.includes(name))).toBe(true);
    expect(() => assertColumns(['keyId', 'secret'])).toThrow(
      /no column "secret"; allowed: keyId, owner, .*never a key/,
    );
  });

  it('is made now where the file does not say when', () => {
    const { createdAt: _, ...row } = toRow(record);
    expect(fromRow(row, NOW + 5).createdAt).toBe(NOW + 5);
  });

  it.each([
    [{ keyId: '' }, 'keyId is missing'],
    [{ hash: 'vg_abcdefghijkl_secret' }, /^hash must be the SHA-256 of a secret in 64/],
    [{ previousHash: 'A'.repeat(64) }, /^previousHash must be the SHA-256/],
    [{ burst: '' }, 'requestsPerMinute and burst need each other'],
    [{ owner: ['a'] }, 'owner must be text'],
    [{ scopes: [1] }, 'scopes must be a list of texts'],
  ])('that is wrong (%j) is refused by its column, and what may be a secret is not repeated', (wrong, message) => {
    const read = () => fromRow({ ...toRow(record), ...wrong }, NOW);
    expect(read).toThrow(UsageError);
    expect(read).toThrow(message);
    expect(read).not.toThrow(/vg_|AAAA/);
  });
});
