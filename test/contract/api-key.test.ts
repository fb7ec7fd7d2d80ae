import { randomBytes } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertKeyPrefix, crc32, formatApiKey, generateApiKey, isKeyId, parseApiKey } from '../../contract/api-key';
import { anyText } from '../support/any-text';

const prefix = fc.stringMatching(/^[a-z][a-z0-9]{0,11}$/);
const newKey = prefix.map((text) => generateApiKey(randomBytes, text));

describe('an API key', () => {
  it('reads back what it was made of', () => {
    fc.assert(
      fc.property(newKey, (key) => {
        expect(parseApiKey(formatApiKey(key), key.prefix)).toEqual(key);
      }),
    );
  });

  it('is refused when any one character is another', () => {
    fc.assert(
      fc.property(newKey, fc.nat(), fc.constantFrom(...'0aZ_-. é'), (key, position, character) => {
        const text = formatApiKey(key);
        const at = position % text.length;
        fc.pre(text[at] !== character);
        expect(parseApiKey(text.slice(0, at) + character + text.slice(at + 1), key.prefix)).toBeUndefined();
      }),
    );
  });

  it('is refused when two neighbouring characters are swapped', () => {
    fc.assert(
      fc.property(newKey, fc.nat(), (key, position) => {
        const text = formatApiKey(key);
        const at = position % (text.length - 1);
        fc.pre(text[at] !== text[at + 1]);
        const swapped = text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2);
        expect(parseApiKey(swapped, key.prefix)).toBeUndefined();
      }),
    );
  });

  it('is refused when cut, extended, surrounded by white space, or of another prefix', () => {
    const key = generateApiKey(randomBytes);
    const text = formatApiKey(key);
    for (const wrong of ['', text.slice(0, -1), `${text}0`, ` ${text}`, `${text}\n`, text.toUpperCase()]) {
      expect(parseApiKey(wrong)).toBeUndefined();
    }
    expect(parseApiKey(text, 'other')).toBeUndefined();
  });

  it('never throws on arbitrary text', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 100 }), (text) => {
        expect(parseApiKey(`vg_${text}`)).toBeUndefined();
      }),
    );
  });

  it('draws no base62 character more often than another', () => {
    const counts = new Map<string, number>();
    // A source that yields every byte value equally often: what is left of bias would be ours.
    let next = 0;
    const everyByte = (length: number) => Uint8Array.from({ length }, () => next++ & 0xff);
    for (let i = 0; i < 1000; i++) {
      const { keyId, secret } = generateApiKey(everyByte);
      for (const character of keyId + secret) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect(counts.size).toBe(62);
    // Without the rejection of large bytes the first eight characters would come 25 % more often.
    const expected = (1000 * 55) / 62;
    for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(expected * 0.15);
  });

  it('has a checksum that is the CRC-32 every tool computes', () => {
    expect(crc32('123456789')).toBe(0xcbf43926);
    if (typeof zlibCrc32 === 'function') {
      fc.assert(
        fc.property(fc.stringMatching(/^[ -~]*$/), (text) => {
          expect(crc32(text)).toBe(zlibCrc32(text));
        }),
      );
    }
  });

  it('names a wrong prefix and what is allowed', () => {
    for (const wrong of ['', '1a', 'a_b', 'VG', 'abcdefghijklm', 'a-b']) {
      expect(() => assertKeyPrefix(wrong)).toThrow(`got "${wrong}"`);
      expect(() => generateApiKey(randomBytes, wrong)).toThrow('1 to 12 characters');
    }
  });

  it('knows an id by its length and characters', () => {
    expect(isKeyId(generateApiKey(randomBytes).keyId)).toBe(true);
    for (const wrong of ['', 'abcdefghijk', 'abcdefghijklm', 'abcdefghijk_', 'abcdefghijk\n']) {
      expect(isKeyId(wrong)).toBe(false);
    }
  });
});
