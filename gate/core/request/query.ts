/** Query strings, read as web frameworks read them: pairs separated by `&`, `+` is a space, bad escapes stay. */

export function queryPairs(query: string | undefined): readonly (readonly [string, string])[] {
  if (query === undefined || query === '') return [];
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals < 0
        ? [decodePart(pair), '']
        : [decodePart(pair.slice(0, equals)), decodePart(pair.slice(equals + 1))];
    });
}

/** A query of more is not taken apart: each costs time, and no framework reads more unless told so. */
const MOST_PAIRS = 1000;

export function hasTooManyPairs(query: string): boolean {
  return query.split('&', MOST_PAIRS + 1).length > MOST_PAIRS;
}

/** The values of that name, however the name is spelled. */
export function parameterValues(query: string, name: string): readonly string[] {
  return query
    .split('&')
    .filter((pair) => isNamed(pair, name))
    .map((pair) => decodePart(pair.slice(pair.indexOf('=') + 1 || pair.length)));
}

/** The raw query without the pairs of that name, however the name is spelled. */
export function withoutParameter(query: string, name: string): string {
  return query
    .split('&')
    .filter((pair) => !isNamed(pair, name))
    .join('&');
}

/** Characters of UTF-8, percent-encoded, for one of UTF-16: a name that is longer is another, and need not be decoded. */
const LONGEST_ENCODED = 9;

function isNamed(pair: string, name: string): boolean {
  const equals = pair.indexOf('=');
  const given = equals < 0 ? pair : pair.slice(0, equals);
  return given.length <= LONGEST_ENCODED * name.length && decodePart(given) === name;
}

function decodePart(text: string): string {
  // A query may be sixteen thousand empty pairs.
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // One bad escape must not hide a good one, since lenient servers decode the others.
    return spaced.replace(/%[0-9a-f]{2}/gi, (encoded) => {
      const code = Number.parseInt(encoded.slice(1), 16);
      return code < 0x80 ? String.fromCharCode(code) : encoded;
    });
  }
}
