import { describe, expect, it } from 'vitest';
import { decodeDecision } from '../../../contract/authorizer-answer';
import type { AuthorizerEvent, PolicyAnswer, SimpleAnswer } from '../../../contract/authorizer-event';
import type { KeyRecord } from '../../../contract/key-record';
import type { QuotaCounter } from '../../../contract/quota-counter';
import { readConfig } from '../../../lambda/authorizer/config';
import { createHandler, type LogEntry } from '../../../lambda/authorizer/handler';
import { type KeyStore, KeyStoreError } from '../../../lambda/authorizer/key-store';
import type { QuotaStore } from '../../../lambda/authorizer/quota-store';
import { gateEvent, httpApiEvent, restApiEvent, tokenEvent } from './events';
import { issueKey, NOW, storeOf } from './keys';

/** Counters in memory; the real store has tests of its own. */
function quotaStore(): QuotaStore {
  const counters = new Map<string, QuotaCounter>();
  return {
    read: async (keyId, month) => counters.get(`${keyId} ${month}`),
    write: async (keyId, month, counter) => {
      const known = counters.get(`${keyId} ${month}`)?.version ?? 0;
      if (counter.version !== known + 1) return false;
      counters.set(`${keyId} ${month}`, counter);
      return true;
    },
  };
}

const config = readConfig({ KEY_TABLE_NAME: 'keys' });

function handlerOf(keys: KeyStore) {
  const lines: LogEntry[] = [];
  const quotas = quotaStore();
  const handler = createHandler(config, { keys, quotas, clock: () => NOW, log: (entry) => lines.push(entry) });
  return { handler, lines };
}

const simple = (answer: SimpleAnswer | PolicyAnswer) => {
  if (!('isAuthorized' in answer)) throw new Error('a simple answer was expected');
  return { isAuthorized: answer.isAuthorized, decision: decodeDecision(answer.context) };
};

const leaseOf = (context: Parameters<typeof decodeDecision>[0]) => {
  const decision = decodeDecision(context);
  return decision?.outcome === 'allow' ? decision.lease : undefined;
};

const { text, record } = issueKey({ paths: ['/v1/*'] });
const bearer = { authorization: `Bearer ${text}` };

describe('the authorizer', () => {
  it('gives the gate the grant with its constraints, for the gate to evaluate', async () => {
    const { handler } = handlerOf(storeOf(record));
    const answer = simple(await handler(gateEvent({ headers: bearer, path: '/tts' })));
    expect(answer).toMatchObject({ isAuthorized: true, decision: { grant: { paths: ['/v1/*'] }, ttl: 60 } });
  });

  it('evaluates the constraints itself for an HTTP API', async () => {
    const { handler } = handlerOf(storeOf(record));
    const refused = simple(await handler(httpApiEvent({ headers: bearer, path: '/tts' })));
    expect(refused).toMatchObject({ isAuthorized: false, decision: { status: 403, reason: 'path' } });
    expect(simple(await handler(httpApiEvent({ headers: bearer, path: '/v1/x' }))).isAuthorized).toBe(true);
  });

  it('states the constraints in a policy for a REST API, by header and by token', async () => {
    const { handler } = handlerOf(storeOf(record));
    for (const event of [restApiEvent({ headers: bearer }), tokenEvent(`Bearer ${text}`)]) {
      const answer = await handler(event);
      expect(answer).toMatchObject({ principalId: 'acme', policyDocument: { Statement: [{ Effect: 'Allow' }, {}] } });
      expect(JSON.stringify(answer)).toContain('/prod/*/v1/*');
    }
  });

  it('grants a gate a lease of the quota, beside the decision, and only when it asks', async () => {
    const metered = issueKey({ quota: { day: { requests: 100 } } });
    const { handler } = handlerOf(storeOf(metered.record));
    const event = gateEvent({ headers: { 'x-api-key': metered.text } });
    const amounts = (requests: number) => ({ requests, characters: 0 });
    const lease = { gate: 'g1', sequence: 1, need: amounts(1), want: amounts(3), unspent: amounts(0) };
    const asked = await handler({ ...event, voicegate: { lease } });
    expect(simple(asked).decision).toMatchObject({ grant: { quota: { day: { requests: 100 } } } });
    expect(leaseOf(asked.context)).toMatchObject({ gate: 'g1', sequence: 1, granted: amounts(3) });
    expect(leaseOf((await handler(event)).context)).toBeUndefined();
    // Asking again with the same number is the same lease, not another one.
    const again = leaseOf((await handler({ ...event, voicegate: { lease } })).context);
    expect(again?.limits[0]?.remaining).toBe(97);
  });

  it('grants no lease to who is refused, and fails on a request for one that it cannot read', async () => {
    const metered = issueKey({ quota: { day: { requests: 100 } } });
    const { handler } = handlerOf(storeOf({ ...metered.record, disabledAt: NOW }));
    const event = gateEvent({ headers: { 'x-api-key': metered.text } });
    const lease = { gate: 'g1', sequence: 0 } as never;
    const refused = await handler({ ...event, voicegate: { lease } });
    expect(simple(refused).isAuthorized).toBe(false);
    expect(leaseOf(refused.context)).toBeUndefined();
    const { handler: allowing } = handlerOf(storeOf(metered.record));
    await expect(allowing({ ...event, voicegate: { lease } })).rejects.toThrow('malformed lease request');
  });

  it('refuses a key with a quota where no gate counts its use', async () => {
    const metered = issueKey({ quota: { month: { characters: 5 } } });
    const { handler } = handlerOf(storeOf(metered.record));
    const headers = { 'x-api-key': metered.text };
    const answer = simple(await handler(httpApiEvent({ headers })));
    expect(answer.decision).toMatchObject({ outcome: 'deny', status: 403, reason: 'quota' });
    for (const event of [restApiEvent({ headers }), tokenEvent(metered.text)]) {
      expect(await handler(event)).toMatchObject({ policyDocument: { Statement: [{ Effect: 'Deny' }] } });
    }
  });

  it.each([
    ['no credential', {}, 'missing'],
    ['two credentials', { 'x-api-key': 'a', authorization: 'Bearer b' }, 'conflict'],
    ['a malformed one', { 'x-api-key': 'nonsense' }, 'malformed'],
    ['an unknown one', { 'x-api-key': issueKey().text }, 'unknown'],
  ])('refuses %s in each format’s way', async (_, headers, reason) => {
    const { handler } = handlerOf(storeOf(record));
    const answer = simple(await handler(gateEvent({ headers })));
    expect(answer).toEqual({
      isAuthorized: false,
      decision: { outcome: 'deny', status: 401, reason, ttl: 10 },
    });
    await expect(handler(restApiEvent({ headers }))).rejects.toThrow(/^Unauthorized$/);
  });

  it('fails when the store fails: no answer, and no Unauthorized', async () => {
    const failing: KeyStore = {
      ...storeOf(),
      get: () => Promise.reject(new KeyStoreError('DynamoDB GetItem: Timeout')),
    };
    const { handler, lines } = handlerOf(failing);
    for (const event of [gateEvent({ headers: bearer }), restApiEvent({ headers: bearer }), tokenEvent(text)]) {
      await expect(handler(event)).rejects.toThrow('no decision: DynamoDB GetItem: Timeout');
    }
    expect(lines[0]).toEqual({
      level: 'error',
      message: 'no decision',
      outcome: 'error',
      reason: 'DynamoDB GetItem: Timeout',
      keyId: record.keyId,
      ms: 0,
    });
  });

  it('refuses an event that is none of an authorizer’s, without repeating it', async () => {
    const { handler } = handlerOf(storeOf(record));
    const foreign = { version: '3.0', type: 'REQUEST', headers: bearer } as unknown as AuthorizerEvent;
    await expect(handler(foreign)).rejects.toThrow('got type "REQUEST", version "3.0"');
    const odd = { type: { secret: text } } as unknown as AuthorizerEvent;
    await expect(handler(odd)).rejects.toThrow('got type (object)');
  });

  it('logs outcome, reason and key id, and nothing else of the event', async () => {
    const good = issueKey();
    const revoked: KeyRecord = { ...issueKey().record, keyId: good.key.keyId, hash: good.record.hash, revokedAt: NOW };
    for (const [stored, expected] of [
      [good.record, { outcome: 'allow' }],
      [revoked, { outcome: 'deny', reason: 'revoked' }],
    ] as const) {
      const { handler, lines } = handlerOf(storeOf(stored));
      const headers = { 'x-api-key': good.text, cookie: 'COOKIE', 'user-agent': 'AGENT' };
      await handler(gateEvent({ headers, path: '/private-path' }));
      expect(lines).toEqual([{ level: 'info', message: 'decision', ...expected, keyId: good.key.keyId, ms: 0 }]);
      const logged = JSON.stringify(lines);
      for (const secret of [good.key.secret, 'COOKIE', 'AGENT', 'private-path']) expect(logged).not.toContain(secret);
    }
  });
});

describe('the authorizer’s configuration', () => {
  it('has the documented defaults', () => {
    expect(config).toEqual({ keyTable: 'keys', keyPrefix: 'vg', positiveTtl: 60, negativeTtl: 10, tokenIssuers: [] });
  });

  it.each([
    [{}, 'KEY_TABLE_NAME must name'],
    [{ KEY_TABLE_NAME: 'keys', KEY_PREFIX: 'V_G' }, 'got "V_G"'],
    [{ KEY_TABLE_NAME: 'keys', POSITIVE_TTL: '3601' }, 'POSITIVE_TTL must be a whole number of seconds from 0 to 3600'],
    [{ KEY_TABLE_NAME: 'keys', NEGATIVE_TTL: '1.5' }, 'got "1.5"'],
    [{ KEY_TABLE_NAME: 'keys', NEGATIVE_TTL: '' }, 'got ""'],
  ])('names what is wrong: %j', (env, message) => {
    expect(() => readConfig(env)).toThrow(message);
  });
});
