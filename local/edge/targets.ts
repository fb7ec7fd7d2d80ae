import { cidrContains, parseCidr } from '../../contract/cidr.js';
import type { TargetHealth, TargetState } from '../contracts.js';
import { type CheckOutcome, checkTarget } from './health-check.js';
import { afterCheck, type Health, newHealth, nextCheckIn } from './health-state.js';
import type { EdgeModel, TargetGroup } from './model.js';

/** A target that was chosen for one request. */
export interface ChosenTarget {
  readonly group: TargetGroup;
  readonly id: string;
  readonly port: number;
  /** Call once, when the request is over. */
  release(): void;
}

interface Entry {
  readonly id: string;
  readonly port: number;
  group: TargetGroup;
  health: Health;
  description: string;
  draining: boolean;
  timer?: NodeJS.Timeout;
  readonly stopped: AbortController;
  /** Ends a request when the deregistration delay is over. */
  readonly requests: Set<() => void>;
}

type Check = (entry: { id: string; port: number }, group: TargetGroup, signal: AbortSignal) => Promise<CheckOutcome>;

/** The registered targets: checks their health, chooses among the healthy ones, lets deregistered ones finish. */
export class Targets {
  private readonly entries = new Map<string, Entry>();
  private readonly turns = new Map<string, number>();
  private stopped = false;

  constructor(
    private readonly check: Check = checkTarget,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes over what is registered now. */
  update(deployment: EdgeModel): void {
    if (this.stopped) return;
    const registered = new Set<string>();
    for (const group of deployment.targetGroups.values()) {
      if (group.targetType !== 'ip') continue;
      for (const target of group.targets) {
        const key = `${group.arn} ${target.id} ${target.port}`;
        registered.add(key);
        const known = this.entries.get(key);
        if (known && !known.draining) known.group = group;
        else this.register(key, target, group, known);
      }
    }
    for (const [key, entry] of this.entries) if (!registered.has(key) && !entry.draining) this.drain(key, entry);
  }

  /** The next healthy target of a group; undefined when there is none. @param onDrained ends the request */
  choose(groupArn: string, onDrained: () => void): ChosenTarget | undefined {
    const healthy = [...this.entries.values()].filter(
      (entry) => entry.group.arn === groupArn && entry.health.state === 'healthy' && !entry.draining,
    );
    const first = healthy[0];
    if (first === undefined) return undefined;
    const turn = this.turns.get(groupArn) ?? 0;
    this.turns.set(groupArn, turn + 1);
    const leastBusy = first.group.attributes.get('load_balancing.algorithm.type') === 'least_outstanding_requests';
    const inTurn = healthy[turn % healthy.length] ?? first;
    const entry = leastBusy ? healthy.reduce((a, b) => (b.requests.size < a.requests.size ? b : a), inTurn) : inTurn;
    const end = () => onDrained();
    entry.requests.add(end);
    return {
      group: entry.group,
      id: entry.id,
      port: entry.port,
      release: () => {
        entry.requests.delete(end);
        if (entry.draining && entry.requests.size === 0) this.forget(entry);
      },
    };
  }

  health(): readonly TargetHealth[] {
    return [...this.entries.values()].map((entry) => ({
      targetGroupArn: entry.group.arn,
      id: entry.id,
      port: entry.port,
      state: stateOf(entry),
      description: entry.draining ? `${entry.requests.size} requests in flight` : entry.description,
    }));
  }

  stop(): void {
    this.stopped = true;
    for (const entry of this.entries.values()) this.forget(entry);
  }

  private register(key: string, target: { id: string; port: number }, group: TargetGroup, before?: Entry): void {
    if (before) this.forget(before);
    const entry: Entry = {
      id: target.id,
      port: target.port,
      group,
      health: newHealth(this.now()),
      description: 'not checked yet',
      draining: false,
      stopped: new AbortController(),
      // Requests that a deregistered target still serves go on when it is registered again.
      requests: before?.requests ?? new Set(),
    };
    this.entries.set(key, entry);
    if (isLoopback(target.id)) void this.checkAndGoOn(entry);
    else entry.description = `${target.id} is not on this machine, so it is not called`;
  }

  private async checkAndGoOn(entry: Entry): Promise<void> {
    const outcome = await this.check(entry, entry.group, entry.stopped.signal);
    if (entry.stopped.signal.aborted || entry.draining) return;
    const settings = entry.group.healthCheck;
    entry.health = afterCheck(entry.health, outcome.ok, this.now(), settings);
    entry.description = outcome.description;
    entry.timer = setTimeout(() => void this.checkAndGoOn(entry), nextCheckIn(entry.health, settings));
  }

  private drain(key: string, entry: Entry): void {
    entry.draining = true;
    clearTimeout(entry.timer);
    if (entry.requests.size === 0) {
      this.forget(entry);
      this.entries.delete(key);
      return;
    }
    const delay = Number(entry.group.attributes.get('deregistration_delay.timeout_seconds') ?? 300);
    entry.timer = setTimeout(() => {
      for (const end of [...entry.requests]) end();
      this.forget(entry);
    }, delay * 1000);
  }

  private forget(entry: Entry): void {
    clearTimeout(entry.timer);
    entry.stopped.abort();
    for (const [key, known] of this.entries) if (known === entry) this.entries.delete(key);
  }
}

function stateOf(entry: Entry): TargetState {
  if (entry.draining) return 'draining';
  return isLoopback(entry.id) ? entry.health.state : 'unused';
}

function isLoopback(address: string): boolean {
  return ['127.0.0.0/8', '::1/128'].some((network) => {
    const cidr = parseCidr(network);
    return cidr !== undefined && cidrContains(cidr, address);
  });
}
