/** Path patterns: `/tts` is exactly that path, `/static/*` every path that begins with `/static/`. */

/** What a pattern may look like: a plain absolute path, with at most one `*`, at its end. */
const PATTERN = /^\/[A-Za-z0-9._~!$&'()+,=:@/-]*\*?$/;

/** Characters of a pattern, at most: with API and stage it must fit into the 512 of an API Gateway policy's resource. */
export const PATTERN_LENGTH = 256;

export function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

export function isPathPattern(text: string): boolean {
  return (
    text.length <= PATTERN_LENGTH && PATTERN.test(text) && !text.includes('//') && !/(^|\/)\.{1,2}(\/|$)/.test(text)
  );
}
