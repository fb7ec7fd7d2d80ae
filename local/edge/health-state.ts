import type { HealthCheck } from './model.js';

/** What health checks have shown of one target so far. Times in milliseconds. */
export interface Health {
  readonly state: 'initial' | 'healthy' | 'unhealthy';
  readonly everHealthy: boolean;
  readonly successes: number;
  readonly failures: number;
  readonly since: number;
}

export function newHealth(now: number): Health {
  return { state: 'initial', everHealthy: false, successes: 0, failures: 0, since: now };
}

/**
 * The state after one more check. A new target needs one success, as in AWS. It is checked more often here than there,
 * so it turns unhealthy after the time that AWS's checks would have taken, not after as many of ours.
 */
export function afterCheck(health: Health, ok: boolean, now: number, settings: HealthCheck): Health {
  const successes = ok ? health.successes + 1 : 0;
  const failures = ok ? 0 : health.failures + 1;
  const next = { ...health, successes, failures };
  if (ok) {
    const enough = health.state === 'initial' || successes >= settings.healthyThreshold;
    return enough ? { ...next, state: 'healthy', everHealthy: true } : next;
  }
  const tooMany =
    health.state === 'initial'
      ? now - health.since >= settings.unhealthyThreshold * settings.interval * 1000
      : failures >= settings.unhealthyThreshold;
  return tooMany ? { ...next, state: 'unhealthy' } : next;
}

/** Milliseconds to the next check: a target that never was healthy is asked four times a second: a start waits for it. */
export function nextCheckIn(health: Health, settings: HealthCheck): number {
  return (health.everHealthy ? settings.interval : Math.min(0.25, settings.interval)) * 1000;
}

/** Whether a status is among a matcher's codes and ranges: `200`, `200,302`, `200-299`. */
export function statusMatches(matcher: string, status: number): boolean {
  return matcher.split(',').some((part) => {
    const [from = '', to = from] = part.split('-').map((code) => code.trim());
    return from !== '' && status >= Number(from) && status <= Number(to);
  });
}
