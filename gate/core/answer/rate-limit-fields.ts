/**
 * `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11): lists of Structured Fields, one item a
 * limit. The unit `characters` is not registered with IANA; clients that do not know it ignore the item's numbers.
 */

import { type LimitState, limitUnit } from '../../../contract/quota';

export interface RateLimitFields {
  /** Such as `"requests-per-day";r=12;t=3600`. */
  readonly rateLimit: string;
  /** Such as `"requests-per-day";q=100;w=86400`. */
  readonly policy: string;
}

/** The values of both fields; undefined when there is no limit, since a list of nothing is no field. */
export function rateLimitFields(limits: readonly LimitState[]): RateLimitFields | undefined {
  if (limits.length === 0) return undefined;
  return {
    rateLimit: limits
      .map(({ name, remaining, resetsIn }) => `"${name}";r=${Math.floor(remaining)};t=${Math.ceil(resetsIn)}`)
      .join(', '),
    policy: limits
      .map(({ name, quota, window }) => {
        const unit = limitUnit(name);
        // `requests` is what a policy counts when it names no unit.
        return `"${name}";q=${quota}${unit === 'requests' ? '' : `;qu="${unit}"`};w=${window}`;
      })
      .join(', '),
  };
}
