import { describe, expect, it } from 'vitest';
import { columns, keyDetails, keysTable, keyView } from '../../../bin/keys/presentation';
import type { KeyRecord } from '../../../contract/key-record';

const NOW = 1_795_000_000;
const record: KeyRecord = {
  version: 1,
  keyId: 'abcdefghijkl',
  hash: 'c0ffee'.repeat(10).padEnd(64, '0'),
  previousHash: 'decade'.repeat(10).padEnd(64, '0'),
  owner: 'alice',
  label: 'laptop',
  scopes: [],
  createdAt: NOW,
};

describe('keys on the terminal', () => {
  it('never show a hash', () => {
    const shown = keysTable([record], NOW) + keyDetails(record, NOW) + JSON.stringify(keyView(record, NOW));
    expect(shown).not.toMatch(/c0ffee|decade/i);
  });

  it('say that there are none, when a key ends, and that one was never used', () => {
    expect(keysTable([], NOW)).toBe('no keys\n');
    const [header, row] = keysTable([record], NOW).split('\n');
    expect(header).toMatch(/^KEYID +STATUS +OWNER +LABEL +SCOPES +CREATED +EXPIRES +LAST USED$/);
    expect(row).toMatch(/^abcdefghijkl +active +alice +laptop +\d{4}-\d\d-\d\d +never +-$/);
  });

  it('stand under each other, also where a character is two columns wide', () => {
    const lines = columns([
      ['你好', 'x'],
      ['ab', 'y'],
    ]).split('\n');
    expect(lines).toEqual(['你好  x', 'ab    y', '']);
  });

  it('cannot move the cursor: control characters of somebody’s text are written out', () => {
    expect(columns([['\u001b[2Jowned\u202e', 'x']])).toBe('\\u001b[2Jowned\\u202e  x\n');
  });
});
