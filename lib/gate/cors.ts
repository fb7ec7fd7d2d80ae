import { Annotations, Duration } from 'aws-cdk-lib';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { IConstruct } from 'constructs';
import { GATE_RANGES } from '../../contract/gate-ranges';
import { isOrigin } from '../../contract/origin';
import { checkSecondsIn } from '../shared/checks';
import { checkKinds } from '../shared/kinds';

/** Which pages of other origins may call. Cookies are never allowed, so the session of a browser is of no use to them. */
export interface CorsOptions {
  /** Origins such as `https://app.example.com`, or `*` alone for every page there is. */
  readonly allowOrigins: string[];
  /**
   * How long browsers may remember the answer to a preflight, up to a day; Chromium keeps to two hours.
   * @default Duration.hours(1)
   */
  readonly maxAge?: Duration;
}

/** Headers that a page may read beside those it always may, of the answers that firewall and load balancer give. */
const EXPOSED = 'Retry-After';

/** What the gate is told. @throws Error naming a wrong origin. */
export function gateCors(cors: CorsOptions): { readonly allowOrigins: readonly string[]; readonly maxAge: number } {
  checkKinds('cors', cors, { allowOrigins: 'texts', maxAge: 'duration' }, ['allowOrigins']);
  const { allowOrigins, maxAge = Duration.hours(1) } = cors;
  if (allowOrigins.length === 0)
    throw new Error('cors: allowOrigins must name at least one origin; leave cors out for none');
  for (const origin of allowOrigins) {
    if (origin === '*' ? allowOrigins.length > 1 : !isOrigin(origin)) {
      throw new Error(
        `cors: allowOrigins must be origins such as https://app.example.com (lower case, no path), or "*" alone, got "${origin}"`,
      );
    }
  }
  return { allowOrigins, maxAge: checkSecondsIn('cors: maxAge', maxAge, GATE_RANGES.maxAge) };
}

/**
 * The headers where they cannot depend on the request, which is how AWS WAF and load balancers have them: only one
 * origin, or `*`, can be told. With several the gate's answers alone carry them.
 */
export function staticCorsHeaders(cors: CorsOptions | undefined): { readonly name: string; readonly value: string }[] {
  const [origin, ...others] = cors?.allowOrigins ?? [];
  if (origin === undefined || others.length > 0) return [];
  return [
    { name: 'Access-Control-Allow-Origin', value: origin },
    { name: 'Access-Control-Expose-Headers', value: EXPOSED },
  ];
}

/**
 * Lets pages of another origin read what the load balancer answers by itself. Only the origin is told here: the
 * listener's value of any other header would replace the gate's.
 */
export function addCorsHeaders(listener: elbv2.ApplicationListener, cors: CorsOptions): void {
  const origin = staticCorsHeaders(cors).find(({ name }) => name === 'Access-Control-Allow-Origin');
  if (origin) listener.setAttribute('routing.http.response.access_control_allow_origin.header_value', origin.value);
}

/** Says where pages cannot read an answer. */
export function warnOfCors(scope: IConstruct, cors: CorsOptions): void {
  if (cors.allowOrigins.length < 2) return;
  Annotations.of(scope).addInfo(
    'cors: AWS WAF and the load balancer can tell one origin only, so with several their own answers (403 and 429 of the ' +
      'firewall, 502 to 504 of the load balancer) carry no CORS headers and pages see them as network errors.',
  );
}
