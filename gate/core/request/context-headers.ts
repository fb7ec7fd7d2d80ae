/** What a foreign authorizer says of a caller beside its decision, as header lines for the app. */

import { CONTEXT_HEADERS, encodeIdentity } from '../../../contract/names';

/** What may stand in a header's name. An underscore may not: web servers take it for a dash. */
const NOT_IN_NAMES = /[^A-Za-z0-9]+/;

export interface ContextLines {
  /** Each begins with CR LF. */
  readonly lines: string;
  /** How many values were too many, too long or without a name of their own. */
  readonly leftOut: number;
}

/** A value that does not fit is left out whole: half a list of roles says something else. */
export function contextHeaders(context: Readonly<Record<string, unknown>>): ContextLines {
  const { prefix, values, nameLength, valueBytes, bytes } = CONTEXT_HEADERS;
  const names = new Set<string>();
  let lines = '';
  let leftOut = 0;
  for (const [given, value] of Object.entries(context)) {
    const text = textOf(value);
    if (text === undefined) continue;
    const name = nameOf(given);
    const encoded = encodeIdentity(text.slice(0, valueBytes), Number.POSITIVE_INFINITY);
    const line = `\r\n${prefix}${name}: ${encoded}`;
    const isTooLong = text.length > valueBytes || encoded.length > valueBytes || lines.length + line.length > bytes;
    const isNamed = name !== '' && name.length <= nameLength && !names.has(name.toLowerCase());
    if (isTooLong || !isNamed || names.size === values) {
      leftOut++;
      continue;
    }
    names.add(name.toLowerCase());
    lines += line;
  }
  return { lines, leftOut };
}

function nameOf(given: string): string {
  return given
    .split(NOT_IN_NAMES)
    .filter((part) => part !== '')
    .join('-');
}

/** Lists and objects, which format 2.0 allows, are JSON. */
function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
