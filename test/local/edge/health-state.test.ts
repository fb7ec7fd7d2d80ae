import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterCheck, type Health, newHealth, nextCheckIn, statusMatches } from '../../../local/edge/health-state.js';
import type { HealthCheck } from '../../../local/edge/model.js';

const settings: HealthCheck = {
  protocol: 'HTTP',
  port: 'traffic-port',
  path: '/',
  interval: 10,
  timeout: 5,
  healthyThreshold: 3,
  unhealthyThreshold: 2,
  matcher: '200',
};

/** Checks once a second, from second 1. */
function after(results: readonly boolean[], from: Health = newHealth(0)): Health {
  return results.reduce((health, ok, i) => afterCheck(health, ok, (i + 1) * 1000, settings), from);
}

describe('the health of a target', () => {
  it('needs one success in the beginning', () => {
    expect(after([false, false, true]).state).toBe('healthy');
  });

  it('turns bad in the beginning after the time that the deployed checks take, however often it is asked', () => {
    expect(after(new Array(19).fill(false)).state).toBe('initial');
    expect(after(new Array(20).fill(false)).state).toBe('unhealthy');
  });

  it('turns by the deployed thresholds later, each broken by one opposite', () => {
    const healthy = after([true]);
    expect(after([false, true, false, true, false], healthy).state).toBe('healthy');
    const unhealthy = after([false, false], healthy);
    expect(unhealthy.state).toBe('unhealthy');
    expect(after([true, true, false, true, true], unhealthy).state).toBe('unhealthy');
    expect(after([true, true, true], unhealthy).state).toBe('healthy');
  });

  it('is asked four times a second until it was good once, then as deployed', () => {
    expect(nextCheckIn(newHealth(0), settings)).toBe(250);
    expect(nextCheckIn(after([true]), settings)).toBe(10_000);
    expect(nextCheckIn(after([true, false, false]), settings)).toBe(10_000);
  });

  it('is healthy only if its last success came after fewer failures than the threshold', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (results) => {
        const { state } = after(results);
        const trailingFailures = results.length - 1 - results.lastIndexOf(true);
        if (state === 'healthy') expect(trailingFailures).toBeLessThan(settings.unhealthyThreshold);
        if (!results.includes(true)) expect(state).not.toBe('healthy');
      }),
    );
  });
});

describe('a matcher', () => {
  it('takes codes, lists and ranges', () => {
    expect(statusMatches('200', 200)).toBe(true);
    expect(statusMatches('200,302', 302)).toBe(true);
    expect(statusMatches('200-299', 204)).toBe(true);
    expect(statusMatches('200-299', 300)).toBe(false);
    expect(statusMatches('', 0)).toBe(false);
  });
});
