import { Duration } from 'aws-cdk-lib';
import type * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { RATE_LIMIT_RANGE, RATE_WINDOWS } from '../../contract/service-ranges';
import { checkPathPatterns, checkRange, checkSeconds } from '../shared/checks';
import { checkKinds, shown } from '../shared/kinds';
import { COUNT, tooManyRequests, type WafRule } from './waf-rule';
import { pathStatement } from './waf-statement';

/** What happens to requests above a rate. */
export enum RateLimitAction {
  /** 429 with a JSON body. */
  BLOCK = 'Block',
  /** Only counted, to try a limit out. */
  COUNT = 'Count',
  /** A silent check that only browsers pass. */
  CHALLENGE = 'Challenge',
}

/** A rate of requests. */
export interface RateLimitOptions {
  /** Requests in a window, at least 10 (AWS WAF's minimum) and at most 2,000,000,000. */
  readonly requests: number;
  /**
   * The window: 60, 120, 300 or 600 seconds. AWS WAF looks about every 10 seconds, so limits are not exact.
   * @default Duration.minutes(1)
   */
  readonly window?: Duration;
  /**
   * Path patterns that are counted, however a client spells them.
   * @default - all paths
   */
  readonly paths?: string[];
  /**
   * What happens to requests above the rate.
   * @default RateLimitAction.BLOCK
   */
  readonly action?: RateLimitAction;
  /**
   * Name of the rule, with letters, digits, `-` and `_`.
   * @default - made of what is counted and the limit
   */
  readonly name?: string;
}

/** Base of a rate rule, and each key of its own. */
const CAPACITY = 2;
const CUSTOM_KEY_CAPACITY = 30;
/** AWS WAF blocks until its next look finds the rate below the limit. */
const RETRY_AFTER_SECONDS = 30;

/** A rate rule of AWS WAF. */
export class RateLimit {
  /** Counts by the client's IP address. */
  public static perIp(options: RateLimitOptions): RateLimit {
    return new RateLimit('perIp', 'Ip', options, { aggregateKeyType: 'IP' }, CAPACITY);
  }

  /**
   * Counts by the address that a proxy in front reports.
   * @param headerName the header in which that proxy, and nobody else, writes the address
   */
  public static perForwardedIp(headerName: string, options: RateLimitOptions): RateLimit {
    checkHeader('perForwardedIp', headerName);
    const settings = {
      aggregateKeyType: 'FORWARDED_IP',
      // A request with a malformed address counts as one above the limit.
      forwardedIpConfig: { headerName, fallbackBehavior: 'MATCH' },
    };
    return new RateLimit('perForwardedIp', 'ForwardedIp', options, settings, CAPACITY);
  }

  /** Counts by the value of a header. Requests that lack the header are not counted: add a limit per IP as well. */
  public static perHeader(headerName: string, options: RateLimitOptions): RateLimit {
    checkHeader('perHeader', headerName);
    const name = headerName.toLowerCase();
    const settings = {
      aggregateKeyType: 'CUSTOM_KEYS',
      customKeys: [{ header: { name, textTransformations: [{ type: 'NONE', priority: 0 }] } }],
    };
    return new RateLimit('perHeader', `Header-${name}`, options, settings, CAPACITY + CUSTOM_KEY_CAPACITY);
  }

  /** Counts by the API key in `X-API-Key`. Add a limit per IP as well: a client may send a new key every time. */
  public static perApiKey(options: RateLimitOptions): RateLimit {
    return RateLimit.perHeader('x-api-key', options);
  }

  /** Whether the limit counts every request, whatever its headers are. */
  public readonly countsEveryRequest: boolean;
  /** Seconds of the window. */
  public readonly windowSeconds: number;
  private readonly name: string;

  private constructor(
    factory: string,
    what: string,
    private readonly options: RateLimitOptions,
    private readonly settings: Pick<
      wafv2.CfnWebACL.RateBasedStatementProperty,
      'aggregateKeyType' | 'customKeys' | 'forwardedIpConfig'
    >,
    private readonly capacity: number,
  ) {
    const owner = `RateLimit.${factory}`;
    checkKinds(owner, options, { requests: 'number', window: 'duration', paths: 'texts', name: 'text' }, ['requests']);
    if (options.requests < RATE_LIMIT_RANGE.least) {
      throw new Error(
        `${owner}: requests must be at least ${RATE_LIMIT_RANGE.least} (AWS WAF's minimum), got ${options.requests}`,
      );
    }
    checkRange(`${owner}: requests`, options.requests, RATE_LIMIT_RANGE);
    this.windowSeconds = checkSeconds(`${owner}: window`, options.window ?? Duration.minutes(1), 1, 86_400);
    if (!RATE_WINDOWS.includes(this.windowSeconds)) {
      throw new Error(`${owner}: window must be one of ${RATE_WINDOWS.join(', ')} seconds, got ${this.windowSeconds}`);
    }
    checkPathPatterns(`${owner}: paths`, options.paths);
    if (options.paths?.length === 0) {
      throw new Error(`${owner}: paths must name at least one path, got none; leave it out to count all paths`);
    }
    if (options.name !== undefined && !/^[A-Za-z0-9_-]{1,100}$/.test(options.name)) {
      throw new Error(`${owner}: name must be 1 to 100 letters, digits, "-" and "_", got "${options.name}"`);
    }
    this.countsEveryRequest = settings.aggregateKeyType === 'IP';
    const paths = options.paths ? '-Paths' : '';
    this.name = options.name ?? `Rate-${what}${paths}-${options.requests}-${this.windowSeconds}s`;
  }

  /** @internal Requests a minute and client address on all paths, when that is what the limit counts. */
  public get _perMinute(): number | undefined {
    if (!this.countsEveryRequest || this.options.paths) return undefined;
    return (this.options.requests * 60) / this.windowSeconds;
  }

  /** @internal */
  public _rule(): WafRule {
    const scope = this.options.paths ? pathStatement(this.options.paths, 'decoded') : undefined;
    return {
      name: this.name,
      capacity: this.capacity + (scope?.capacity ?? 0),
      statement: {
        rateBasedStatement: {
          limit: this.options.requests,
          evaluationWindowSec: this.windowSeconds,
          ...this.settings,
          scopeDownStatement: scope?.statement,
        },
      },
      action: this.action(),
    };
  }

  private action(): wafv2.CfnWebACL.RuleActionProperty {
    switch (this.options.action ?? RateLimitAction.BLOCK) {
      case RateLimitAction.COUNT:
        return COUNT;
      case RateLimitAction.CHALLENGE:
        return { challenge: {} };
      default:
        return tooManyRequests(RETRY_AFTER_SECONDS);
    }
  }
}

function checkHeader(factory: string, name: string): void {
  if (typeof name !== 'string' || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name)) {
    throw new Error(
      `RateLimit.${factory}: headerName must be 1 to 64 characters of an HTTP header name, got ${shown(name)}`,
    );
  }
}
