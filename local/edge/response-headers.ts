import type { Attributes } from './model.js';
import { type Header, withoutHopByHop } from './request-headers.js';

/** Listener attributes that put a header on every answer. */
const RESPONSE_HEADERS: ReadonlyMap<string, string> = new Map(
  [
    'Strict-Transport-Security',
    'Content-Security-Policy',
    'X-Content-Type-Options',
    'X-Frame-Options',
    'Access-Control-Allow-Origin',
    'Access-Control-Allow-Methods',
    'Access-Control-Allow-Headers',
    'Access-Control-Allow-Credentials',
    'Access-Control-Expose-Headers',
    'Access-Control-Max-Age',
  ].map((name) => [`routing.http.response.${name.toLowerCase().replaceAll('-', '_')}.header_value`, name]),
);

/** The name of the header that a listener attribute sets, if it sets one. */
export function responseHeaderOf(attribute: string): string | undefined {
  return RESPONSE_HEADERS.get(attribute);
}

/** A target's headers for the client: those of its connection gone, the listener's put in place of the target's. */
export function targetResponseHeaders(headers: readonly Header[], listener: Attributes): readonly Header[] {
  return withListenerHeaders(withoutHopByHop(headers), listener);
}

/** Headers of an answer that the load balancer gives itself. */
export function ownResponseHeaders(headers: readonly Header[], listener: Attributes): readonly Header[] {
  const server = listener.get('routing.http.response.server.enabled') === 'false' ? [] : [SERVER];
  return withListenerHeaders([...server, ...headers], listener);
}

const SERVER: Header = ['Server', 'awselb/2.0'];

function withListenerHeaders(headers: readonly Header[], listener: Attributes): readonly Header[] {
  const set: Header[] = [];
  for (const [attribute, name] of RESPONSE_HEADERS) {
    const value = listener.get(attribute);
    if (value !== undefined && value !== '') set.push([name, value]);
  }
  const replaced = new Set(set.map(([name]) => name.toLowerCase()));
  return [...headers.filter(([name]) => !replaced.has(name.toLowerCase())), ...set];
}
