import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeIdentity, IDENTITY_HEADER_BYTES } from '../../contract/names';
import { anyText } from '../support/any-text';

/** Well-formed Unicode, ill-formed UTF-16, control characters. */
const freeText = fc.oneof(
  anyText({ maxLength: 400 }),
  fc.array(fc.nat(0xffff), { maxLength: 400 }).map((units) => String.fromCharCode(...units)),
);

describe('an identity header', () => {
  it('holds only characters that cannot break a header', () => {
    fc.assert(
      fc.property(freeText, (text) => {
        expect(encodeIdentity(text)).toMatch(/^(?:[A-Za-z0-9._~@:/+-]|%[0-9A-F]{2})*$/);
      }),
    );
  });

  it('is at most as long as promised and ends at a whole character', () => {
    fc.assert(
      fc.property(freeText, (text) => {
        const value = encodeIdentity(text);
        expect(value.length).toBeLessThanOrEqual(IDENTITY_HEADER_BYTES);
        // A cut inside a character would make this throw.
        expect(Buffer.from(text).toString().startsWith(decodeURIComponent(value))).toBe(true);
      }),
    );
  });

  it('reads back as the text when it is short enough', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 80 }), (text) => {
        expect(decodeURIComponent(encodeIdentity(text))).toBe(text);
      }),
    );
  });

  it('leaves plain names as they are and encodes what could inject a header', () => {
    expect(encodeIdentity('team-a@example.com')).toBe('team-a@example.com');
    expect(encodeIdentity('a\r\nX-Admin: 1')).toBe('a%0D%0AX-Admin:%201');
    expect(encodeIdentity("50%'!()*")).toBe('50%25%27%21%28%29%2A');
    expect(encodeIdentity('语')).toBe('%E8%AF%AD');
    expect(encodeIdentity('\ud800')).toBe('%EF%BF%BD');
  });
});
