/** How often a client, or a key whose plan states a rate, may call. */

import type { RatePlan } from '../../../contract/decision';
import { type Refusal, refuse } from '../answer/outcome';
import { isSynthesis } from '../request/routes';
import type { Visit } from '../request/visit';
import type { CountingDict } from '../shared/dict';
import type { Settings } from '../shared/settings';
import { takeToken } from './bucket';
import { giveBack, type Taken, takeFromWindow } from './window';

export interface LimitPorts {
  readonly settings: Settings;
  readonly limits: CountingDict;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A rate, and whose it is. */
export interface Plan {
  readonly name: string;
  readonly rate: RatePlan;
}

const MINUTE = 60_000;
/** Names of the buckets of plans begin so. */
export const PLAN_BUCKET = 'k';

/** Takes one request of the plan, where there is one, else of the client's network. */
export function takeLimits(
  network: string,
  path: string,
  plan: Plan | undefined,
  ports: LimitPorts,
): Refusal | undefined {
  const limited =
    plan === undefined
      ? takeClientLimits(network, path, ports)
      : takeToken(ports.limits, PLAN_BUCKET + plan.name, plan.rate, ports.now());
  if (limited.allowed) return undefined;
  return refuse(429, plan === undefined ? 'client-rate' : 'rate', limited.retryAfter);
}

/** A refused request counts for the client's overall limit, so that guessing is limited too. */
export function counted(visit: Visit, refused: Refusal, ports: LimitPorts): Refusal {
  const taken = takeOverall(visit.network, ports);
  return taken.allowed ? refused : refuse(429, 'client-rate', taken.retryAfter);
}

/** The synthesis limit first: a request that it refuses does not count for the other. */
function takeClientLimits(network: string, path: string, ports: LimitPorts): Taken {
  const { options } = ports.settings;
  let speech: Taken | undefined;
  if (isSynthesis(options, path)) {
    const window = { limit: options.limits.synthesisPerMinute, length: MINUTE };
    speech = takeFromWindow(ports.limits, `s${network}:`, window, ports.now());
    if (!speech.allowed) return speech;
  }
  const all = takeOverall(network, ports);
  if (!all.allowed && speech?.slot !== undefined) giveBack(ports.limits, speech.slot);
  return all;
}

function takeOverall(network: string, ports: LimitPorts): Taken {
  const window = { limit: ports.settings.options.limits.requestsPerMinute, length: MINUTE };
  return takeFromWindow(ports.limits, `a${network}:`, window, ports.now());
}
