import { createHash } from 'node:crypto';
import type { TextTransformation } from '@aws-sdk/client-wafv2';
import type { Bytes } from './bytes.js';

type Transform = (text: Bytes) => Bytes;

const latin1 = (buffer: Buffer): Bytes => buffer.toString('latin1');

const TRANSFORMS: Readonly<Record<string, Transform>> = {
  NONE: (text) => text,
  // Only ASCII letters: the others are bytes of some character, not characters.
  LOWERCASE: (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  UPPERCASE: (text) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  URL_DECODE: (text) => text.replaceAll('+', ' ').replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => byte(hex)),
  URL_DECODE_UNI: (text) =>
    text
      .replaceAll('+', ' ')
      .replace(/%u[0-9A-Fa-f]{2}([0-9A-Fa-f]{2})|%([0-9A-Fa-f]{2})/g, (_, wide, narrow) => byte(wide ?? narrow)),
  COMPRESS_WHITE_SPACE: (text) => text.replace(/[\t\n\v\f\r \xa0]+/g, ' '),
  REMOVE_WHITESPACE: (text) => text.replace(/[\t\n\v\f\r \xa0]+/g, ''),
  TRIM: (text) => trimLeft(trimRight(text)),
  TRIM_LEFT: trimLeft,
  TRIM_RIGHT: trimRight,
  REMOVE_NULLS: (text) => text.replaceAll('\0', ''),
  REPLACE_NULLS: (text) => text.replaceAll('\0', ' '),
  HTML_ENTITY_DECODE: (text) =>
    text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|quot|nbsp|lt|gt);/gi, (_, name) => entity(name)),
  BASE64_DECODE: (text) => latin1(Buffer.from(text, 'base64')),
  HEX_DECODE: (text) => (/^([0-9A-Fa-f]{2})*$/.test(text) ? latin1(Buffer.from(text, 'hex')) : text),
  NORMALIZE_PATH: normalizePath,
  NORMALIZE_PATH_WIN: (text) => normalizePath(text.replaceAll('\\', '/')),
  MD5: (text) => latin1(createHash('md5').update(text, 'latin1').digest()),
  SHA256: (text) => latin1(createHash('sha256').update(text, 'latin1').digest()),
};

/** The transformations in their order as one function, or the name of the first that is not emulated. */
export function transformations(list: readonly TextTransformation[] = []): Transform | { readonly missing: string } {
  const steps: Transform[] = [];
  for (const { Type } of [...list].sort((a, b) => (a.Priority ?? 0) - (b.Priority ?? 0))) {
    const step = Type !== undefined && Object.hasOwn(TRANSFORMS, Type) ? TRANSFORMS[Type] : undefined;
    if (step === undefined) return { missing: String(Type) };
    steps.push(step);
  }
  return (text) => steps.reduce((value, step) => step(value), text);
}

function trimLeft(text: Bytes): Bytes {
  return text.replace(/^[\t\n\v\f\r ]+/, '');
}

/** Not by an expression: searched for from each space, the end of the text costs the square of its length. */
function trimRight(text: Bytes): Bytes {
  let end = text.length;
  while (end > 0 && '\t\n\v\f\r '.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

function byte(hex: string): Bytes {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

function entity(name: string): Bytes {
  const lower = name.toLowerCase();
  const named: Readonly<Record<string, string>> = { quot: '"', nbsp: '\xa0', lt: '<', gt: '>' };
  const known = named[lower];
  if (known !== undefined) return known;
  const code = lower.startsWith('#x') ? Number.parseInt(lower.slice(2), 16) : Number.parseInt(lower.slice(1), 10);
  return String.fromCharCode(code & 0xff);
}

/** Repeated slashes, `.` and `..` are resolved; `..` at the beginning stays. */
function normalizePath(text: Bytes): Bytes {
  const kept: string[] = [];
  const parts = text.split('/');
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    if (part === '..' && kept.length > 0 && kept.at(-1) !== '..' && kept.at(-1) !== '') kept.pop();
    else if (part === '.' || (part === '' && index > 0 && !last)) continue;
    else kept.push(part);
  }
  return kept.join('/');
}
