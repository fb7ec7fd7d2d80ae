/**
 * Paths that API Gateway passes on as they are and an app may read as another path. A grant that is constrained to
 * paths never covers them. (The gate refuses them all with 400, long before it asks.)
 */

/** IAM resource patterns for the same: what follows the method in an execute-api ARN. */
export const AMBIGUOUS_RESOURCES: readonly string[] = [
  '*/../*',
  '*/..',
  '*/./*',
  '*/.',
  '*//*',
  '*;*',
  '*\\*',
  '*%2*',
  '*%5*',
  '*%0*',
];

export function hasAmbiguousSegments(path: string): boolean {
  return /(^|\/)\.{1,2}(\/|$)|\/\/|[;\\]|%[025]/.test(path);
}
