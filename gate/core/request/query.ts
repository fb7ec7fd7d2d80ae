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

/** The raw query without the pairs of that name, however the name is spelled. */
export function withoutParameter(query: string, name: string): string {
  return query
    .split('&')
    .filter((pair) => {
      const equals = pair.indexOf('=');
      return decodePart(equals < 0 ? pair : pair.slice(0, equals)) !== name;
    })
    .join('&');
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
