import type { Duration } from 'aws-cdk-lib';
import type { GateOptions } from '../../contract/gate-options';
import { GATE_DEFAULTS, GATE_RANGES } from '../../contract/gate-ranges';
import { checkRange, checkSecondsIn } from '../shared/checks';
import { checkKinds } from '../shared/kinds';

/** How much a gate lets through. Limits per client count by IPv4 address, or by the /64 network of an IPv6 address. */
export interface GateLimits {
  /**
   * Requests a minute and client, on all paths, from 1 to 1,000,000.
   * @default 60
   */
  readonly requestsPerMinute?: number;
  /**
   * Requests a minute and client on the synthesis paths, from 1 to 1,000,000.
   * @default 10
   */
  readonly synthesisPerMinute?: number;
  /**
   * Unknown credentials a minute and client that may reach the authorizer, from 1 to 1,000,000.
   * @default 10
   */
  readonly missesPerMinute?: number;
  /**
   * Failed attempts a minute and client, from 0 (never) to 1,000,000, beyond which the client is banned: until the ban
   * ends, only credentials of it that the gate knows to be good are let through.
   * @default 30
   */
  readonly failuresPerMinute?: number;
  /**
   * How long a ban lasts, in whole seconds from 1 to 86,400.
   * @default Duration.minutes(5)
   */
  readonly banTime?: Duration;
  /**
   * Invocations of the authorizer in flight per gate, from 1 to 1,000.
   * @default 8
   */
  readonly invocations?: number;
  /**
   * Requests in flight to the app per task, from 1 to 10,000. Set it to what the app's server works on at once.
   * @default 8
   */
  readonly inFlight?: number;
  /**
   * Requests that may wait for the app per task, from 0 to 10,000. Those beyond get 503 at once.
   * @default 16
   */
  readonly queue?: number;
}

/** The limits with their defaults, checked. */
export function resolveGateLimits(owner: string, limits: GateLimits = {}): GateOptions['limits'] {
  checkKinds(owner, { limits }, { limits: 'object' });
  const counts = ['requestsPerMinute', 'synthesisPerMinute', 'missesPerMinute', 'failuresPerMinute'] as const;
  for (const name of [...counts, 'invocations', 'inFlight', 'queue'] as const) {
    checkRange(`${owner}: limits.${name}`, limits[name], GATE_RANGES[name]);
  }
  const defaults = GATE_DEFAULTS.limits;
  const { banTime } = limits;
  return {
    requestsPerMinute: limits.requestsPerMinute ?? defaults.requestsPerMinute,
    synthesisPerMinute: limits.synthesisPerMinute ?? defaults.synthesisPerMinute,
    missesPerMinute: limits.missesPerMinute ?? defaults.missesPerMinute,
    failuresPerMinute: limits.failuresPerMinute ?? defaults.failuresPerMinute,
    banSeconds: banTime
      ? checkSecondsIn(`${owner}: limits.banTime`, banTime, GATE_RANGES.banSeconds)
      : defaults.banSeconds,
    invocations: limits.invocations ?? defaults.invocations,
    inFlight: limits.inFlight ?? defaults.inFlight,
    queue: limits.queue ?? defaults.queue,
  };
}
