import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesWildcard } from '../../local/wildcard.js';

/** The same meaning, said by a regular expression. */
function model(pattern: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i);
    if (character === '*') source += '[^]*';
    else if (character === '?') source += '[^]';
    else if (character === '\\' && i + 1 < pattern.length) source += literal(pattern.charAt(++i));
    else source += literal(character);
  }
  return new RegExp(`^${source}$`);
}

const literal = (character: string) => character.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

describe('wildcards', () => {
  it('mean the same as a regular expression of them', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?', '\\', '.'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, value) => {
        expect(matchesWildcard(pattern, value)).toBe(model(pattern).test(value));
      }),
      { numRuns: 3000 },
    );
  });

  it('take no exponential time for a pattern of many stars', () => {
    expect(matchesWildcard('*a'.repeat(64), 'a'.repeat(63) + 'b'.repeat(10_000))).toBe(false);
  });
});
