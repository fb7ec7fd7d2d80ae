import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transformations } from '../../../../local/edge/waf/transformations.js';

function transform(text: string, ...types: string[]): string {
  const step = transformations(types.map((Type, Priority) => ({ Type: Type as 'NONE', Priority })));
  if (typeof step !== 'function') throw new Error(step.missing);
  return step(text);
}

describe('text transformations', () => {
  it.each([
    ['NONE', 'A+%20', 'A+%20'],
    ['LOWERCASE', 'AbC\xc4', 'abc\xc4'],
    ['UPPERCASE', 'aBc', 'ABC'],
    ['URL_DECODE', 'a%2Fb+c%zz', 'a/b c%zz'],
    ['URL_DECODE_UNI', '%u0041%42', 'AB'],
    ['COMPRESS_WHITE_SPACE', 'a \t\n\xa0 b', 'a b'],
    ['REMOVE_WHITESPACE', ' a \n b ', 'ab'],
    ['TRIM', ' a b ', 'a b'],
    ['TRIM_LEFT', ' a ', 'a '],
    ['TRIM_RIGHT', ' a ', ' a'],
    ['REMOVE_NULLS', 'a\0b', 'ab'],
    ['REPLACE_NULLS', 'a\0b', 'a b'],
    ['HTML_ENTITY_DECODE', '&lt;b&gt;&#65;&#x42;&quot;&unknown;', '<b>AB"&unknown;'],
    ['BASE64_DECODE', 'aGk=', 'hi'],
    ['HEX_DECODE', '6869', 'hi'],
    ['HEX_DECODE', 'not hex', 'not hex'],
    ['NORMALIZE_PATH', '/a//b/./c/../d', '/a/b/d'],
    ['NORMALIZE_PATH', '../a/', '../a/'],
    ['NORMALIZE_PATH_WIN', '\\a\\..\\b', '/b'],
  ])('%s makes of %j %j', (type, before, after) => {
    expect(transform(before, type)).toBe(after);
  });

  it('are done by priority', () => {
    const steps = transformations([
      { Priority: 2, Type: 'LOWERCASE' },
      { Priority: 1, Type: 'BASE64_DECODE' },
    ]);
    expect(typeof steps === 'function' && steps('SEk=')).toBe('hi');
  });

  it('decode what encodeURIComponent encodes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(transform(encodeURIComponent(text), 'URL_DECODE')).toBe(Buffer.from(text).toString('latin1'));
      }),
    );
  });

  it('that are not known are named', () => {
    expect(() => transform('', 'LOWERCASE', 'CMD_LINE')).toThrow('CMD_LINE');
    expect(() => transform('', 'toString')).toThrow('toString');
  });
});
