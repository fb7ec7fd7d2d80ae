/** What each number of a service may be, besides those of its gate, and is unless told otherwise. */

import { range } from './range';

export const SERVICE_RANGES = {
  port: range(1, 65_535, 'port'),
  desiredCount: range(0, 1000, 'tasks'),
  maxTasks: range(1, 1000, 'tasks'),
  startupTime: range(1, 3600, 'seconds'),
} as const;

/** Seconds. */
export const DEFAULT_STARTUP_TIME = 300;

/** Requests in a window that AWS WAF lets a rate rule count to. */
export const RATE_LIMIT_RANGE = range(10, 2_000_000_000, 'requests');
/** Seconds of its window. */
export const RATE_WINDOWS: readonly number[] = [60, 120, 300, 600];
