import { Token } from 'aws-cdk-lib';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';

/** Lets the page of the service run its own scripts and play what it fetched, and nothing else. */
export const DEFAULT_CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "media-src 'self' blob:",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const PREFIX = 'routing.http.response';
/** What a load balancer takes as the value of a header. */
const LONGEST_VALUE = 1024;

/** Headers that a load balancer puts on every answer of a listener, its own fixed answers included. */
export interface SecurityHeaders {
  /**
   * `Content-Security-Policy`, at most 1,024 characters; an empty text leaves the header to the app.
   * @default - scripts, styles, images and media of the service itself only
   */
  readonly contentSecurityPolicy?: string;
  /**
   * `Strict-Transport-Security`; an empty text leaves the header to the app.
   * @default "max-age=31536000; includeSubDomains"
   */
  readonly strictTransportSecurity?: string;
  /**
   * `X-Frame-Options`: DENY or SAMEORIGIN; an empty text leaves the header to the app.
   * @default "DENY"
   */
  readonly frameOptions?: string;
}

/** Sets the headers as attributes of an HTTPS listener. */
export function addSecurityHeaders(listener: elbv2.ApplicationListener, headers: SecurityHeaders = {}): void {
  const values: Readonly<Record<string, string>> = {
    strict_transport_security: headers.strictTransportSecurity ?? 'max-age=31536000; includeSubDomains',
    content_security_policy: headers.contentSecurityPolicy ?? DEFAULT_CONTENT_SECURITY_POLICY,
    x_content_type_options: 'nosniff',
    x_frame_options: headers.frameOptions ?? 'DENY',
  };
  for (const [name, value] of Object.entries(values)) {
    if (value === '') continue;
    checkValue(name, value);
    listener.setAttribute(`${PREFIX}.${name}.header_value`, value);
  }
  hideServer(listener);
}

/** Removes the `Server` header of the load balancer. */
export function hideServer(listener: elbv2.ApplicationListener): void {
  listener.setAttribute(`${PREFIX}.server.enabled`, 'false');
}

function checkValue(name: string, value: string): void {
  if (Token.isUnresolved(value)) return;
  if (value.length > LONGEST_VALUE || !/^[\x20-\x7e]+$/.test(value)) {
    throw new Error(
      `HttpsLoadBalancer: securityHeaders: ${name} must be 1 to ${LONGEST_VALUE} printable ASCII characters, got ${value.length}`,
    );
  }
  if (name === 'x_frame_options' && value !== 'DENY' && value !== 'SAMEORIGIN') {
    throw new Error(`HttpsLoadBalancer: securityHeaders: frameOptions must be DENY or SAMEORIGIN, got "${value}"`);
  }
}
