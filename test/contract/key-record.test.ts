import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromItem, type KeyRecord, toItem } from '../../contract/key-record';
import { anyText } from '../support/any-text';

const seconds = fc.nat(4_000_000_000);
const text = anyText({ maxLength: 50 });
const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const list = fc.array(text, { maxLength: 4 });
const record: fc.Arbitrary<KeyRecord> = fc.record(
  {
    keyId: text,
    hash,
    owner: text,
    label: text,
    scopes: list,
    createdAt: seconds,
    previousHash: hash,
    previousHashUntil: seconds,
    paths: list,
    methods: list,
    sourceCidrs: list,
    plan: fc.record({ requestsPerMinute: fc.integer({ min: 1 }), burst: fc.integer({ min: 1 }) }),
    quota: fc.constantFrom({ day: { requests: 1 } }, { day: { characters: 2 }, month: { requests: 3, characters: 4 } }),
    notBefore: seconds,
    expiresAt: seconds,
    revokedAt: seconds,
    disabledAt: seconds,
    lastUsedAt: seconds,
    deleteAt: seconds,
    version: seconds,
  },
  { requiredKeys: ['keyId', 'hash', 'owner', 'label', 'scopes', 'createdAt'] },
);
const example: KeyRecord = {
  keyId: 'k',
  hash: 'a'.repeat(64),
  owner: 'o',
  label: 'l',
  scopes: ['tts:synthesize'],
  createdAt: 1,
};

describe('a key record in DynamoDB', () => {
  it('reads back as it was', () => {
    fc.assert(
      fc.property(record, (value) => {
        expect(fromItem(toItem(value))).toEqual(value);
      }),
    );
  });

  it('leaves out what is undefined, and attributes of a newer version', () => {
    expect(toItem({ ...example, notBefore: undefined })).toEqual(toItem(example));
    expect(fromItem({ ...toItem(example), colour: { N: '5' } })).toEqual(example);
  });

  it('is refused by the name of what is missing or wrong, never by its value', () => {
    const item = toItem(example);
    for (const name of ['keyId', 'hash', 'owner', 'label', 'scopes', 'createdAt']) {
      const { [name]: _, ...rest } = item;
      expect(() => fromItem(rest)).toThrow(`attribute ${name} must be`);
    }
    const wrong = {
      hash: { S: 'SECRET' },
      previousHash: { S: 'SECRET' },
      paths: { S: 'SECRET' },
      sourceCidrs: { L: [{ N: '1' }] },
      expiresAt: { S: 'SECRET' },
      revokedAt: { N: 'SECRET' },
      quota: { M: { week: { M: { requests: { N: '1' } } } } },
      plan: { M: { requestsPerMinute: { N: '0' }, burst: { N: '1' } } },
    } as const;
    for (const [name, attribute] of Object.entries(wrong)) {
      expect(() => fromItem({ ...item, [name]: attribute })).toThrow(`attribute ${name} must be`);
      expect(() => fromItem({ ...item, [name]: attribute })).not.toThrow('SECRET');
    }
  });

  it('with a constraint of a kind it cannot read is refused, not unconstrained', () => {
    // A string set, as another tool might write it.
    const item = { ...toItem(example), paths: { SS: ['/tts'] } };
    expect(() => fromItem(item as never)).toThrow('attribute paths must be a list of strings');
  });
});
