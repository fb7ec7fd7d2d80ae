import { describe, expect, it } from 'vitest';
import { encodeDecision } from '../../../../contract/authorizer-answer';
import { clientNetwork } from '../../../../contract/cidr';
import type { Decision } from '../../../../contract/decision';
import {
  type AuthorizePorts,
  askAuthorizer,
  cachedVerdict,
  type Verdict,
} from '../../../../gate/core/decision/authorize';
import type { InvokeResponse } from '../../../../gate/core/decision/authorizer-answer';
import { noteFailure, noteRefused } from '../../../../gate/core/limits/abuse';
import { grantHeaders } from '../../../../gate/core/request/request-headers';
import { gateOptions } from '../../support/bundle';
import { MemoryCounter, MemoryDict } from '../../support/fake-dict';

const grant = { principal: 'alice', keyId: 'k', scopes: [] };

/** An authorizer and its cache under a clock that moves only when somebody sleeps. */
function world(changes: Parameters<typeof gateOptions>[0] = {}) {
  const clock = { now: 1_795_000_000_000 };
  let invocations = 0;
  let answer: () => Promise<InvokeResponse> = async () => decided({ outcome: 'allow', grant, ttl: 60 });
  const ports: AuthorizePorts = {
    settings: { options: gateOptions(changes), upstream: '127.0.0.1:1' },
    allow: new MemoryDict<string>(clock),
    deny: new MemoryDict<string>(clock),
    flights: new MemoryCounter(clock),
    limits: new MemoryCounter(clock),
    abuse: new MemoryCounter(clock),
    now: () => clock.now,
    sleep: async (milliseconds) => {
      clock.now += milliseconds;
      await new Promise((resolve) => setImmediate(resolve));
    },
    invoke: () => {
      invocations++;
      return answer();
    },
    count: () => undefined,
    tell: () => undefined,
    warn: () => undefined,
  };
  const held = new Set<string>();
  return {
    clock,
    ports,
    held,
    answers: (next: () => Promise<InvokeResponse>) => {
      answer = next;
    },
    ask: (cacheKey = 'key', network = 'client'): Promise<Verdict> =>
      askAuthorizer(
        ports,
        { cacheKey, network, event: () => '{}' },
        { hold: (key) => held.add(key), release: (key) => held.delete(key) },
      ),
    invocations: () => invocations,
  };
}

function decided(decision: Decision): InvokeResponse {
  const payload = JSON.stringify({ isAuthorized: decision.outcome === 'allow', context: encodeDecision(decision) });
  return { status: 200, functionError: undefined, payload };
}

const failing = async (): Promise<InvokeResponse> => {
  throw new Error('connection refused');
};

describe('askAuthorizer', () => {
  it('keeps an allow for its own time, and gives back all it held', async () => {
    const { ask, ports, clock, held } = world();
    expect(await ask()).toMatchObject({ kind: 'allow', allow: { grant, lines: grantHeaders(grant) }, cache: 'miss' });
    expect(held).toEqual(new Set());
    clock.now += 59_999;
    expect(cachedVerdict(ports, 'key')).toMatchObject({
      kind: 'allow',
      allow: { grant, lines: grantHeaders(grant) },
      cache: 'hit',
    });
    clock.now += 1;
    expect(cachedVerdict(ports, 'key')).toBeUndefined();
  });

  it('serves an allow within its grace while the authorizer fails, counted from the last decision', async () => {
    const { ask, answers, clock } = world({ authorizer: { staleGrace: 300 } });
    await ask();
    answers(failing);
    clock.now += 299_000;
    expect(await ask()).toMatchObject({ kind: 'allow', allow: { grant, lines: grantHeaders(grant) }, cache: 'stale' });
    clock.now += 1_000;
    expect(await ask()).toMatchObject({ kind: 'failure' });
  });

  it('serves nothing stale when the grace is switched off', async () => {
    const { ask, answers, clock } = world({ authorizer: { staleGrace: 0 } });
    await ask();
    answers(failing);
    clock.now += 60_000;
    expect(await ask()).toMatchObject({ kind: 'failure' });
  });

  it('serves nothing stale past the expiry of the key', async () => {
    const { ask, answers, clock, ports } = world();
    const expires = clock.now / 1000 + 90;
    answers(async () => decided({ outcome: 'allow', grant: { ...grant, expires }, ttl: 60 }));
    await ask();
    answers(failing);
    clock.now += 89_000;
    expect(await ask()).toMatchObject({ kind: 'allow', cache: 'stale' });
    clock.now += 1_000;
    expect(ports.allow.get('key')).toBeUndefined();
  });

  it('takes an answer that cannot be read for a failure', async () => {
    const { ask, answers } = world();
    answers(async () => ({ status: 200, functionError: undefined, payload: '{"isAuthorized":"true"}' }));
    expect(await ask()).toEqual({ kind: 'failure', reason: 'malformed' });
  });

  it('asks once for all that wait, and tells them when it failed', async () => {
    const { ask, answers, invocations } = world();
    let land = () => {};
    answers(async () => {
      await new Promise<void>((resolve) => {
        land = resolve;
      });
      return decided({ outcome: 'deny', status: 401, reason: 'unknown', ttl: 10 });
    });
    const waiting = Array.from({ length: 24 }, () => ask());
    await new Promise((resolve) => setImmediate(resolve));
    land();
    const verdicts = await Promise.all(waiting);
    expect(invocations()).toBe(1);
    expect(verdicts.every((verdict) => verdict.kind === 'deny' && verdict.status === 401)).toBe(true);

    answers(failing);
    const failed = await Promise.all(Array.from({ length: 24 }, () => ask('other')));
    expect(invocations()).toBe(2);
    expect(failed.every((verdict) => verdict.kind === 'failure')).toBe(true);
  });

  describe('while a decision is waited for', () => {
    const pending = () => {
      const all = world({ limits: { inFlight: 8, queue: 16 } });
      const land: (() => void)[] = [];
      all.answers(async () => {
        await new Promise<void>((resolve) => land.push(resolve));
        return decided({ outcome: 'deny', status: 401, reason: 'unknown', ttl: 10 });
      });
      const kinds: string[] = [];
      const wait = async (count: number, network: string | ((i: number) => string), cacheKey = 'key') => {
        for (let i = 0; i < count; i++) {
          const from = typeof network === 'string' ? network : network(i);
          void all.ask(cacheKey, from).then(({ kind }) => kinds.push(kind));
        }
        await new Promise((resolve) => setImmediate(resolve));
      };
      return { ...all, land, kinds, wait };
    };

    it('lets 24 of one client wait and 64 of all, so that those who are known find room', async () => {
      const { kinds, wait, ports, held, land } = pending();
      await wait(30, '192.0.2.1');
      expect(kinds).toEqual(Array(6).fill('busy'));
      await wait(24, '192.0.2.2');
      await wait(20, '192.0.2.3');
      expect(kinds).toEqual(Array(10).fill('busy'));
      await wait(1, '192.0.2.4', 'another');
      expect(kinds).toEqual(Array(11).fill('busy'));
      for (const one of land) one();
      await expect.poll(() => kinds.length).toBe(75);
      expect(held).toEqual(new Set());
      expect([...Array(64).keys()].filter((i) => ports.flights.get(`w*${i}`) !== undefined)).toEqual([]);
    });

    it('lets half as many wait of clients that have failed, so that newcomers find a place', async () => {
      const { kinds, wait, ports, land } = pending();
      const failed = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'];
      for (const network of failed.slice(2)) noteFailure(ports, network, undefined);
      // Who waits for what another one has asked fails with it.
      for (const network of failed.slice(0, 2)) noteRefused(ports, network);
      for (const network of failed) await wait(20, network);
      expect(kinds).toEqual(Array(80 - 32).fill('busy'));
      await wait(20, '192.0.2.5', 'another');
      expect(kinds).toHaveLength(80 - 32);
      for (const one of land) one();
    });

    it('counts all networks of a customer with IPv6 as one client', async () => {
      const { kinds, wait, land } = pending();
      await wait(30, (n) => clientNetwork(`2001:db8:1:${n.toString(16)}::1`) ?? '');
      expect(kinds).toEqual(Array(6).fill('busy'));
      for (const one of land) one();
    });
  });

  it('looks up no more unknown credentials of a customer with IPv6 than of ten clients', async () => {
    const { ask, answers, invocations } = world({ limits: { missesPerMinute: 2 } });
    answers(async () => decided({ outcome: 'deny', status: 401, reason: 'unknown', ttl: 10 }));
    const from = (site: number, n: number) => clientNetwork(`2001:db8:${site}:${n.toString(16)}::1`) ?? '';
    for (let n = 0; n < 20; n++) expect(await ask(`bad${n}`, from(1, n))).toMatchObject({ kind: 'deny' });
    expect(await ask('bad20', from(1, 20))).toMatchObject({ kind: 'busy', reason: 'misses', retryAfter: 60 });
    expect(await ask('bad21', from(2, 20))).toMatchObject({ kind: 'deny' });
    expect(invocations()).toBe(21);
  });

  it('goes on when the worker that asked has died with its lease', async () => {
    const { ask, ports, invocations } = world({ authorizer: { timeout: 1000 } });
    ports.flights.add('key', 1, 500);
    expect(await ask()).toMatchObject({ kind: 'allow' });
    expect(invocations()).toBe(1);
  });

  it('counts only credentials that turn out unknown against their client', async () => {
    const { ask, answers } = world({ limits: { missesPerMinute: 2 } });
    for (let i = 0; i < 5; i++) expect(await ask(`good${i}`)).toMatchObject({ kind: 'allow' });
    answers(async () => decided({ outcome: 'deny', status: 401, reason: 'unknown', ttl: 10 }));
    expect(await ask('bad1')).toMatchObject({ kind: 'deny' });
    expect(await ask('bad2')).toMatchObject({ kind: 'deny' });
    expect(await ask('bad3')).toMatchObject({ kind: 'busy', reason: 'misses', retryAfter: 60 });
    expect(await ask('bad3', 'another client')).toMatchObject({ kind: 'deny' });
  });

  it('lets no refusal evict an allow, nor stand beside it', async () => {
    const { ask, answers, ports, clock } = world();
    await ask();
    clock.now += 60_000;
    answers(async () => decided({ outcome: 'deny', status: 403, reason: 'disabled', ttl: 10 }));
    expect(await ask()).toMatchObject({ kind: 'deny', status: 403, cache: 'miss' });
    expect(ports.allow.get('key')).toBeUndefined();
    answers(async () => decided({ outcome: 'allow', grant, ttl: 60 }));
    clock.now += 10_000;
    await ask();
    expect(ports.deny.get('key')).toBeUndefined();
  });

  it('tells a cached 429 how long it still lasts', async () => {
    const { ask, answers, ports, clock } = world();
    answers(async () => decided({ outcome: 'deny', status: 429, reason: 'quota', ttl: 30, retryAfter: 100 }));
    expect(await ask()).toMatchObject({ kind: 'deny', status: 429, retryAfter: 100 });
    clock.now += 20_500;
    expect(cachedVerdict(ports, 'key')).toMatchObject({ retryAfter: 80, cache: 'hit' });
  });
});
