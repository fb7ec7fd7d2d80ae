/** Cross-origin requests: what a preflight is answered. The headers of other answers are nginx's (render-nginx.ts). */

import type { Headers } from '../request/request-headers';

export interface Preflight {
  readonly allowed: boolean;
  /** Names of headers, as the browser asked for them. */
  readonly headers: string;
}

/** Headers of answers that a page of another origin may read beside those it always may. */
export const EXPOSED_HEADERS = [
  'Content-Disposition',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
].join(', ');

export const PREFLIGHT_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';

const NAMES = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,2048}$/;

/** The preflight that the request is, or undefined when it is none. */
export function preflight(
  request: { readonly method: string; readonly headers: Headers },
  allowOrigins: readonly string[],
): Preflight | undefined {
  if (request.method !== 'OPTIONS') return undefined;
  let origin: string | undefined;
  let method: string | undefined;
  let names = '';
  for (const [name, value] of request.headers) {
    switch (name.toLowerCase()) {
      case 'origin':
        origin = value;
        break;
      case 'access-control-request-method':
        method = value;
        break;
      case 'access-control-request-headers':
        names = value;
        break;
    }
  }
  if (origin === undefined || method === undefined) return undefined;
  const allowed = allowOrigins.includes('*') || allowOrigins.includes(origin);
  return { allowed, headers: NAMES.test(names) ? names : '' };
}
