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
  QUOTA_PERIODS,
  type Quota,
  type QuotaLimits,
  quotaWindow,
} from '../../../contract/quota';
import { monthUse, type QuotaCounter, SHORT_PERIODS } from '../../../contract/quota-counter';
import { unspent } from '../../../gate/core/quota/allowance';
import { acceptLease, type LeasePorts, pay, payFromLease } from '../../../gate/core/quota/lease';
import { takeLease } from '../../../lambda/authorizer/quota';
import type { QuotaStore } from '../../../lambda/authorizer/quota-store';
import { MemoryDict } from './memory-dict';
import { exponential, seeded } from './random';
import { VirtualTime } from './virtual-time';
import type { WorldOptions, WorldReport } from './world-options';

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
  /** By key, then by minute since the epoch. */
  private readonly spent = new Map<string, Map<number, Amounts>>();
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
      const minutes = this.spent.get(keyId) ?? new Map<number, Amounts>();
      const minute = Math.floor(this.time.now / 60_000);
      this.spent.set(keyId, minutes.set(minute, addAmounts(minutes.get(minute) ?? NOTHING, cost)));
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
        if (!gate.dead) acceptLease(gate.ports, keyId, asked, lease, from);
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
      for (const period of SHORT_PERIODS) {
        this.mustFit(counter.windows[period]?.used ?? NOTHING, quota[period], `${name}: debited in the last ${period}`);
      }
      leases.push(Object.keys(counter.leases).length);
      for (const [id, lease] of Object.entries(counter.leases)) {
        const gate = this.everyGate.get(id);
        if (gate === undefined || gate.dead) mayForfeit = addAmounts(mayForfeit, lease.granted);
        else outstanding = addAmounts(outstanding, this.returnable(gate, keyId, lease.sequence, lease.granted));
      }
    }
    const minutes = [...(this.spent.get(keyId) ?? [])];
    for (const period of QUOTA_PERIODS) {
      const windows = new Map<string, Amounts>();
      for (const [minute, use] of minutes) {
        const { id } = quotaWindow(period, minute * 60);
        windows.set(id, addAmounts(windows.get(id) ?? NOTHING, use));
      }
      if (period === 'month') spent = [...windows.values()].reduce(addAmounts, NOTHING);
      // A gate whose clock is set back may spend a lease after its window. The month's sum holds even so.
      else if (this.options.faults.clockJumpsPerHour > 0) continue;
      for (const [id, use] of windows) this.mustFit(use, quota[period], `${keyId}: spent in the ${period} ${id}`);
    }
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
    // Not taken yet, the answer was lost: asking again brings it. Of an older one all was spent or returned.
    if (number === undefined || number < sequence) return granted;
    if (number > sequence) return NOTHING;
    return unspent(gate.allowances.peek(`${keyId}:${sequence}`) ?? 0);
  }

  private mustFit(use: Amounts, limits: QuotaLimits | undefined, what: string): void {
    const most = mapUnits((unit) => limits?.[unit] ?? Number.POSITIVE_INFINITY);
    if (!fits(use, most)) this.violations.push(`${what} ${show(use)} of ${show(most)}`);
  }
}

function show({ requests, characters }: Amounts): string {
  return `${requests} requests, ${characters} characters`;
}
