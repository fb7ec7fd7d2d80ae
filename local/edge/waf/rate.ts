import type { RateBasedStatement, RateBasedStatementCustomKey } from '@aws-sdk/client-wafv2';
import type { Bytes } from './bytes.js';
import { argumentValues, cookies, headerValues } from './fields.js';
import { forwardedAddresses } from './forwarded-address.js';
import type { InspectedRequest } from './inspected-request.js';
import type { Compiled, Matcher } from './matcher.js';
import { transformations } from './transformations.js';

/** Aggregation instances that one rule tracks, as at AWS. */
const MAX_INSTANCES = 10_000;
const DEFAULT_WINDOW = 300;

/** Requests of one rule by aggregation instance. Times in milliseconds. */
export class RateCounters {
  private readonly instances = new Map<string, { readonly second: number; count: number }[]>();

  constructor(
    private readonly now: () => number,
    /** Requests count when they are this old. */
    private readonly delay: number,
  ) {}

  /** Counts a request and tells whether its instance is over the limit as far as is known by now. */
  count(instance: string, limit: number, windowSeconds: number): boolean {
    const now = this.now();
    const second = Math.floor(now / 1000);
    const oldest = Math.floor((now - this.delay) / 1000) - windowSeconds;
    let seconds = this.instances.get(instance);
    if (seconds === undefined) {
      if (this.instances.size >= MAX_INSTANCES && !this.forgetBefore(oldest)) return false;
      seconds = [];
      this.instances.set(instance, seconds);
    }
    while ((seconds[0]?.second ?? second) <= oldest) seconds.shift();
    const last = seconds.at(-1);
    if (last?.second === second) last.count++;
    else seconds.push({ second, count: 1 });

    const seen = now - this.delay;
    let sum = 0;
    for (const one of seconds) if (one.second * 1000 <= seen) sum += one.count;
    return sum > limit;
  }

  /** @returns whether there is room now */
  private forgetBefore(oldest: number): boolean {
    for (const [instance, seconds] of this.instances) {
      if ((seconds.at(-1)?.second ?? 0) <= oldest) this.instances.delete(instance);
    }
    return this.instances.size < MAX_INSTANCES;
  }
}

type Key = (request: InspectedRequest) => Bytes | undefined;

/** Matches a request that is in scope, has every aggregation key, and whose instance is over the limit. */
export function rateMatcher(statement: RateBasedStatement, scope: Matcher, counters: RateCounters): Compiled {
  const key = aggregation(statement);
  if (typeof key !== 'function') return key;
  const limit = statement.Limit ?? Number.POSITIVE_INFINITY;
  const window = statement.EvaluationWindowSec || DEFAULT_WINDOW;
  return (request) => {
    if (!scope(request)) return false;
    const instance = key(request);
    return instance !== undefined && counters.count(instance, limit, window);
  };
}

function aggregation(statement: RateBasedStatement): Key | { readonly missing: string } {
  switch (statement.AggregateKeyType) {
    case 'IP':
      return (request) => request.client;
    case 'CONSTANT':
      return () => 'all';
    case 'FORWARDED_IP':
      return forwardedIp(statement);
    case 'CUSTOM_KEYS': {
      const keys: Key[] = [];
      for (const custom of statement.CustomKeys ?? []) {
        const key = customKey(custom, statement);
        if (typeof key !== 'function') return key;
        keys.push(key);
      }
      return (request) => {
        const values = keys.map((key) => key(request));
        return values.includes(undefined) ? undefined : JSON.stringify(values);
      };
    }
    default:
      return { missing: `the aggregation ${statement.AggregateKeyType}` };
  }
}

/** The first address of the header; malformed ones share one instance or are not counted, as the fallback says. */
function forwardedIp(statement: RateBasedStatement): Key {
  const config = statement.ForwardedIPConfig;
  return (request) => {
    const found = forwardedAddresses(request, config?.HeaderName);
    if (found === undefined) return undefined;
    return found[0] ?? (config?.FallbackBehavior === 'MATCH' ? 'malformed' : undefined);
  };
}

function customKey(
  custom: RateBasedStatementCustomKey,
  statement: RateBasedStatement,
): Key | { readonly missing: string } {
  if (custom.IP) return (request) => request.client;
  if (custom.ForwardedIP) return forwardedIp(statement);
  if (custom.HTTPMethod) return (request) => request.method;
  if (custom.LabelNamespace) {
    const namespace = custom.LabelNamespace.Namespace ?? '';
    return ({ labels }) => {
      const found = labels.filter((label) => label.startsWith(namespace));
      return found.length === 0 ? undefined : found.join();
    };
  }
  if (custom.UriPath) return transformed(custom.UriPath.TextTransformations, (request) => request.path);
  if (custom.QueryString) {
    return transformed(custom.QueryString.TextTransformations, (request) => request.query || undefined);
  }
  if (custom.Header) {
    const name = custom.Header.Name?.toLowerCase() ?? '';
    return transformed(custom.Header.TextTransformations, (request) => headerValues(request, name)[0]);
  }
  if (custom.QueryArgument) {
    const name = custom.QueryArgument.Name?.toLowerCase();
    return transformed(custom.QueryArgument.TextTransformations, (request) => argumentValues(request.query, name)[0]);
  }
  if (custom.Cookie) {
    const name = custom.Cookie.Name;
    return transformed(
      custom.Cookie.TextTransformations,
      (request) => cookies(request).find(([key]) => key === name)?.[1],
    );
  }
  return { missing: `the aggregation key ${Object.keys(custom).join(', ') || 'without a name'}` };
}

function transformed(
  list: Parameters<typeof transformations>[0],
  read: (request: InspectedRequest) => Bytes | undefined,
): Key | { readonly missing: string } {
  const transform = transformations(list);
  if (typeof transform !== 'function') return { missing: `the text transformation ${transform.missing}` };
  return (request) => {
    const value = read(request);
    return value === undefined ? undefined : transform(value);
  };
}
