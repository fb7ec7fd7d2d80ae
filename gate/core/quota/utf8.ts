/** UTF-8 read strictly: what one decoder refuses and another repairs is no text that both count alike. */

/** njs's types know neither this option nor parts of a buffer; njs itself does. */
interface Decoder {
  decode(bytes: Uint8Array): string;
}

/** A new one each time: after an error it may keep what came before. */
function decoder(): Decoder {
  const options: object = { fatal: true, ignoreBOM: true };
  return new TextDecoder('utf-8', options) as unknown as Decoder;
}

/** The text of the bytes, or undefined when they are not well-formed UTF-8 (RFC 3629). A leading BOM stays. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder().decode(bytes);
  } catch {
    return undefined;
  }
}

const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?:^|[^\ud800-\udbff])[\udc00-\udfff]/;

/** Whether the text holds no half of a surrogate pair. */
export function isWellFormed(text: string): boolean {
  return isAscii(text) || !LONE.test(text);
}

/** Unicode code points of a well-formed text. */
export function countCodePoints(text: string): number {
  if (isAscii(text)) return text.length;
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** By the encoder, which takes a hundredth of the time that QuickJS needs to look at each character. */
function isAscii(text: string): boolean {
  return new TextEncoder().encode(text).length === text.length;
}
