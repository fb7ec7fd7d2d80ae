import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Amounts,
  addAmounts,
  type LeaseGrant,
  type LeaseRequest,
  NOTHING,
  type Quota,
} from '../../contract/quota';
import { EMPTY_COUNTER, monthUse, type QuotaCounter } from '../../contract/quota-counter';
import { acceptLease, type LeasePorts, leaseRequest, pay, payFromLease } from '../../gate/core/quota/lease';
import { grantLease } from '../../lambda/authorizer/quota';
import { MemoryDict } from '../slow/quota/memory-dict';
import { seeded } from '../slow/quota/random';

const NOON = Date.UTC(2026, 10, 24, 12);
const KEY = 'AbCdEfGhIjKl';
const ONE: Amounts = { requests: 1, characters: 0 };
const held = { hold: () => {}, release: () => {} };

let now: number;
beforeEach(() => {
  now = NOON;
});

function gatePorts(id = 'gate-1'): LeasePorts & { readonly allowances: MemoryDict<number> } {
  const clock = () => now;
  return {
    leases: new MemoryDict<string>(clock),
    allowances: new MemoryDict<number>(clock),
    flights: new MemoryDict<number>(clock),
    now: clock,
    // Time passes while somebody waits, and others get their turn.
    sleep: async (milliseconds) => {
      now += milliseconds;
      await new Promise((resolve) => setImmediate(resolve));
    },
    newGateId: () => id,
  };
}

function grantOf(request: LeaseRequest, granted: Amounts, changes: Partial<LeaseGrant> = {}): LeaseGrant {
  return { gate: request.gate, sequence: request.sequence, granted, seconds: 60, limits: [], ...changes };
}

/** The authorizer's own rules on a counter in memory. */
function authorizer(quota: Quota) {
  const state = { counter: EMPTY_COUNTER as QuotaCounter, asked: [] as LeaseRequest[] };
  const renew = async (request: LeaseRequest): Promise<{ readonly lease: LeaseGrant }> => {
    state.asked.push(request);
    const { grant, counter } = grantLease(state.counter, quota, request, now / 1000);
    if (counter !== undefined) state.counter = counter;
    return { lease: JSON.parse(JSON.stringify(grant)) as LeaseGrant };
  };
  return { state, renew };
}

describe('paying for a request', () => {
  it('asks once for what a busy minute needs, and not once a request', async () => {
    const ports = gatePorts();
    const { state, renew } = authorizer({ month: { requests: 1e6 } });
    for (let i = 0; i < 6000; i++) {
      now += 100;
      expect((await pay(ports, KEY, ONE, 1000, held, renew)).kind).toBe('paid');
    }
    // Ten minutes of ten requests a second: some leases to grow, then one a minute.
    expect(state.asked.length).toBeLessThanOrEqual(16);
    expect(monthUse(state.counter).requests).toBeGreaterThanOrEqual(6000);
  });

  it('asks for exactly what it needs while a key is used seldom, so that nothing is forfeited when it rests', async () => {
    const ports = gatePorts();
    const { state, renew } = authorizer({ month: { requests: 1e6 } });
    for (let i = 0; i < 20; i++) {
      now += 8 * 3_600_000;
      await pay(ports, KEY, { requests: 1, characters: 77 }, 1000, held, renew);
    }
    expect(monthUse(state.counter)).toEqual({ requests: 20, characters: 1540 });
  });

  it('returns at renewal what is unspent', async () => {
    const ports = gatePorts();
    const { state, renew } = authorizer({ day: { requests: 1000 } });
    for (let i = 0; i < 40; i++) await pay(ports, KEY, ONE, 1000, held, renew);
    const debited = monthUse(state.counter).requests;
    expect(debited).toBeGreaterThan(40);
    now += 3_600_000;
    await pay(ports, KEY, ONE, 1000, held, renew);
    expect(state.asked.at(-1)?.unspent.requests).toBe(debited - 40);
    expect(monthUse(state.counter).requests).toBe(40 + (state.counter.leases['gate-1']?.granted.requests ?? 0));
  });

  it('is refused with the limit and the time of its reset, for ten seconds without asking', async () => {
    const ports = gatePorts();
    const { state, renew } = authorizer({ day: { characters: 100 }, month: { requests: 50 } });
    const cost = { requests: 1, characters: 60 };
    expect((await pay(ports, KEY, cost, 1000, held, renew)).kind).toBe('paid');
    now += 1500;
    const refused = await pay(ports, KEY, cost, 1000, held, renew);
    expect(refused).toMatchObject({ kind: 'limited', limit: 'characters-per-day', retryAfter: 43_199 });
    const asked = state.asked.length;
    now += 9999;
    expect(await pay(ports, KEY, cost, 1000, held, renew)).toMatchObject({ kind: 'limited', retryAfter: 43_189 });
    expect(state.asked).toHaveLength(asked);
    // What is left is enough for a shorter text.
    expect((await pay(ports, KEY, { requests: 1, characters: 40 }, 1000, held, renew)).kind).toBe('paid');
    now += 10_000;
    expect((await pay(ports, KEY, cost, 1000, held, renew)).kind).toBe('limited');
    now = Date.UTC(2026, 10, 25);
    expect((await pay(ports, KEY, cost, 1000, held, renew)).kind).toBe('paid');
  });

  it('tells what is left, of the quota and of the lease', async () => {
    const ports = gatePorts();
    const { renew } = authorizer({ day: { requests: 100 } });
    const remaining: number[] = [];
    for (let i = 0; i < 12; i++) {
      const payment = await pay(ports, KEY, ONE, 1000, held, renew);
      if (payment.kind === 'paid') remaining.push(payment.limits[0]?.remaining ?? -1);
    }
    expect(remaining).toEqual([99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 89, 88]);
  });

  it('sends one renewal for many requests at once, and refuses none that the quota holds', async () => {
    const ports = gatePorts();
    const { state, renew } = authorizer({ day: { requests: 1000 } });
    const slow = async (request: LeaseRequest) => {
      await ports.sleep(50);
      return renew(request);
    };
    await pay(ports, KEY, { requests: 5, characters: 0 }, 1000, held, renew);
    const payments = await Promise.all(Array.from({ length: 25 }, () => pay(ports, KEY, ONE, 5000, held, slow)));
    expect(payments.every(({ kind }) => kind === 'paid')).toBe(true);
    expect(state.asked.length).toBeLessThanOrEqual(3);
  });

  it.each([1, 59, 61])(
    'lets nothing through without a lease while the authorizer fails (%i s after the last)',
    async (s) => {
      const ports = gatePorts();
      const { renew } = authorizer({ day: { requests: 1000 } });
      await pay(ports, KEY, ONE, 1000, held, renew);
      now += s * 1000;
      const broken = () => Promise.reject(new Error('down'));
      expect((await pay(ports, KEY, ONE, 1000, held, broken)).kind).toBe('failed');
      // For a second everybody hears of it without asking again.
      expect((await pay(ports, KEY, ONE, 1000, held, renew)).kind).toBe('failed');
      now += 1001;
      expect((await pay(ports, KEY, ONE, 1000, held, renew)).kind).toBe('paid');
    },
  );

  it('ends with whatever else the authorizer answers', async () => {
    const verdict = { status: 401 };
    const payment = await pay(gatePorts(), KEY, ONE, 1000, held, async () => ({ other: verdict }));
    expect(payment).toEqual({ kind: 'other', other: verdict });
  });

  it('fails when the dictionary is full', async () => {
    const ports = gatePorts();
    const { renew } = authorizer({ day: { requests: 1000 } });
    const full = Object.assign(Object.create(ports.allowances) as typeof ports.allowances, {
      add: () => {
        throw new Error('SharedMemoryError');
      },
    });
    expect((await pay({ ...ports, allowances: full }, KEY, ONE, 1000, held, renew)).kind).toBe('failed');
  });
});

describe('a lease', () => {
  const taken = (ports: LeasePorts, granted: Amounts, changes: Partial<LeaseGrant> = {}) => {
    const request = leaseRequest(ports, KEY, ONE);
    acceptLease(ports, KEY, request, grantOf(request, granted, changes), now);
    return request;
  };
  const payable = (ports: LeasePorts) => {
    let count = 0;
    while (payFromLease(ports, KEY, ONE).kind === 'paid') count++;
    return count;
  };

  it('pays for what it holds and not for more', () => {
    const ports = gatePorts();
    taken(ports, { requests: 7, characters: 0 });
    expect(payable(ports)).toBe(7);
    taken(ports, { requests: 3, characters: 9 });
    expect(payFromLease(ports, KEY, { requests: 1, characters: 10 }).kind).toBe('empty');
    expect(payFromLease(ports, KEY, { requests: 3, characters: 9 }).kind).toBe('paid');
  });

  it('ends by the time that has passed since it was asked for', () => {
    const ports = gatePorts();
    taken(ports, { requests: 7, characters: 0 }, { seconds: 12.5 });
    now += 12_499;
    expect(payFromLease(ports, KEY, ONE).kind).toBe('paid');
    now += 1;
    expect(payFromLease(ports, KEY, ONE).kind).toBe('empty');
    expect(leaseRequest(ports, KEY, ONE).unspent.requests).toBe(6);
  });

  it('does not live longer when the clock is set back', () => {
    const ports = gatePorts();
    taken(ports, { requests: 7, characters: 0 });
    now -= 1;
    expect(payFromLease(ports, KEY, ONE).kind).toBe('empty');
  });

  it('is taken once, however often its answer comes', () => {
    const ports = gatePorts();
    const request = leaseRequest(ports, KEY, ONE);
    const grant = grantOf(request, { requests: 5, characters: 0 });
    acceptLease(ports, KEY, request, grant, now);
    expect(payable(ports)).toBe(5);
    acceptLease(ports, KEY, request, grant, now);
    expect(payable(ports)).toBe(0);
    expect(leaseRequest(ports, KEY, ONE)).toMatchObject({ sequence: request.sequence + 1, unspent: NOTHING });
  });

  it('is not taken when its answer is too old, of another gate, or from before a change of the clock', () => {
    const ports = gatePorts();
    const request = leaseRequest(ports, KEY, ONE);
    const grant = grantOf(request, { requests: 5, characters: 0 });
    acceptLease(ports, KEY, request, { ...grant, gate: 'other' }, now);
    acceptLease(ports, KEY, request, grant, now + 1);
    acceptLease(ports, KEY, request, grant, now - 120_001);
    expect(payable(ports)).toBe(0);
    expect(leaseRequest(ports, KEY, ONE).sequence).toBe(request.sequence);
  });

  it('that was returned is not spent any more, and is returned again when the first answer was lost', () => {
    const ports = gatePorts();
    taken(ports, { requests: 7, characters: 50 });
    payFromLease(ports, KEY, { requests: 2, characters: 20 });
    const first = leaseRequest(ports, KEY, ONE);
    expect(first.unspent).toEqual({ requests: 5, characters: 30 });
    expect(payFromLease(ports, KEY, ONE).kind).toBe('empty');
    expect(leaseRequest(ports, KEY, ONE)).toEqual(first);
    expect(leaseRequest(ports, KEY, ONE)).toEqual(first);
  });

  it('of which the shared memory forgot what is left can only refuse', () => {
    const ports = gatePorts();
    const { sequence } = taken(ports, { requests: 7, characters: 0 });
    ports.allowances.delete(`${KEY}:${sequence}`);
    expect(payFromLease(ports, KEY, ONE).kind).toBe('empty');
    expect(leaseRequest(ports, KEY, ONE).unspent.requests).toBe(0);
  });

  it('whose number is removed while a payer puts back what it could not pay returns nothing that was not there', () => {
    const ports = gatePorts();
    const { sequence } = taken(ports, { requests: 1, characters: 0 });
    const incr = ports.allowances.incr.bind(ports.allowances);
    let first = true;
    ports.allowances.incr = (key, delta, init, timeout) => {
      if (delta > 0) ports.allowances.delete(`${KEY}:${sequence}`);
      // The payer has seen that there is one left, and another worker takes it.
      if (first) incr(key, delta, init, timeout);
      first = false;
      return incr(key, delta, init, timeout);
    };
    expect(payFromLease(ports, KEY, ONE).kind).toBe('empty');
    expect(leaseRequest(ports, KEY, ONE).unspent.requests).toBe(0);
  });

  it.each([
    ['requests', ONE],
    ['requests and characters', { requests: 1, characters: 40 }],
  ])('of %s that is closed in the middle of a payment loses nothing', (_, cost) => {
    const outcomes = new Set<string>();
    for (let step = 0; step < 5; step++) {
      const ports = gatePorts();
      taken(ports, cost);
      let before = step;
      let returned: Amounts | undefined;
      const interrupted = new Proxy(ports.allowances, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== 'function') return member;
          return (...given: unknown[]) => {
            if (before-- === 0) returned = leaseRequest(ports, KEY, ONE).unspent;
            return Reflect.apply(member, target, given) as unknown;
          };
        },
      });
      const { kind } = payFromLease({ ...ports, allowances: interrupted }, KEY, cost);
      returned ??= leaseRequest(ports, KEY, ONE).unspent;
      expect(addAmounts(kind === 'paid' ? cost : NOTHING, returned)).toEqual(cost);
      outcomes.add(kind);
    }
    expect(outcomes).toEqual(new Set(['empty', 'paid']));
  });

  it('of a higher number than asked for is where the numbering goes on', () => {
    const ports = gatePorts();
    const request = leaseRequest(ports, KEY, ONE);
    acceptLease(ports, KEY, request, grantOf(request, NOTHING, { sequence: request.sequence + 41, seconds: 0 }), now);
    expect(leaseRequest(ports, KEY, ONE).sequence).toBe(request.sequence + 42);
  });

  it('of a gate whose memory is new belongs to a new gate, with higher numbers', () => {
    const before = leaseRequest(gatePorts('gate-1'), KEY, ONE);
    now += 10;
    const after = leaseRequest(gatePorts('gate-2'), KEY, ONE);
    expect(after.gate).not.toBe(before.gate);
    expect(after.sequence).toBeGreaterThan(before.sequence);
  });
});

it('workers that interrupt one another between any two steps never spend or return more than was granted', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 20, max: 120 }), (seed, steps) => {
      now = NOON;
      const random = seeded(seed);
      const granted = new Map<number, number>();
      const returned = new Map<number, number>();
      const spent = new Map<number, number>();
      const sequences: LeaseRequest[] = [];
      let depth = 0;
      // Before each step on a dictionary another worker may do all of what it does.
      const interrupted = <D extends object>(dict: D): D =>
        new Proxy(dict, {
          get: (target, name) => {
            const member: unknown = Reflect.get(target, name, target);
            if (typeof member !== 'function') return member;
            return (...given: unknown[]) => {
              if (depth < 4 && random() < 0.15) work();
              return Reflect.apply(member, target, given) as unknown;
            };
          },
        });
      const plain = gatePorts();
      const ports: LeasePorts = {
        ...plain,
        allowances: interrupted(plain.allowances),
        leases: interrupted(plain.leases),
      };
      const work = () => {
        depth++;
        const dice = random();
        if (dice < 0.6) {
          const note = plain.leases.get(`lease:${KEY}`);
          const sequence = note === undefined ? 0 : (JSON.parse(note) as { readonly sequence: number }).sequence;
          const cost = 1 + Math.floor(random() * 3);
          if (payFromLease(ports, KEY, { requests: cost, characters: 0 }).kind === 'paid') {
            // Whichever lease paid: the sum over all of them is what counts below.
            spent.set(sequence, (spent.get(sequence) ?? 0) + cost);
          }
        } else if (dice < 0.75) {
          const request = leaseRequest(ports, KEY, ONE);
          sequences.push(request);
          const last = request.sequence - 1;
          returned.set(last, Math.max(returned.get(last) ?? 0, request.unspent.requests));
        } else {
          // An answer, the first to its number or one of many, early or late.
          const request = sequences[Math.floor(random() * sequences.length)];
          if (request !== undefined) {
            const amount = granted.get(request.sequence) ?? Math.floor(random() * 10);
            granted.set(request.sequence, amount);
            acceptLease(ports, KEY, request, grantOf(request, { requests: amount, characters: 0 }), now);
          }
        }
        depth--;
      };
      for (let i = 0; i < steps; i++) work();
      const sum = (amounts: ReadonlyMap<number, number>) => [...amounts.values()].reduce((a, b) => a + b, 0);
      expect(sum(spent) + sum(returned)).toBeLessThanOrEqual(sum(granted));
    }),
    { numRuns: 400 },
  );
});
