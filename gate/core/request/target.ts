/**
 * The request target. The gate decides on the decoded path and forwards the raw one, so a target is accepted only when
 * every server decodes it to the same path: what could be read in two ways is refused.
 */

/** Printable ASCII without space, `#`, `;` and backslash. */
const STRICT_PATH = /^\/[!"$-:<-[\]-~]*$/;
const RELAXED_PATH = /^\/[!"$-~]*$/;
const PLAIN_PATH = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*\/?$/;
const DOT_SEGMENT = /(^|[/\\])\.{1,2}([/\\;]|$)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const CONTROL = /[\u0000-\u001f\u007f]/;
/** The second and later bytes of a character in UTF-8. */
const NEXT = '%[89ABab][0-9A-Fa-f]';
/**
 * A query that can be passed on as it came: printable ASCII without blank and `#`, whose percent escapes are UTF-8 once
 * they are decoded, in the sequences of RFC 3629. An escape that is broken is left to the app.
 */
export const PLAIN_QUERY = [
  '^(?:[!"$&-~]|%(?![89A-Fa-f][0-9A-Fa-f])',
  `%[Cc][2-9A-Fa-f]${NEXT}|%[Dd][0-9A-Fa-f]${NEXT}`,
  `%[Ee]0%[ABab][0-9A-Fa-f]${NEXT}|%[Ee][1-9ABCEFabcef]${NEXT}${NEXT}|%[Ee][Dd]%[89][0-9A-Fa-f]${NEXT}`,
  `%[Ff]0%[9ABab][0-9A-Fa-f]${NEXT}${NEXT}|%[Ff][1-3]${NEXT}${NEXT}${NEXT}|%[Ff]4%8[0-9A-Fa-f]${NEXT}${NEXT})*$`,
].join('|');
const isPlain = new RegExp(PLAIN_QUERY);

/** Whether the path is one that no server could read in two ways, spelled with the plainest characters. */
function isPlainPath(path: string): boolean {
  return path === '/' || (path !== '' && PLAIN_PATH.test(path));
}

/**
 * Whether the query can be passed on as it came. Everything but printable ASCII must be percent-encoded (RFC 3986):
 * servers differ in what they make of raw bytes, and of what is not UTF-8. nginx.conf says the same as `$gate_plain`.
 */
export function isPlainQuery(query: string): boolean {
  return isPlain.test(query);
}

/**
 * The path percent-decoded once, which is what routes, limits and constraints look at; undefined when it is ambiguous or
 * malformed.
 */
export function decodePath(rawPath: string, relaxedPaths: readonly string[] = []): string | undefined {
  if (isPlainPath(rawPath)) return rawPath;
  return relaxedPaths.some((prefix) => rawPath.startsWith(prefix)) ? decodeRelaxed(rawPath) : decodeStrict(rawPath);
}

/** Whether the request target, in origin form, is one that the gate lets through at all. */
export function isClearTarget(target: string, relaxedPaths: readonly string[] = []): boolean {
  const mark = target.indexOf('?');
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  return (mark < 0 || isPlainQuery(target.slice(mark + 1))) && decodePath(rawPath, relaxedPaths) !== undefined;
}

function decodeStrict(rawPath: string): string | undefined {
  if (!STRICT_PATH.test(rawPath) || rawPath.includes('//')) return undefined;
  const path = decode(rawPath);
  if (path === undefined || CONTROL.test(path) || DOT_SEGMENT.test(path)) return undefined;
  // An encoded delimiter or percent sign: what stands behind the gate may decode it again, or may not.
  if (path.includes('\\') || path.includes('%') || path.includes(';')) return undefined;
  if (/%2f/i.test(rawPath)) return undefined;
  return path;
}

/** Lets encoded delimiters through, yet never a way out of the prefix, however often it is decoded. */
function decodeRelaxed(rawPath: string): string | undefined {
  if (!RELAXED_PATH.test(rawPath)) return undefined;
  let path = rawPath;
  for (let round = 0; round < 3; round++) {
    if (CONTROL.test(path) || DOT_SEGMENT.test(path)) return undefined;
    const decoded = decode(path);
    if (decoded === undefined) return round === 0 ? undefined : decode(rawPath);
    path = decoded;
  }
  return CONTROL.test(path) || DOT_SEGMENT.test(path) ? undefined : decode(rawPath);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
