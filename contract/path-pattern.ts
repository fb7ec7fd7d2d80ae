/** Path patterns: `/tts` is exactly that path, `/static/*` every path that begins with `/static/`. */

/** What a pattern may look like: a plain absolute path, with at most one `*`, at its end. */
const PATTERN = /^\/[A-Za-z0-9._~!$&'()+,=:@/-]*\*?$/;

export function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

export function isPathPattern(text: string): boolean {
  return PATTERN.test(text) && !text.includes('//') && !/(^|\/)\.{1,2}(\/|$)/.test(text);
}
