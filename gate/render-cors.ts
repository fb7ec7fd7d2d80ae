/** The part of nginx's configuration that lets pages of other origins read answers. */

import type { GateOptions } from '../contract/gate-options';
import { EXPOSED_HEADERS } from './core/browser/cors';

/** What the app says of these would stand beside what the gate says, and browsers take neither. */
export const HIDDEN_CORS_HEADERS: readonly string[] = [
  'Access-Control-Allow-Origin',
  'Access-Control-Allow-Credentials',
  'Access-Control-Allow-Methods',
  'Access-Control-Allow-Headers',
  'Access-Control-Expose-Headers',
  'Access-Control-Max-Age',
];

/** `$gate_cors_origin` is the origin that may read the answer; `$gate_cors_exposed` is empty for all others. */
export function renderCorsMaps(cors: GateOptions['cors']): readonly string[] {
  if (cors === undefined) return [];
  if (cors.allowOrigins.includes('*')) {
    return [
      "map '' $gate_cors_origin {",
      '  default "*";',
      '}',
      "map '' $gate_cors_exposed {",
      `  default "${EXPOSED_HEADERS}";`,
      '}',
    ];
  }
  return [
    'map $http_origin $gate_cors_origin {',
    '  default "";',
    ...cors.allowOrigins.map((origin) => `  "${origin}" "${origin}";`),
    '}',
    'map $gate_cors_origin $gate_cors_exposed {',
    `  default "${EXPOSED_HEADERS}";`,
    '  "" "";',
    '}',
  ];
}

/** Headers for every answer. */
export function renderCorsHeaders(cors: GateOptions['cors']): readonly string[] {
  if (cors === undefined) return [];
  return [
    'add_header Access-Control-Allow-Origin $gate_cors_origin always;',
    'add_header Access-Control-Expose-Headers $gate_cors_exposed always;',
    // Also on answers to others, which a cache must not give to those who may read them.
    ...(cors.allowOrigins.includes('*') ? [] : ['add_header Vary Origin always;']),
  ];
}
