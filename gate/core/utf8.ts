/** UTF-8 read strictly: what one decoder refuses and another repairs is no text that both count alike. */

/** The text of the bytes, or undefined when they are not well-formed UTF-8 (RFC 3629). A leading BOM stays. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const parts: string[] = [];
  let units: number[] = [];
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i] ?? 0;
    const length = sequenceLength(first);
    if (length === 0 || i + length > bytes.length) return undefined;
    let code = length === 1 ? first : first & (0x7f >> length);
    for (let j = 1; j < length; j++) {
      const next = bytes[i + j] ?? 0;
      if ((next & 0xc0) !== 0x80) return undefined;
      code = (code << 6) | (next & 0x3f);
    }
    if (code < (LEAST[length] ?? 0) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    if (code > 0xffff) units.push(0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
    else units.push(code);
    if (units.length > 4096) {
      parts.push(String.fromCharCode(...units));
      units = [];
    }
    i += length;
  }
  return parts.join('') + String.fromCharCode(...units);
}

/** The least code point that needs so many bytes: a longer form of a shorter one is refused. */
const LEAST: readonly number[] = [0, 0, 0x80, 0x800, 0x10000];

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/** Unicode code points of a text, or undefined when it holds half of a surrogate pair. */
export function countCodePoints(text: string): number | undefined {
  let count = 0;
  for (let i = 0; i < text.length; i++, count++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    const next = text.charCodeAt(i + 1);
    if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return undefined;
    i++;
  }
  return count;
}
