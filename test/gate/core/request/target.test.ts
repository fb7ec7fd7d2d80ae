import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePath, isClearTarget } from '../../../../gate/core/request/target';

/** The decoded path of a target that is let through. */
function pathOf(target: string, relaxed: readonly string[] = []): string | undefined {
  return isClearTarget(target, relaxed) ? decodePath(target.split('?')[0] ?? '', relaxed) : undefined;
}

describe('a target', () => {
  it.each([
    ['/', '/'],
    ['/tts?text=a%20b', '/tts'],
    ['/%74ts', '/tts'],
    ['/a%20b/%E4%BD%A0', '/a b/你'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a..b/...', '/a..b/...'],
    ['/tts?', '/tts'],
    ['/tts?a=//..;%00%zz', '/tts'],
  ])('decodes %s to the path %s', (target, path) => {
    expect(pathOf(target)).toBe(path);
  });

  it.each([
    '/a/%2e',
    '/a/%2E%2e/b',
    '/a%2fb',
    '/a%5Cb',
    '/a%25b',
    '/a%3Bb',
    '/a%00',
    '/a%7f',
    '/%c3%28',
    '/é',
    '',
    'a',
  ])('refuses %s', (target) => {
    expect(pathOf(target)).toBeUndefined();
  });

  it.each(['/tts?text=\ufffd', '/tts?text=\ud800', '/tts?text=你好', '/tts#x', '/tts?a#x', '/tts?a b', '/tts?a\u007f'])(
    'refuses what must be percent-encoded: %j',
    (target) => {
      expect(pathOf(target)).toBeUndefined();
    },
  );

  it('lets the ambiguous through under a relaxed prefix, and nowhere else', () => {
    expect(pathOf('/files/a%2Fb%25/;x', ['/files/'])).toBe('/files/a/b%/;x');
    expect(pathOf('/files/a//b', ['/files/'])).toBe('/files/a//b');
    expect(pathOf('/file/a%2Fb', ['/files/'])).toBeUndefined();
    expect(pathOf('/%66iles/a%2Fb', ['/files/'])).toBeUndefined();
  });

  it.each([
    '/files/../tts',
    '/files/%2e%2e/tts',
    '/files/..%2ftts',
    '/files/%252e%252e%252ftts',
    '/files/..%5ctts',
    '/files/%00',
  ])('lets %s not escape from a relaxed prefix', (target) => {
    expect(pathOf(target, ['/files/'])).toBeUndefined();
  });

  const pieces = fc.constantFrom(
    ...['/', '.', '..', '%2e', '%2E', '%2f', '%5c', '\\', ';', '%3b', '%25', '%00', '%', '%zz', '%e4%bd%a0', '%ff'],
    ...['a', 'tts', 'T', '~', '//', '%41', '%c0%af', '#', '?', ' ', '\u0001', 'é'],
  );

  it('accepts only paths that decode the same way, however often and by whomever they are decoded', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const target = `/${parts.join('')}`;
        const path = pathOf(target);
        if (path === undefined) return;
        const rawPath = target.split('?')[0] ?? '';
        expect(path).toBe(decodeURIComponent(rawPath));
        // Decoding again changes nothing, and neither does resolving it as a URL.
        expect(decodeURIComponent(path)).toBe(path);
        expect(decodeURIComponent(new URL(rawPath, 'http://a').pathname)).toBe(path);
        expect(path.split('/').slice(1, -1)).not.toContain('');
      }),
      { numRuns: 3000 },
    );
  });
});
