import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CREDIT_SECONDS, type LeaseRequest, NOTHING, type Quota } from '../../../contract/quota';
import { EMPTY_COUNTER, monthUse, type QuotaCounter, SHORT_PERIODS } from '../../../contract/quota-counter';
import { grantLease, QuotaContentionError, takeLease } from '../../../lambda/authorizer/quota';
import type { QuotaStore } from '../../../lambda/authorizer/quota-store';

const NOON = Date.UTC(2026, 10, 24, 12) / 1000;
const MIDNIGHT = Date.UTC(2026, 10, 25) / 1000;

function request(changes: Partial<LeaseRequest> = {}): LeaseRequest {
  const need = changes.need ?? { requests: 1, characters: 100 };
  return { gate: 'g1', sequence: 1, need, want: need, unspent: NOTHING, ...changes };
}

function grant(counter: QuotaCounter, quota: Quota, asked: LeaseRequest, now = NOON) {
  const outcome = grantLease(counter, quota, asked, now);
  return { ...outcome, counter: outcome.counter ?? counter, written: outcome.counter !== undefined };
}

describe('a lease', () => {
  const quota: Quota = { day: { requests: 1000, characters: 100_000 } };

  it('is debited before it is spent, and states what is left', () => {
    const { grant: lease, counter } = grant(EMPTY_COUNTER, quota, request({ want: { requests: 10, characters: 900 } }));
    expect(lease).toMatchObject({ sequence: 1, granted: { requests: 10, characters: 900 }, seconds: 60 });
    expect(lease.limits).toEqual([
      { name: 'requests-per-day', quota: 1000, window: 86_400, remaining: 990, resetsIn: 43_200 },
      { name: 'characters-per-day', quota: 100_000, window: 86_400, remaining: 99_100, resetsIn: 43_200 },
    ]);
    expect(monthUse(counter)).toEqual({ requests: 10, characters: 900 });
  });

  it('never outlives the day from which it was debited', () => {
    expect(grant(EMPTY_COUNTER, quota, request(), MIDNIGHT - 7.5).grant.seconds).toBe(7.5);
  });

  it('never outlives the minute or hour from which it was debited', () => {
    expect(grant(EMPTY_COUNTER, { minute: { requests: 9 } }, request(), NOON + 50).grant.seconds).toBe(10);
    expect(grant(EMPTY_COUNTER, { hour: { requests: 9 } }, request(), NOON + 50).grant.seconds).toBe(60);
    expect(grant(EMPTY_COUNTER, { hour: { requests: 9 } }, request(), NOON + 3590).grant.seconds).toBe(10);
  });

  it('asked for twice with one number is one lease, and runs on', () => {
    const first = grant(EMPTY_COUNTER, quota, request({ want: { requests: 9, characters: 100 } }));
    const again = grant(first.counter, quota, request({ unspent: { requests: 9, characters: 0 } }), NOON + 20);
    expect(again.grant).toMatchObject({ granted: first.grant.granted, seconds: 40 });
    expect(again.written).toBe(false);
    const late = grant(first.counter, quota, request(), NOON + 500);
    expect(late.grant).toMatchObject({ granted: first.grant.granted, seconds: 0 });
  });

  it('asked for by a number of the past grants and credits nothing, and tells the present number', () => {
    const { counter } = grant(EMPTY_COUNTER, quota, request({ sequence: 8 }));
    const stale = grant(counter, quota, request({ sequence: 7, unspent: { requests: 1, characters: 100 } }));
    expect(stale.grant).toMatchObject({ sequence: 8, granted: NOTHING });
    expect(stale.written).toBe(false);
  });
});

describe('what is unspent', () => {
  const quota: Quota = { day: { requests: 100, characters: 10_000 }, month: { characters: 12_000 } };
  const first = grant(EMPTY_COUNTER, quota, request({ want: { requests: 5, characters: 500 } }));

  it('is credited at renewal to the day that paid for it', () => {
    const next = request({ sequence: 2, unspent: { requests: 3, characters: 200 } });
    const { counter } = grant(first.counter, quota, next, MIDNIGHT + 60);
    expect(counter.days).toEqual({ 24: { requests: 2, characters: 300 }, 25: { requests: 1, characters: 100 } });
  });

  it('is credited to the minute and hour that paid for it, and to no other', () => {
    const short: Quota = { minute: { requests: 100 }, hour: { requests: 1000 } };
    const five = grant(EMPTY_COUNTER, short, request({ want: { requests: 5, characters: 500 } }));
    const next = request({ sequence: 2, unspent: { requests: 3, characters: 0 } });
    const used = (now: number) => {
      const { minute, hour } = grant(five.counter, short, next, now).counter.windows;
      return [minute?.used.requests, hour?.used.requests];
    };
    expect(used(NOON + 30)).toEqual([3, 3]);
    expect(used(NOON + 90)).toEqual([1, 3]);
    expect(used(NOON + 3600)).toEqual([1, 1]);
  });

  it('of a lease that a limit of a minute came after is no credit of that minute', () => {
    const before = grant(
      EMPTY_COUNTER,
      { day: { requests: 100 } },
      request({ want: { requests: 5, characters: 100 } }),
    );
    const short: Quota = { minute: { requests: 4 } };
    const other = grant(before.counter, short, request({ gate: 'g2', need: { requests: 4, characters: 0 } }), NOON + 1);
    const back = request({ sequence: 2, unspent: { requests: 4, characters: 0 } });
    expect(grant(other.counter, short, back, NOON + 2).grant).toMatchObject({ limited: 'requests-per-minute' });
  });

  it('is credited once, however often the renewal comes', () => {
    const next = request({ sequence: 2, unspent: { requests: 3, characters: 200 } });
    const once = grant(first.counter, quota, next).counter;
    const twice = grant(once, quota, next, NOON + 1);
    expect(twice.written).toBe(false);
    expect(monthUse(twice.counter)).toEqual(monthUse(once));
  });

  it.each([
    ['of another gate', { gate: 'g2', sequence: 2 }],
    ['of a lease before the last', { sequence: 3 }],
    ['that is more than was granted', { sequence: 2, unspent: { requests: 6, characters: 0 } }],
  ])('%s is no credit', (_, changes) => {
    const { counter } = grant(first.counter, quota, request({ unspent: { requests: 3, characters: 200 }, ...changes }));
    expect(monthUse(counter)).toEqual({ requests: 6, characters: 600 });
  });

  it('is credited also when the renewal is refused, and then not again', () => {
    const spent = grant(
      EMPTY_COUNTER,
      { day: { characters: 1000 } },
      request({ need: { requests: 1, characters: 900 } }),
    );
    const next = request({
      sequence: 2,
      need: { requests: 1, characters: 950 },
      unspent: { requests: 0, characters: 40 },
    });
    const refused = grant(spent.counter, { day: { characters: 1000 } }, next);
    expect(refused.grant).toMatchObject({ granted: NOTHING, limited: 'characters-per-day', seconds: 0 });
    expect(refused.grant.limits[0]?.remaining).toBe(140);
    const again = grant(refused.counter, { day: { characters: 1000 } }, next);
    expect(monthUse(again.counter).characters).toBe(860);
    // A refused lease is no lease: the same number may still get one.
    const smaller = grant(
      refused.counter,
      { day: { characters: 1000 } },
      { ...next, need: NOTHING, want: { requests: 1, characters: 40 } },
    );
    expect(smaller.grant.granted).toMatchObject({ characters: 40 });
    expect(monthUse(smaller.counter).characters).toBe(900);
  });

  it('is forgotten a day after the lease ended, with the gate', () => {
    const late = NOON + 60 + CREDIT_SECONDS;
    const other = grant(first.counter, quota, request({ gate: 'g2' }), late);
    expect(Object.keys(other.counter.leases)).toEqual(['g2']);
  });

  it('of at most 256 gates is remembered', () => {
    let counter = EMPTY_COUNTER;
    for (let i = 0; i < 300; i++) {
      counter = grant(counter, { day: { requests: 1e6 } }, request({ gate: `g${i}` }), NOON + i).counter;
    }
    expect(Object.keys(counter.leases)).toHaveLength(256);
    expect(counter.leases.g43).toBeUndefined();
    expect(counter.leases.g299).toBeDefined();
  });
});

describe('a limit', () => {
  it('that leaves less than is needed refuses and writes nothing, however often it is asked', () => {
    const quota: Quota = { day: { requests: 1 } };
    const { counter } = grant(EMPTY_COUNTER, quota, request());
    const refused = grant(counter, quota, request({ gate: 'g2' }));
    expect(refused.grant).toMatchObject({ limited: 'requests-per-day', granted: NOTHING });
    expect(refused.written).toBe(false);
  });

  it('of a day is full again the next day, of a month the next month', () => {
    const quota: Quota = { day: { requests: 1 }, month: { requests: 2 } };
    let counter = grant(EMPTY_COUNTER, quota, request()).counter;
    counter = grant(counter, quota, request({ sequence: 2 }), MIDNIGHT).counter;
    const refused = grant(counter, quota, request({ sequence: 3 }), MIDNIGHT + 86_400);
    expect(refused.grant).toMatchObject({ limited: 'requests-per-month' });
    expect(refused.grant.limits.map(({ resetsIn }) => resetsIn)).toEqual([86_400, 5 * 86_400]);
  });

  it.each([
    ['minute', 60],
    ['hour', 3600],
  ] as const)('of %s is full again when the next begins, and tells when that is', (period, length) => {
    const quota: Quota = { [period]: { requests: 1 } };
    const { counter } = grant(EMPTY_COUNTER, quota, request(), NOON + 10);
    const refused = grant(counter, quota, request({ gate: 'g2' }), NOON + length - 1);
    expect(refused.grant).toMatchObject({ limited: `requests-per-${period}`, granted: NOTHING });
    expect(refused.grant.limits).toEqual([
      { name: `requests-per-${period}`, quota: 1, window: length, remaining: 0, resetsIn: 1 },
    ]);
    const next = grant(counter, quota, request({ gate: 'g2' }), NOON + length);
    expect(next.grant.granted.requests).toBe(1);
  });

  it('of several in the way is the one that resets last', () => {
    const quota: Quota = { day: { requests: 1 }, month: { characters: 100 } };
    const { counter } = grant(EMPTY_COUNTER, quota, request());
    expect(grant(counter, quota, request({ gate: 'g2' })).grant.limited).toBe('characters-per-month');
  });

  it('lowered below what is used refuses, and does not go below zero', () => {
    const { counter } = grant(
      EMPTY_COUNTER,
      { day: { requests: 100 } },
      request({ need: { requests: 50, characters: 0 } }),
    );
    const refused = grant(counter, { day: { requests: 10 } }, request({ gate: 'g2' }));
    expect(refused.grant).toMatchObject({ limited: 'requests-per-day', limits: [{ remaining: 0 }] });
  });
});

describe('the size of a lease', () => {
  const quota: Quota = { day: { requests: 1000 } };
  const greedy = { requests: 500, characters: 100 };

  it('is at most a twentieth of the limit, so that a gate that dies takes little with it', () => {
    expect(grant(EMPTY_COUNTER, quota, request({ want: greedy })).grant.granted.requests).toBe(50);
  });

  it('shrinks towards the end of the quota and with every gate that holds a lease, down to what is needed', () => {
    const sizes: number[] = [];
    let counter = EMPTY_COUNTER;
    for (let i = 0; i < 1000; i++) {
      const outcome = grant(
        counter,
        quota,
        request({ gate: `g${i % 10}`, sequence: 1 + Math.floor(i / 10), want: greedy }),
      );
      counter = outcome.counter;
      sizes.push(outcome.grant.granted.requests);
    }
    expect(sizes.every((size, i) => i === 0 || size <= (sizes[i - 1] ?? 0))).toBe(true);
    expect(sizes.filter((size) => size === 1).length).toBeGreaterThan(10);
    expect(monthUse(counter).requests).toBe(1000);
  });

  it('is at most a quarter of a limit of a minute, and for the part of a minute that is left', () => {
    const short: Quota = { minute: { requests: 1000 } };
    expect(grant(EMPTY_COUNTER, short, request({ want: greedy })).grant.granted.requests).toBe(250);
    expect(grant(EMPTY_COUNTER, short, request({ want: greedy }), NOON + 54).grant.granted.requests).toBe(50);
  });

  it('grants what is needed to the last, if it fits', () => {
    const need = { requests: 1000, characters: 0 };
    expect(grant(EMPTY_COUNTER, quota, request({ need, want: need })).grant.granted.requests).toBe(1000);
  });
});

describe('takeLease', () => {
  const quota: Quota = { day: { requests: 500 } };

  it('gives a hundred gates that ask at once exactly the quota', async () => {
    const store = memoryStore();
    const gates = Array.from({ length: 100 }, (_, i) => `g${i}`);
    let granted = 0;
    for (let sequence = 1; sequence <= 12; sequence++) {
      const answers = await Promise.allSettled(
        gates.map((gate) => takeLease(store, 'k', quota, request({ gate, sequence }), () => NOON)),
      );
      for (const answer of answers) {
        if (answer.status === 'fulfilled') granted += answer.value.granted.requests;
        else expect(answer.reason).toBeInstanceOf(QuotaContentionError);
      }
    }
    expect(granted).toBe(500);
    expect(monthUse(store.counter() ?? EMPTY_COUNTER).requests).toBe(500);
  });

  it('finds its own write again when the answer to it was lost', async () => {
    const store = memoryStore();
    let lost = true;
    const forgetful: QuotaStore = {
      read: store.read,
      async write(...counter) {
        const written = await store.write(...counter);
        if (!lost) return written;
        lost = false;
        return false;
      },
    };
    const lease = await takeLease(forgetful, 'k', quota, request(), () => NOON);
    expect(lease.granted.requests).toBe(1);
    expect(monthUse(store.counter() ?? EMPTY_COUNTER).requests).toBe(1);
  });

  it('fails, rather than refuse or allow, when every write comes second or the store does not answer', async () => {
    const crowded: QuotaStore = { read: async () => undefined, write: async () => false };
    await expect(takeLease(crowded, 'k', quota, request(), () => NOON)).rejects.toThrow(QuotaContentionError);
    const broken: QuotaStore = { read: () => Promise.reject(new Error('down')), write: async () => true };
    await expect(takeLease(broken, 'k', quota, request(), () => NOON)).rejects.toThrow('down');
  });
});

it('whatever gates ask, replay or claim, each window grants at most its quota, net of what was returned', () => {
  const amounts = fc.record({
    requests: fc.integer({ min: 0, max: 12 }),
    characters: fc.integer({ min: 0, max: 300 }),
  });
  const asked = fc.record({
    gate: fc.constantFrom('a', 'b', 'c'),
    sequence: fc.integer({ min: 1, max: 6 }),
    need: amounts,
    extra: amounts,
    unspent: amounts,
    wait: fc.constantFrom(0, 1, 59, 61, 3600, 43_200, 90_000, 6 * 86_400),
  });
  const quota: Quota = {
    minute: { requests: 12, characters: 400 },
    hour: { requests: 15, characters: 450 },
    day: { requests: 20, characters: 500 },
    month: { requests: 30, characters: 600 },
  };
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 40 }), (steps) => {
      let now = NOON;
      const counters = new Map<string, QuotaCounter>();
      for (const { gate, sequence, need, extra, unspent, wait } of steps) {
        now += wait;
        const month = new Date(now * 1000).toISOString().slice(0, 7);
        const want = { requests: need.requests + extra.requests, characters: need.characters + extra.characters };
        const before = counters.get(month) ?? EMPTY_COUNTER;
        const { grant: lease, counter } = grantLease(before, quota, { gate, sequence, need, want, unspent }, now);
        if (counter === undefined) continue;
        expect(counter.version).toBe(before.version + 1);
        counters.set(month, counter);
        // What the counter gained is what was granted, less a credit of no more than that gate's last lease.
        const last = before.leases[gate]?.granted ?? NOTHING;
        for (const unit of ['requests', 'characters'] as const) {
          const gained = monthUse(counter)[unit] - monthUse(before)[unit];
          expect(gained).toBeLessThanOrEqual(lease.granted[unit]);
          expect(gained).toBeGreaterThanOrEqual(lease.granted[unit] - last[unit]);
          expect(monthUse(counter)[unit]).toBeLessThanOrEqual(quota.month?.[unit] ?? 0);
          for (const day of Object.values(counter.days)) {
            expect(day[unit]).toBeLessThanOrEqual(quota.day?.[unit] ?? 0);
            expect(day[unit]).toBeGreaterThanOrEqual(0);
          }
          for (const period of SHORT_PERIODS) {
            expect(counter.windows[period]?.used[unit]).toBeLessThanOrEqual(quota[period]?.[unit] ?? 0);
            expect(counter.windows[period]?.used[unit]).toBeGreaterThanOrEqual(0);
          }
        }
      }
    }),
    { numRuns: 500 },
  );
});

function memoryStore(): QuotaStore & { counter(): QuotaCounter | undefined } {
  const counters = new Map<string, QuotaCounter>();
  return {
    counter: () => [...counters.values()][0],
    read: async (keyId, month) => counters.get(`${keyId} ${month}`),
    async write(keyId, month, counter) {
      const name = `${keyId} ${month}`;
      if ((counters.get(name)?.version ?? 0) !== counter.version - 1) return false;
      counters.set(name, counter);
      return true;
    },
  };
}
