/** What each number among the gate's options may be, and is unless told otherwise: for props, packing and documentation. */

import { range } from './range';
import { CHARACTERS_RANGE } from './speech-limits';

const RATE = range(1, 1_000_000, 'requests a minute');

export const GATE_RANGES = {
  positiveTtl: range(0, 3600, 'seconds'),
  negativeTtl: range(0, 3600, 'seconds'),
  staleGrace: range(0, 3600, 'seconds'),
  timeout: range(100, 30_000, 'milliseconds'),
  requestsPerMinute: RATE,
  synthesisPerMinute: RATE,
  missesPerMinute: RATE,
  failuresPerMinute: range(0, 1_000_000, 'failed attempts a minute'),
  banSeconds: range(1, 86_400, 'seconds'),
  invocations: range(1, 1000, 'invocations'),
  inFlight: range(1, 10_000, 'requests'),
  queue: range(0, 10_000, 'requests'),
  maxBodyBytes: range(1, 1024 ** 3, 'bytes'),
  /** Of `textRules`. */
  maxCharacters: CHARACTERS_RANGE,
  longestRequest: range(1, 3600, 'seconds'),
  appKeepAlive: range(2, 3600, 'seconds'),
  /** What a load balancer takes. */
  loadBalancerIdleTimeout: range(1, 4000, 'seconds'),
  trustedHops: range(0, 8, 'proxies'),
  workers: range(1, 32, 'processes'),
  drainDelay: range(0, 60, 'seconds'),
  cacheBytes: range(65_536, 4 * 1024 ** 3, 'bytes'),
  /** Of `webSession`. */
  lifetime: range(60, 43_200, 'seconds'),
  /** Of `cors`. */
  maxAge: range(0, 86_400, 'seconds'),
} as const;

/** Where the props say nothing. */
export const GATE_DEFAULTS = {
  staleGrace: 300,
  limits: {
    requestsPerMinute: 60,
    synthesisPerMinute: 10,
    missesPerMinute: 10,
    failuresPerMinute: 30,
    banSeconds: 300,
    invocations: 8,
    inFlight: 8,
    queue: 16,
  },
  maxBodyBytes: 1024 ** 2,
  /** Of a body whose text is counted. */
  maxTextBytes: 64 * 1024,
  longestRequest: 120,
  trustedHops: 1,
  workers: 1,
  cacheBytes: 16 * 1024 ** 2,
} as const;
