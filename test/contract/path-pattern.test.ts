import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPathPattern, matchesPath, PATTERN_LENGTH } from '../../contract/path-pattern';

const path = fc.stringMatching(/^\/[A-Za-z0-9/._~-]{0,30}$/);

describe('a path pattern', () => {
  it('without a star matches itself and nothing else', () => {
    fc.assert(
      fc.property(path, path, (pattern, candidate) => {
        expect(matchesPath(pattern, candidate)).toBe(pattern === candidate);
      }),
    );
  });

  it('with a star matches every path that begins like it', () => {
    fc.assert(
      fc.property(path, fc.string(), (start, rest) => {
        expect(matchesPath(`${start}*`, start + rest)).toBe(true);
      }),
    );
  });

  it('with a star after a slash leaves the bare folder and its siblings out', () => {
    expect(matchesPath('/static/*', '/static/app.js')).toBe(true);
    expect(matchesPath('/static/*', '/static')).toBe(false);
    expect(matchesPath('/static/*', '/staticx')).toBe(false);
  });

  it.each(['/', '/tts', '/v1/audio/speech', '/static/*', '/*', '/a.b~c/@x'])('may be %j', (text) => {
    expect(isPathPattern(text)).toBe(true);
  });

  it.each([
    '',
    'tts',
    '*',
    '/a*b',
    '/a/**',
    '/a//b',
    '/../a',
    '/a/..',
    '/a/./b',
    '/a%2Fb',
    '/a?b',
    '/a b',
    '/a\n',
    '/é',
    '/{x}',
  ])('may not be %j', (text) => {
    expect(isPathPattern(text)).toBe(false);
  });

  it('may not be longer than an API Gateway policy can hold', () => {
    expect(isPathPattern(`/${'a'.repeat(PATTERN_LENGTH - 1)}`)).toBe(true);
    expect(isPathPattern(`/${'a'.repeat(PATTERN_LENGTH)}`)).toBe(false);
  });
});
