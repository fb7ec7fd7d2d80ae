/**
 * Every path that some server, however careless, could make of a raw path: it decodes more than once, folds overlong
 * UTF-8, cuts at parameters or NUL, takes backslashes for slashes, removes dot segments, ignores case. What reaches the
 * app without a credential must be public in all of these readings.
 */
export function lenientReadings(rawPath: string): ReadonlySet<string> {
  const readings = new Set<string>();
  // Every server decodes once: before that, an escape means nothing to anybody.
  let decoded = decodeLeniently(rawPath);
  for (let round = 1; round <= 4; round++) {
    for (const cut of CUTS) {
      const text = cut(decoded);
      for (const path of [text, text.replaceAll('\\', '/')]) {
        readings
          .add(tidy(path))
          .add(removeDots(path))
          .add(removeDots(tidy(path)));
      }
    }
    decoded = decodeLeniently(decoded);
  }
  for (const reading of [...readings]) readings.add(reading.toLowerCase());
  return readings;
}

const CUTS: readonly ((path: string) => string)[] = [
  (path) => path,
  // Path parameters, up to the next slash.
  (path) => path.replace(/;[^/]*/g, ''),
  // What ends a string or a path somewhere.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the subject
  (path) => path.replace(/[\u0000-\u0020;#?].*$/s, ''),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the subject
  (path) => path.replace(/[\u0000-\u001f\u007f]/g, ''),
];

function tidy(path: string): string {
  return path.replace(/\/{2,}/g, '/').replace(/(?<=.)[/. ]+$/, '');
}

function removeDots(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '.' && segment !== '') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

/** One round of decoding that never fails: bad escapes stay, overlong forms and `%uXXXX` become their character. */
function decodeLeniently(text: string): string {
  return text
    .replace(/%u([0-9A-Fa-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/[\u00c0\u00c1]([\u0080-\u00bf])/g, (pair, low: string) =>
      String.fromCharCode(((pair.charCodeAt(0) & 0x03) << 6) | (low.charCodeAt(0) & 0x3f)),
    )
    .replace(/\u00e0\u0080([\u0080-\u00bf])/g, (_, low: string) => String.fromCharCode(low.charCodeAt(0) & 0x3f));
}
