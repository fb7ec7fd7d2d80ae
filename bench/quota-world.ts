/**
 * A fleet of gates, an authorizer and a table in virtual time, with the product's own code on both sides and every
 * fault in between: what is left to show is that no combination of them overshoots a quota.
 */

import {
  type Amounts,
  addAmounts,
  fits,
  type LeaseGrant,
  type LeaseRequest,
  mapUnits,
  NOTHING,
  type Quota,
} from '../contract/quota';
import { monthUse, type QuotaCounter } from '../contract/quota-counter';
import type { Dict } from '../gate/core/dict';
import { type LeasePorts, pay, payFromLease, takeLease as takeGrant } from '../gate/core/lease';
import { takeLease } from '../lambda/authorizer/quota';
import type { QuotaStore } from '../lambda/authorizer/quota-store';

export interface Faults {
  /** Probabilities, each for one invocation. */
  readonly requestLost: number;
  readonly answerLost: number;
  /** The answer comes after the gate has given up, and is taken anyway. */
  readonly answerLate: number;
  /** The request is executed once more, up to five minutes later. */
  readonly replayed: number;
  /** A write gets through and its answer does not; probability for one write. */
  readonly writeAnswerLost: number;
  /** Crashes, each followed by a restart with empty memory, of a gate an hour. */
  readonly crashesPerHour: number;
  /** Seconds by which a gate's clock may be wrong, either way. */
  readonly skew: number;
  /** Jumps of a gate's clock an hour, of up to two minutes either way. */
  readonly clockJumpsPerHour: number;
  /** Whether the authorizer is down for two minutes in the middle. */
  readonly outage: boolean;
}

export const NO_FAULTS: Faults = {
  requestLost: 0,
  answerLost: 0,
  answerLate: 0,
  replayed: 0,
  writeAnswerLost: 0,
  crashesPerHour: 0,
  skew: 0,
  clockJumpsPerHour: 0,
  outage: false,
};

export const ALL_FAULTS: Faults = {
  requestLost: 0.02,
  answerLost: 0.02,
  answerLate: 0.02,
  replayed: 0.05,
  writeAnswerLost: 0.02,
  crashesPerHour: 3,
  skew: 600,
  clockJumpsPerHour: 0,
  outage: true,
};

export interface WorldOptions {
  readonly seed: number;
  readonly gates: number;
  readonly keys: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** The quota of a key, given how many requests the traffic has for it on average. */
  readonly quota: (key: number, expectedRequests: number, random: () => number) => Quota;
  readonly faults: Faults;
  /** Seconds since the epoch at the start. */
  readonly start: number;
}

export interface WorldReport {
  readonly requests: number;
  readonly paid: number;
  readonly limited: number;
  readonly failed: number;
  /** Requests that died with their gate. */
  readonly died: number;
  readonly crashes: number;
  readonly invocations: number;
  readonly writes: number;
  readonly lostWriteRaces: number;
  /** Invocations that the decision cache alone would need: one a key, gate and minute. */
  readonly decisionInvocations: number;
  /** Everything that must not be: empty, or the quotas are not exact. */
  readonly violations: readonly string[];
  /** Debited, not spent, and never to come back. */
  readonly forfeited: Amounts;
  /** The last lease of every dead gate and key: what may be forfeited at most. */
  readonly mayForfeit: Amounts;
  readonly spent: Amounts;
  /** Gates that one counter item remembers, at most: what its size depends on. */
  readonly largestItem: number;
}

/** Milliseconds after which a gate gives an invocation up. */
const TIMEOUT = 3000;

export async function simulate(options: WorldOptions): Promise<WorldReport> {
  return new World(options).run();
}

/** One life of a gate: from an empty memory to the next crash. */
interface Gate {
  readonly ports: LeasePorts;
  readonly allowances: MemoryDict<number>;
  dead: boolean;
  /** Milliseconds by which its clock is wrong. */
  offset: number;
  readonly decisions: Map<string, number>;
}

class World {
  private readonly random: () => number;
  private readonly time: VirtualTime;
  private readonly table = new Map<string, QuotaCounter>();
  private readonly quotas: readonly Quota[];
  private readonly gates: Gate[];
  private readonly everyGate = new Map<string, Gate>();
  private readonly spentByDay = new Map<string, Amounts>();
  private readonly violations: string[] = [];
  private readonly weights: readonly number[];
  private gateIds = 0;
  private readonly n = {
    paid: 0,
    limited: 0,
    failed: 0,
    died: 0,
    crashes: 0,
    invocations: 0,
    writes: 0,
    lostWriteRaces: 0,
    decisionInvocations: 0,
  };

  constructor(private readonly options: WorldOptions) {
    this.random = seeded(options.seed);
    this.time = new VirtualTime(options.start * 1000);
    const shares = Array.from({ length: options.keys }, (_, key) => 1 / (key + 1));
    const sum = shares.reduce((a, b) => a + b, 0);
    this.quotas = shares.map((share, key) => options.quota(key, (options.requests * share) / sum, this.random));
    let reached = 0;
    this.weights = shares.map((share) => {
      reached += share / sum;
      return reached;
    });
    this.gates = Array.from({ length: options.gates }, () => this.newGate());
  }

  async run(): Promise<WorldReport> {
    const { requests, requestsPerSecond } = this.options;
    let started = 0;
    const next = () => {
      if (started++ >= requests) return false;
      this.time.after(exponential(this.random, 1000 / requestsPerSecond), next);
      return this.request();
    };
    this.time.after(0, next);
    const length = (requests / requestsPerSecond) * 1000;
    this.plan(this.options.faults.crashesPerHour, length, () => this.crash());
    this.plan(this.options.faults.clockJumpsPerHour, length, () => this.jumpClock());
    await this.time.run();
    return this.report();
  }

  private plan(perHour: number, length: number, happen: () => void): void {
    const times = Math.round((perHour * this.options.gates * length) / 3_600_000);
    for (let i = 0; i < times; i++) {
      this.time.after(this.random() * length, () => {
        happen();
        return false;
      });
    }
  }

  private newGate(): Gate {
    const { time } = this;
    const offset = (this.random() * 2 - 1) * this.options.faults.skew * 1000;
    const clock = () => Math.floor(time.now + gate.offset);
    const allowances = new MemoryDict<number>(clock);
    const ports: LeasePorts = {
      leases: new MemoryDict<string>(clock),
      allowances,
      flights: new MemoryDict<number>(clock),
      now: clock,
      sleep: (milliseconds) => time.sleep(milliseconds),
      newGateId: () => {
        const id = `gate-${this.gateIds++}`;
        this.everyGate.set(id, gate);
        return id;
      },
    };
    const gate: Gate = { ports, allowances, dead: false, offset, decisions: new Map() };
    return gate;
  }

  private crash(): void {
    const index = Math.floor(this.random() * this.gates.length);
    const gate = this.gates[index];
    if (gate === undefined) return;
    gate.dead = true;
    this.gates[index] = this.newGate();
    this.n.crashes++;
  }

  private jumpClock(): void {
    const gate = this.gates[Math.floor(this.random() * this.gates.length)];
    if (gate !== undefined) gate.offset += (this.random() * 2 - 1) * 120_000;
  }

  /** True when something asynchronous was started. */
  private request(): boolean {
    const gate = this.gates[Math.floor(this.random() * this.gates.length)];
    const key = this.pickKey();
    const keyId = `key${String(key).padStart(9, '0')}`;
    const quota = this.quotas[key];
    if (gate === undefined || quota === undefined) throw new Error('no such gate or key');
    const cost = { requests: 1, characters: 1 + Math.floor(this.random() * 500) };
    if (this.time.now - (gate.decisions.get(keyId) ?? Number.NEGATIVE_INFINITY) >= 60_000) {
      gate.decisions.set(keyId, this.time.now);
      this.n.decisionInvocations++;
    }
    const quick = payFromLease(gate.ports, keyId, cost);
    if (quick.kind !== 'empty') {
      this.settle(gate, keyId, cost, quick.kind);
      return false;
    }
    const held = { hold: () => {}, release: () => {} };
    pay(gate.ports, keyId, cost, TIMEOUT + 1000, held, (asked) => this.invoke(gate, keyId, quota, asked)).then(
      (payment) => this.settle(gate, keyId, cost, payment.kind),
    );
    return true;
  }

  private settle(gate: Gate, keyId: string, cost: Amounts, outcome: 'paid' | 'limited' | 'failed' | 'other'): void {
    if (gate.dead) {
      this.n.died++;
      return;
    }
    if (outcome === 'limited') this.n.limited++;
    else if (outcome === 'paid') {
      this.n.paid++;
      const day = `${keyId} ${new Date(this.time.now).toISOString().slice(0, 10)}`;
      this.spentByDay.set(day, addAmounts(this.spentByDay.get(day) ?? NOTHING, cost));
    } else this.n.failed++;
  }

  private pickKey(): number {
    const point = this.random();
    let [low, high] = [0, this.weights.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.weights[middle] ?? 1) < point) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** One invocation as the gate sees it, with what may happen to it. */
  private async invoke(gate: Gate, keyId: string, quota: Quota, asked: LeaseRequest): Promise<{ lease: LeaseGrant }> {
    const { faults } = this.options;
    const from = gate.ports.now();
    const began = this.time.now;
    const chance = (probability: number) => this.random() < probability;
    const giveUp = async (): Promise<never> => {
      await this.time.sleep(Math.max(0, began + TIMEOUT - this.time.now));
      throw new Error('timeout');
    };
    this.n.invocations++;
    await this.time.sleep(this.latency());
    if (this.isDown()) throw new Error('down');
    if (chance(faults.replayed)) {
      this.time.after(this.random() * 300_000, () => {
        this.authorize(keyId, quota, asked).catch(() => {});
        return true;
      });
    }
    if (chance(faults.requestLost)) return giveUp();
    const lease = await this.authorize(keyId, quota, asked);
    if (chance(faults.answerLost)) return giveUp();
    if (chance(faults.answerLate)) {
      this.time.after(TIMEOUT + this.random() * 90_000, () => {
        if (!gate.dead) takeGrant(gate.ports, keyId, asked, lease, from);
        return false;
      });
      return giveUp();
    }
    await this.time.sleep(this.latency());
    return { lease };
  }

  private authorize(keyId: string, quota: Quota, asked: LeaseRequest): Promise<LeaseGrant> {
    return takeLease(
      this.store,
      keyId,
      quota,
      asked,
      () => this.time.now / 1000,
      (ms) => this.time.sleep(ms),
    );
  }

  private readonly store: QuotaStore = {
    read: async (keyId, month) => {
      await this.time.sleep(1 + this.random() * 3);
      return this.table.get(`${keyId} ${month}`);
    },
    write: async (keyId, month, counter) => {
      await this.time.sleep(1 + this.random() * 3);
      const name = `${keyId} ${month}`;
      this.n.writes++;
      if ((this.table.get(name)?.version ?? 0) !== counter.version - 1) {
        this.n.lostWriteRaces++;
        return false;
      }
      this.table.set(name, counter);
      if (this.random() >= this.options.faults.writeAnswerLost) return true;
      // Half of the time the client asks once more and is refused by its own write, half of the time it gives up.
      if (this.random() < 0.5) return false;
      throw new Error('timeout');
    },
  };

  private latency(): number {
    return this.random() < 0.95 ? 5 + this.random() * 35 : 100 + this.random() * 400;
  }

  private isDown(): boolean {
    const { requests, requestsPerSecond, start, faults } = this.options;
    const middle = (start + requests / requestsPerSecond / 2) * 1000;
    return faults.outage && Math.abs(this.time.now - middle) < 60_000;
  }

  private report(): WorldReport {
    let [forfeited, mayForfeit, spent] = [NOTHING, NOTHING, NOTHING];
    let largestItem = 0;
    for (let key = 0; key < this.options.keys; key++) {
      const keyId = `key${String(key).padStart(9, '0')}`;
      const account = this.audit(keyId, this.quotas[key] ?? {});
      forfeited = addAmounts(forfeited, account.forfeited);
      mayForfeit = addAmounts(mayForfeit, account.mayForfeit);
      spent = addAmounts(spent, account.spent);
      largestItem = Math.max(largestItem, ...account.leases);
    }
    return {
      requests: this.options.requests,
      ...this.n,
      violations: this.violations,
      forfeited,
      mayForfeit,
      spent,
      largestItem,
    };
  }

  /** Compares what was spent with what was debited, and with the quota. */
  private audit(keyId: string, quota: Quota) {
    let [debited, spent, outstanding, mayForfeit] = [NOTHING, NOTHING, NOTHING, NOTHING];
    const leases: number[] = [];
    for (const [name, counter] of this.table) {
      if (!name.startsWith(`${keyId} `)) continue;
      debited = addAmounts(debited, monthUse(counter));
      this.mustFit(monthUse(counter), quota.month, `${name}: debited in the month`);
      for (const [day, use] of Object.entries(counter.days)) this.mustFit(use, quota.day, `${name}-${day}: debited`);
      leases.push(Object.keys(counter.leases).length);
      for (const [id, lease] of Object.entries(counter.leases)) {
        const gate = this.everyGate.get(id);
        if (gate === undefined || gate.dead) mayForfeit = addAmounts(mayForfeit, lease.granted);
        else outstanding = addAmounts(outstanding, this.returnable(gate, keyId, lease.sequence, lease.granted));
      }
    }
    for (const [name, use] of this.spentByDay) {
      if (!name.startsWith(`${keyId} `)) continue;
      spent = addAmounts(spent, use);
      if (this.options.faults.clockJumpsPerHour === 0) this.mustFit(use, quota.day, `${name}: spent`);
    }
    this.mustFit(spent, quota.month, `${keyId}: spent`);
    if (!fits(spent, debited)) this.violations.push(`${keyId}: spent ${show(spent)}, debited ${show(debited)}`);
    const forfeited = mapUnits((unit) => debited[unit] - spent[unit] - outstanding[unit]);
    if (!fits(forfeited, mayForfeit)) {
      this.violations.push(`${keyId}: forfeited ${show(forfeited)}, dead gates held ${show(mayForfeit)}`);
    }
    return { forfeited, mayForfeit, spent, leases };
  }

  /** What a living gate can still return of the last lease that the authorizer gave it. */
  private returnable(gate: Gate, keyId: string, sequence: number, granted: Amounts): Amounts {
    const number = gate.allowances.peek(`${keyId}:number`);
    if (number !== sequence) return granted;
    return mapUnits((unit) => {
      const left = gate.allowances.peek(`${keyId}:${sequence}:${unit}`) ?? 0;
      return left < 0 ? Math.max(0, left + 2 ** 50) : left;
    });
  }

  private mustFit(use: Amounts, limits: Quota['day'], what: string): void {
    const most = mapUnits((unit) => limits?.[unit] ?? Number.POSITIVE_INFINITY);
    if (!fits(use, most)) this.violations.push(`${what} ${show(use)} of ${show(most)}`);
  }
}

function show({ requests, characters }: Amounts): string {
  return `${requests} requests, ${characters} characters`;
}

/** A shared dictionary as njs has it, down to `incr`, which finds an item that has expired and was not yet removed. */
export class MemoryDict<V extends string | number> implements Dict<V> {
  private readonly items = new Map<string, { value: V; expires: number }>();

  constructor(private readonly now: () => number) {}

  get(key: string): V | undefined {
    const item = this.items.get(key);
    return item !== undefined && this.now() < item.expires ? item.value : undefined;
  }

  /** The value, expired or not. */
  peek(key: string): V | undefined {
    return this.items.get(key)?.value;
  }

  set(key: string, value: V, timeout = 60_000): this {
    this.items.set(key, { value, expires: this.now() + timeout });
    return this;
  }

  add(key: string, value: V, timeout = 60_000): boolean {
    if (this.get(key) !== undefined) return false;
    this.set(key, value, timeout);
    return true;
  }

  delete(key: string): boolean {
    return this.items.delete(key);
  }

  incr(this: MemoryDict<number>, key: string, delta: number, init = 0, timeout = 60_000): number {
    const value = (this.items.get(key)?.value ?? init) + delta;
    this.items.set(key, { value, expires: this.now() + timeout });
    return value;
  }
}

/** Time that passes only when nothing is left to do. */
class VirtualTime {
  private readonly heap: { readonly at: number; readonly order: number; readonly happen: () => boolean }[] = [];
  private order = 0;

  constructor(public now: number) {}

  /** `happen` returns whether it started something asynchronous. */
  after(milliseconds: number, happen: () => boolean): void {
    const { heap } = this;
    heap.push({ at: this.now + milliseconds, order: this.order++, happen });
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!this.isEarlier(i, parent)) break;
      this.swap(i, parent);
      i = parent;
    }
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(milliseconds, () => {
        resolve();
        return true;
      });
    });
  }

  async run(): Promise<void> {
    for (;;) {
      const next = this.pop();
      if (next === undefined) return;
      this.now = next.at;
      // All that follows from an event without waiting happens before the next one.
      if (next.happen()) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private pop() {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let i = 0; ; ) {
      let earliest = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && this.isEarlier(child, earliest)) earliest = child;
      }
      if (earliest === i) return first;
      this.swap(i, earliest);
      i = earliest;
    }
  }

  private isEarlier(i: number, j: number): boolean {
    const [a, b] = [this.heap[i], this.heap[j]];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  private swap(i: number, j: number): void {
    const [a, b] = [this.heap[i], this.heap[j]];
    if (a === undefined || b === undefined) return;
    this.heap[i] = b;
    this.heap[j] = a;
  }
}

/** Mulberry32: small, and the same everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function exponential(random: () => number, mean: number): number {
  return -Math.log(1 - random()) * mean;
}
