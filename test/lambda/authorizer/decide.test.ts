import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatApiKey, generateApiKey, parseApiKey } from '../../../contract/api-key';
import { refusal } from '../../../contract/decision';
import type { KeyRecord } from '../../../contract/key-record';
import { decide, decideKey } from '../../../lambda/authorizer/decide';
import { KeyStoreError } from '../../../lambda/authorizer/key-store';
import { digestOf, type IssuedKey, issueKey, NOW, storeOf } from './keys';

const config = { positiveTtl: 60, negativeTtl: 10 };
const decideAt = (issued: IssuedKey, now = NOW) => decideKey(issued.key, issued.record, now, config);
const denied = (reason: string, ttl = 10) => ({ outcome: 'deny', status: 401, reason, ttl });

describe('a decision about a key', () => {
  it('allows a good one, with everything its record grants', () => {
    const issued = issueKey({
      notBefore: NOW - 1,
      expiresAt: NOW + 1000,
      paths: ['/tts'],
      methods: ['POST'],
      sourceCidrs: ['192.0.2.0/24'],
      plan: { requestsPerMinute: 60, burst: 10 },
    });
    expect(decideAt(issued)).toEqual({
      outcome: 'allow',
      ttl: 60,
      grant: {
        principal: 'acme',
        keyId: issued.key.keyId,
        scopes: ['tts:synthesize'],
        notBefore: NOW - 1,
        expires: NOW + 1000,
        paths: ['/tts'],
        methods: ['POST'],
        sourceCidrs: ['192.0.2.0/24'],
        rate: { requestsPerMinute: 60, burst: 10 },
      },
    });
  });

  it('adds no constraint that the record has not', () => {
    const { record, key } = issueKey();
    const decision = decideKey(key, record, NOW, config);
    expect(decision.outcome === 'allow' && Object.keys(decision.grant)).toEqual(['principal', 'keyId', 'scopes']);
  });

  it('refuses an unknown key and a wrong secret alike', () => {
    const { record } = issueKey();
    const guess = { ...generateApiKey(randomBytes), keyId: record.keyId };
    expect(decideKey(guess, record, NOW, config)).toEqual(denied('unknown'));
    expect(decideKey(guess, undefined, NOW, config)).toEqual(denied('unknown'));
  });

  it('says that a key is revoked, disabled or expired only to who knows the secret', () => {
    const { record } = issueKey({ revokedAt: NOW - 1, disabledAt: NOW - 1, expiresAt: NOW - 1 });
    const guess = { ...generateApiKey(randomBytes), keyId: record.keyId };
    expect(decideKey(guess, record, NOW, config)).toEqual(denied('unknown'));
  });

  it('refuses a record that is another key’s', () => {
    const issued = issueKey();
    expect(decideKey(issued.key, { ...issued.record, keyId: 'abcdefghijkl' }, NOW, config)).toEqual(denied('unknown'));
  });

  it('refuses revoked before disabled before expired before not yet valid', () => {
    const all = { revokedAt: NOW, disabledAt: NOW, expiresAt: NOW, notBefore: NOW + 5 };
    const { revokedAt: _1, ...disabled } = all;
    const { disabledAt: _2, ...expired } = disabled;
    const { expiresAt: _3, ...early } = expired;
    expect(decideAt(issueKey(all))).toEqual(denied('revoked'));
    expect(decideAt(issueKey(disabled))).toEqual(denied('disabled'));
    expect(decideAt(issueKey(expired))).toEqual(denied('expired'));
    expect(decideAt(issueKey(early))).toEqual(denied('not-yet-valid', 5));
  });

  it('takes the secret before the last rotation until its grace ends, and never longer', () => {
    const old = issueKey();
    const rotated: KeyRecord = {
      ...old.record,
      hash: digestOf('new'),
      previousHash: old.record.hash,
      previousHashUntil: NOW + 30,
    };
    expect(decideKey(old.key, rotated, NOW, config)).toMatchObject({
      outcome: 'allow',
      ttl: 30,
      grant: { expires: NOW + 30 },
    });
    expect(decideKey(old.key, rotated, NOW + 30, config)).toEqual(denied('expired'));
    expect(decideKey(old.key, { ...rotated, previousHashUntil: undefined }, NOW, config)).toEqual(denied('expired'));
    expect(decideKey({ ...old.key, secret: 'new' }, rotated, NOW + 30, config)).toMatchObject({ ttl: 60 });
  });

  it('is never cached past the moment at which it changes', () => {
    const instants = fc.record(
      {
        notBefore: fc.integer({ min: NOW - 100, max: NOW + 100 }),
        expiresAt: fc.integer({ min: NOW - 100, max: NOW + 100 }),
        previousHashUntil: fc.integer({ min: NOW - 100, max: NOW + 100 }),
      },
      { requiredKeys: [] },
    );
    const now = fc.double({ min: NOW - 50, max: NOW + 50, noNaN: true });
    fc.assert(
      fc.property(instants, now, fc.boolean(), (changes, at, usesPrevious) => {
        const { key, record } = issueKey(changes);
        const rotated = usesPrevious ? { ...record, hash: digestOf('new'), previousHash: record.hash } : record;
        const first = decideKey(key, rotated, at, config);
        expect(first.ttl).toBeGreaterThanOrEqual(0);
        expect(first.ttl).toBeLessThanOrEqual(first.outcome === 'allow' ? 60 : 10);
        const last = decideKey(key, rotated, at + first.ttl - 1e-3, config);
        if (first.ttl > 0) expect(last.outcome).toBe(first.outcome);
        // What the gate evaluates on every hit must agree with a fresh decision, whatever the cache does.
        if (first.outcome === 'allow') {
          const facts = { method: 'GET', path: '/', sourceIp: '192.0.2.1', now: at + 40 };
          const fresh = decideKey(key, rotated, at + 40, config);
          expect(refusal(first.grant, facts) === undefined).toBe(fresh.outcome === 'allow');
        }
      }),
    );
  });

  it('asks the store for well-formed keys only', async () => {
    const unreachable = { ...storeOf(), get: () => Promise.reject(new KeyStoreError('must not be asked')) };
    for (const kind of ['missing', 'malformed', 'conflict'] as const) {
      expect(await decide({ kind }, unreachable, () => NOW, config)).toEqual(denied(kind));
    }
    const key = parseApiKey(formatApiKey(generateApiKey(randomBytes)));
    if (key === undefined) throw new Error('a generated key must be well-formed');
    await expect(decide({ kind: 'key', key }, unreachable, () => NOW, config)).rejects.toThrow(KeyStoreError);
    expect(await decide({ kind: 'key', key }, storeOf(), () => NOW, config)).toEqual(denied('unknown'));
  });

  it('notes a use when the last note is five minutes old, and never that of a refused key', async () => {
    const noted: number[] = [];
    const useOf = async ({ key, record }: IssuedKey, now: number) => {
      const store = { ...storeOf(record), markUsed: async (_: string, at: number) => void noted.push(at) };
      await decide({ kind: 'key', key }, store, () => now, config);
    };
    await useOf(issueKey(), NOW + 0.5);
    await useOf(issueKey({ lastUsedAt: NOW }), NOW + 299);
    await useOf(issueKey({ lastUsedAt: NOW }), NOW + 300);
    await useOf(issueKey({ revokedAt: NOW }), NOW);
    await useOf({ ...issueKey(), record: issueKey().record }, NOW);
    expect(noted).toEqual([NOW, NOW + 300]);
  });
});
