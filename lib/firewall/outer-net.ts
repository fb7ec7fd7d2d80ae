import { Duration } from 'aws-cdk-lib';
import type { GateLimits } from '../gate/gate-limits';
import { RateLimit } from './rate-limit';

/** How many times a gate's limits the firewall lets through: it is coarse and late, and counts redirected calls twice. */
const FACTOR = 10;
/** AWS WAF's minimum. */
const SMALLEST = 10;

/** What is not to be derived from the gate's limits. */
export interface OuterNetOptions {
  readonly window?: Duration;
  /** Requests in a window and address, on all paths. */
  readonly requests?: number;
  /** The same on the synthesis paths. */
  readonly synthesis?: number;
}

/** The firewall's limits around a gate's. */
export function outerNet(
  limits: Required<Pick<GateLimits, 'requestsPerMinute' | 'synthesisPerMinute'>>,
  synthesisPaths: readonly string[],
  options: OuterNetOptions = {},
): RateLimit[] {
  const window = options.window ?? Duration.minutes(1);
  const minutes = window.toMinutes({ integral: false });
  const net = (perMinute: number) => Math.max(SMALLEST, Math.ceil(perMinute * minutes * FACTOR));
  const requests = options.requests ?? net(limits.requestsPerMinute);
  const synthesis = options.synthesis ?? net(limits.synthesisPerMinute);
  const paths = [...synthesisPaths];
  return [
    RateLimit.perIp({ requests, window, name: 'Rate-Ip' }),
    ...(paths.length > 0 ? [RateLimit.perIp({ requests: synthesis, window, paths, name: 'Rate-Ip-Synthesis' })] : []),
  ];
}
