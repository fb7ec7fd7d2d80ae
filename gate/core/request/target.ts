/**
 * The request target. The gate decides on the decoded path and forwards the raw one, so a target is accepted only when
 * every server decodes it to the same path: what could be read in two ways is refused.
 */

export interface Target {
  /** As the client sent it, path only. */
  readonly rawPath: string;
  /** Percent-decoded once: what routes, limits and constraints look at. */
  readonly path: string;
  /** Raw, without the question mark; undefined when there is no question mark. */
  readonly query: string | undefined;
}

/** Printable ASCII without space, `#`, `;` and backslash. */
const STRICT_PATH = /^\/[!"$-:<-[\]-~]*$/;
const RELAXED_PATH = /^\/[!"$-~]*$/;
const PLAIN_PATH = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*\/?$/;
const DOT_SEGMENT = /(^|[/\\])\.{1,2}([/\\;]|$)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const CONTROL = /[\u0000-\u001f\u007f]/;
/** Printable ASCII without `#`. */
const PLAIN_QUERY = /^[ -"$-~]*$/;

/** Whether the path is one that no server could read in two ways, spelled with the plainest characters. */
export function isPlainPath(path: string): boolean {
  return path === '/' || (path !== '' && PLAIN_PATH.test(path));
}

/** Whether it is a query that {@link parseTarget} takes behind a plain path, of the plainest characters. */
export function isPlainQuery(query: string): boolean {
  return PLAIN_QUERY.test(query);
}

/** The parts of a request target in origin form, or undefined when it is ambiguous or malformed. */
export function parseTarget(target: string, relaxedPaths: readonly string[] = []): Target | undefined {
  if (isPlainPath(target)) {
    return { rawPath: target, path: target, query: undefined };
  }
  // `#`: some servers cut a fragment off. U+FFFD: the bytes were no UTF-8, so they could not be forwarded as they came.
  if (target.includes('#') || target.includes('\ufffd')) return undefined;
  const mark = target.indexOf('?');
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? undefined : target.slice(mark + 1);
  if (query !== undefined && CONTROL.test(query)) return undefined;
  if (isPlainPath(rawPath)) return { rawPath, path: rawPath, query };
  const path = relaxedPaths.some((prefix) => rawPath.startsWith(prefix))
    ? decodeRelaxed(rawPath)
    : decodeStrict(rawPath);
  return path === undefined ? undefined : { rawPath, path, query };
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
