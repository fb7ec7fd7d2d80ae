import type { Amounts, Quota } from '../../../contract/quota';

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
