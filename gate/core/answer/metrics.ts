/** The gate's metrics: one line a minute in CloudWatch's Embedded Metric Format. */

export interface MetricsIdentity {
  readonly namespace: string;
  /** Value of the dimension `Service`. */
  readonly service: string;
}

/** Who failed most in a minute, and how often. */
export interface TopFailures {
  readonly clients: Readonly<Record<string, number>>;
  readonly keyIds: Readonly<Record<string, number>>;
}

export interface Snapshot {
  /** Counters since the last line, by name. */
  readonly counters: Readonly<Record<string, number>>;
  /** Requests in flight to the app: the highest and the mean of the minute's samples. */
  readonly failures: TopFailures;
  readonly inFlight: { readonly maximum: number; readonly mean: number };
}

const UNITS: Readonly<Record<string, string>> = { AuthorizerLatency: 'Milliseconds' };

/** Names of counters: `allowed`, `hit`, `failed`, `bans`, `denied-<reason>`, `authorizer`, `authorizer-ms`, `authorizer-<cause>`. */
export function metricsLine(snapshot: Snapshot, identity: MetricsIdentity, now: number): string {
  const { counters } = snapshot;
  const sum = (test: (name: string) => boolean) =>
    Object.entries(counters).reduce((total, [name, value]) => (test(name) ? total + value : total), 0);
  const invocations = counters.authorizer ?? 0;
  const metrics: Record<string, number> = {
    AdmittedInFlight: round(snapshot.inFlight.mean),
    AdmittedInFlightMaximum: snapshot.inFlight.maximum,
    Allowed: counters.allowed ?? 0,
    Denied: sum((name) => name.startsWith('denied-')),
    Shed: counters['denied-overload'] ?? 0,
    FailedAttempts: counters.failed ?? 0,
    Bans: counters.bans ?? 0,
    Banned: counters['denied-banned'] ?? 0,
    QuotaExceeded: counters['denied-quota'] ?? 0,
    CacheHits: counters.hit ?? 0,
    StaleServed: counters.stale ?? 0,
    AuthorizerInvocations: invocations,
    AuthorizerErrors: sum((name) => /^authorizer-(throttled|refused|error|function-error|malformed)$/.test(name)),
    AuthorizerThrottles: counters['authorizer-throttled'] ?? 0,
    ...(invocations > 0 ? { AuthorizerLatency: round((counters['authorizer-ms'] ?? 0) / invocations) } : {}),
  };
  const denied = Object.fromEntries(
    Object.entries(counters).flatMap(([name, value]) =>
      name.startsWith('denied-') ? [[`denied_${name.slice(7).replaceAll('-', '_')}`, value]] : [],
    ),
  );
  return JSON.stringify({
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [
        {
          Namespace: identity.namespace,
          Dimensions: [['Service']],
          Metrics: Object.keys(metrics).map((Name) => ({ Name, Unit: UNITS[Name] ?? 'Count' })),
        },
      ],
    },
    Service: identity.service,
    ...metrics,
    // For log queries, since a metric for each would cost more than it tells: by reason, and who failed most.
    ...denied,
    failedClients: snapshot.failures.clients,
    failedKeyIds: snapshot.failures.keyIds,
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
