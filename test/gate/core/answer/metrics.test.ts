import { describe, expect, it } from 'vitest';
import { metricsLine } from '../../../../gate/core/answer/metrics';

const identity = { namespace: 'Voicegate', service: 'demo' };

describe('metricsLine', () => {
  it('sums the counters of a minute into metrics that CloudWatch reads', () => {
    const failures = { clients: { '192.0.2.1': 7 }, keyIds: {} };
    const counters = {
      failed: 7,
      bans: 1,
      'denied-banned': 2,
      allowed: 90,
      hit: 80,
      stale: 2,
      'denied-missing': 3,
      'denied-client-rate': 4,
      'denied-overload': 5,
      authorizer: 10,
      'authorizer-ms': 1234,
      'authorizer-throttled': 1,
      'authorizer-malformed': 2,
    };
    const line = JSON.parse(
      metricsLine({ counters, failures, inFlight: { maximum: 7, mean: 1.234 } }, identity, 1_795_000_000_000),
    );
    expect(line).toMatchObject({
      Service: 'demo',
      Allowed: 90,
      Denied: 14,
      Shed: 5,
      FailedAttempts: 7,
      Bans: 1,
      Banned: 2,
      failedClients: { '192.0.2.1': 7 },
      CacheHits: 80,
      StaleServed: 2,
      AuthorizerInvocations: 10,
      AuthorizerErrors: 3,
      AuthorizerThrottles: 1,
      AuthorizerLatency: 123.4,
      AdmittedInFlight: 1.23,
      AdmittedInFlightMaximum: 7,
      denied_client_rate: 4,
    });
    const { Timestamp, CloudWatchMetrics } = line._aws;
    expect(Timestamp).toBe(1_795_000_000_000);
    expect(CloudWatchMetrics).toHaveLength(1);
    expect(CloudWatchMetrics[0]).toMatchObject({ Namespace: 'Voicegate', Dimensions: [['Service']] });
    // Every metric that is named is there, as a number.
    for (const { Name } of CloudWatchMetrics[0].Metrics) expect(line[Name]).toEqual(expect.any(Number));
  });

  it('states no latency when nothing was invoked', () => {
    const line = metricsLine(
      { counters: {}, failures: { clients: {}, keyIds: {} }, inFlight: { maximum: 0, mean: 0 } },
      identity,
      0,
    );
    expect(line).not.toContain('AuthorizerLatency');
    expect(JSON.parse(line)).toMatchObject({ Allowed: 0, AdmittedInFlight: 0 });
  });
});
