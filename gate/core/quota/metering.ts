/**
 * Counts the characters that a synthesis request asks to speak, as the app will read them. What two readers could read
 * in two ways is refused, so that nobody speaks more than was paid for.
 *
 * The text is looked for where a Flask app may look: in the query, in a urlencoded form, in a JSON object; and it must be
 * in one of them, once. Counted are the Unicode code points of the decoded value, before any cleaning by the app.
 */

import { JsonError, MAX_VALUES, readJsonObject } from './strict-json';
import { countCodePoints, decodeUtf8, isWellFormed } from './utf8';

export interface MeteredRequest {
  /** In capitals. */
  readonly method: string;
  /** As the app gets it, without the question mark; decoded from UTF-8 and nothing else. */
  readonly query: string | undefined;
  /** As they came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Empty when there is none. */
  readonly body: Uint8Array;
}

export type Metered =
  | { readonly kind: 'counted'; readonly characters: number; readonly text: string }
  /** `problem` completes the sentence "the request …" for the caller, and quotes nothing of it. */
  | { readonly kind: 'refused'; readonly status: 400 | 413 | 415; readonly problem: string };

/** Counts the text in the field of that name. */
export function meter(request: MeteredRequest, field: string, maxBytes: number): Metered {
  try {
    const queried = request.query === undefined ? [] : formValues(request.query, field, 'query');
    const texts = request.body.length === 0 ? queried : [...queried, ...bodyTexts(request, field, maxBytes)];
    const [text, ...others] = texts;
    if (text === undefined) throw new Unreadable(400, `lacks ${field}; send the text to speak`);
    if (others.length > 0) throw new Unreadable(400, `gives ${field} ${texts.length} times; give it once`);
    if (!isWellFormed(text)) throw new Unreadable(400, 'holds half of a surrogate pair; send valid Unicode');
    return { kind: 'counted', characters: countCodePoints(text), text };
  } catch (error) {
    if (error instanceof Unreadable) return { kind: 'refused', status: error.status, problem: error.message };
    if (error instanceof JsonError)
      return { kind: 'refused', status: 400, problem: `has a body that ${error.message}` };
    throw error;
  }
}

class Unreadable extends Error {
  constructor(
    readonly status: 400 | 413 | 415,
    problem: string,
  ) {
    super(problem);
  }
}

function bodyTexts(request: MeteredRequest, field: string, maxBytes: number): readonly string[] {
  const type = contentType(request);
  if (valuesOf(request, 'content-encoding').length > 0) {
    throw new Unreadable(415, 'has a Content-Encoding; send the body without');
  }
  if (!['POST', 'PUT', 'PATCH'].includes(request.method)) {
    throw new Unreadable(400, `has a body, which ${request.method} must not have`);
  }
  if (request.body.length > maxBytes) {
    throw new Unreadable(413, `has a body of more than ${maxBytes} bytes`);
  }
  if (type === undefined) {
    throw new Unreadable(
      415,
      'has a body in a type that is not metered; send application/json or application/x-www-form-urlencoded in UTF-8',
    );
  }
  const text = decodeUtf8(request.body);
  if (text === undefined) throw new Unreadable(400, 'has a body that is not UTF-8');
  if (text.startsWith('\ufeff')) throw new Unreadable(400, 'has a body that begins with a byte order mark');
  return type === 'json' ? jsonTexts(text, field) : formTexts(text, field);
}

function jsonTexts(body: string, field: string): readonly string[] {
  const members = readJsonObject(body);
  if (!members.has(field)) return [];
  const text = members.get(field);
  if (text === undefined) throw new Unreadable(400, `has a ${field} that is not a string`);
  return [text];
}

function formTexts(body: string, field: string): readonly string[] {
  // An app that asks for JSON whatever the type says would find another text in it.
  if (/^[ \t\r\n]*[{["]/.test(body)) throw new Unreadable(400, 'has a form that could be read as JSON');
  return formValues(body, field, 'form');
}

/** The values of a parameter, by the rules of application/x-www-form-urlencoded. */
function formValues(encoded: string, field: string, where: 'query' | 'form'): readonly string[] {
  if (encoded.includes('\0')) throw new Unreadable(400, `has a ${where} with a NUL`);
  const values: string[] = [];
  const pairs = encoded.split('&', MAX_VALUES + 1);
  if (pairs.length > MAX_VALUES) throw new Unreadable(400, `has a ${where} of more than ${MAX_VALUES} parameters`);
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = decodePart(equals < 0 ? pair : pair.slice(0, equals), where);
    // All values are decoded: where one is malformed, readers differ in what they make of the whole.
    const value = decodePart(equals < 0 ? '' : pair.slice(equals + 1), where);
    if (pair !== '' && name === field) values.push(value);
  }
  return values;
}

function decodePart(part: string, where: string): string {
  const spaced = part.includes('+') ? part.replaceAll('+', ' ') : part;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw new Unreadable(400, `has a ${where} with a malformed percent escape; write % as %25, and text as UTF-8`);
  }
}

/** Parameters other than a charset of UTF-8 may change how a body is read, and none is needed. */
const CONTENT_TYPE =
  /^application\/(json|x-www-form-urlencoded)[ \t]*(?:;[ \t]*charset=("?)(?:cs)?utf[-_]?8\2[ \t]*)?(?:;[ \t]*)?$/i;

function contentType(request: MeteredRequest): 'json' | 'form' | undefined {
  const types = valuesOf(request, 'content-type');
  if (types.length > 1) throw new Unreadable(400, 'has more than one Content-Type');
  const subtype = CONTENT_TYPE.exec(types[0] ?? '')?.[1]?.toLowerCase();
  return subtype === undefined ? undefined : subtype === 'json' ? 'json' : 'form';
}

function valuesOf(request: MeteredRequest, wanted: string): readonly string[] {
  return request.headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}
