import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { DEFAULT_KEY_PREFIX, formatApiKey, generateApiKey } from '../../contract/api-key';
import { MASKED_LENGTH } from '../../contract/mask';

export interface SpelledKey {
  /** As somebody may have pasted it. */
  readonly text: string;
  /** Of the key as it is. */
  readonly secret: string;
}

const encoded = (character: string, times: number): string => {
  const once = `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return times === 0 ? character : once.replace('%', `%${'25'.repeat(times - 1)}`);
};

/** A key in any case, with `-` for `_`, each character percent-encoded up to twice. */
export function spelledKey(
  prefix: fc.Arbitrary<string> = fc.constantFrom(DEFAULT_KEY_PREFIX, 'acme', 'k9'),
): fc.Arbitrary<SpelledKey> {
  const times = fc.constantFrom(
    () => 0,
    () => 1,
    () => 2,
    (index: number) => index % 3,
    (index: number) => (index % 7 === 0 ? 2 : 0),
  );
  const cases = fc.constantFrom(
    (text: string) => text,
    (text: string) => text.toUpperCase(),
    (text: string) => text.toLowerCase(),
  );
  const hex = fc.constantFrom(
    (text: string) => text,
    (text: string) => text.replaceAll(/%(?:25)*[0-9a-f]{2}/g, (code) => code.toUpperCase()),
  );
  return fc.record({ prefix, times, cases, hex, separator: fc.constantFrom('_', '-') }).map((how) => {
    const key = generateApiKey(randomBytes, how.prefix);
    const spelled = how.cases(formatApiKey(key)).replaceAll('_', how.separator);
    return { text: how.hex([...spelled].map((c, i) => encoded(c, how.times(i))).join('')), secret: key.secret };
  });
}

/** Whether so much of the secret stands in the text that the rest could be guessed, once it is decoded. */
export function holdsSecret(text: string, secret: string): boolean {
  let decoded = text;
  for (let round = 0; round < 3; round++) {
    decoded = decoded.replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  }
  const plain = decoded.toLowerCase();
  const wanted = secret.toLowerCase();
  for (let at = 0; at + MASKED_LENGTH <= wanted.length; at++) {
    if (plain.includes(wanted.slice(at, at + MASKED_LENGTH))) return true;
  }
  return false;
}
