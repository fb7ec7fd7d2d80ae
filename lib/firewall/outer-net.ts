import { Duration } from 'aws-cdk-lib';
import { SYNTHESIS_PATHS } from '../../contract/names';
import { type GateLimits, resolveGateLimits } from '../gate/gate-limits';
import { RateLimit } from './rate-limit';

/** How many times a gate's limits the firewall lets through: it is coarse and late, and counts redirected calls twice. */
const FACTOR = 10;
/** AWS WAF's minimum. */
const SMALLEST = 10;

/** What the firewall's limits around a gate's are made of. */
export interface OuterNetOptions {
  /**
   * The gate's limits.
   * @default - a gate's defaults
   */
  readonly limits?: GateLimits;
  /**
   * Paths with a limit of their own.
   * @default - ["/tts", "/v1/audio/speech"]
   */
  readonly synthesisPaths?: string[];
  /**
   * The window: 60, 120, 300 or 600 seconds.
   * @default Duration.minutes(1)
   */
  readonly window?: Duration;
  /**
   * Requests in a window and address, on all paths.
   * @default - ten times the gate's
   */
  readonly requests?: number;
  /**
   * Requests in a window and address, on the synthesis paths.
   * @default - ten times the gate's
   */
  readonly synthesisRequests?: number;
}

/** The firewall's limits around a gate's. */
export function outerNet(options: OuterNetOptions = {}): RateLimit[] {
  const window = options.window ?? Duration.minutes(1);
  const limits = resolveGateLimits('Firewall.outerNet', options.limits);
  const minutes = window.toMinutes({ integral: false });
  const net = (perMinute: number) => Math.max(SMALLEST, Math.ceil(perMinute * minutes * FACTOR));
  const requests = options.requests ?? net(limits.requestsPerMinute);
  const synthesis = options.synthesisRequests ?? net(limits.synthesisPerMinute);
  const paths = [...(options.synthesisPaths ?? SYNTHESIS_PATHS)];
  return [
    RateLimit.perIp({ requests, window, name: 'Rate-Ip' }),
    ...(paths.length > 0 ? [RateLimit.perIp({ requests: synthesis, window, paths, name: 'Rate-Ip-Synthesis' })] : []),
  ];
}
