import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../../../gate/core/request/target';

describe('parseTarget', () => {
  it.each([
    ['/', '/', undefined],
    ['/tts?text=a%20b', '/tts', 'text=a%20b'],
    ['/%74ts', '/tts', undefined],
    ['/a%20b/%E4%BD%A0', '/a b/你', undefined],
    ['/.well-known/x', '/.well-known/x', undefined],
    ['/a..b/...', '/a..b/...', undefined],
    ['/tts?', '/tts', ''],
    ['/tts?a=//..;%00%zz', '/tts', 'a=//..;%00%zz'],
    ['/tts?text=你好', '/tts', 'text=你好'],
  ])('decodes %s to the path %s', (target, path, query) => {
    expect(parseTarget(target)).toEqual({ rawPath: target.split('?')[0], path, query });
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
    expect(parseTarget(target)).toBeUndefined();
  });

  it('refuses bytes that were no UTF-8, and fragments', () => {
    expect(parseTarget('/tts?text=\ufffd')).toBeUndefined();
    expect(parseTarget('/tts#x')).toBeUndefined();
    expect(parseTarget('/tts?a#x')).toBeUndefined();
  });

  it('lets the ambiguous through under a relaxed prefix, and nowhere else', () => {
    expect(parseTarget('/files/a%2Fb%25/;x', ['/files/'])?.path).toBe('/files/a/b%/;x');
    expect(parseTarget('/files/a//b', ['/files/'])?.path).toBe('/files/a//b');
    expect(parseTarget('/file/a%2Fb', ['/files/'])).toBeUndefined();
    expect(parseTarget('/%66iles/a%2Fb', ['/files/'])).toBeUndefined();
  });

  it.each([
    '/files/../tts',
    '/files/%2e%2e/tts',
    '/files/..%2ftts',
    '/files/%252e%252e%252ftts',
    '/files/..%5ctts',
    '/files/%00',
  ])('lets %s not escape from a relaxed prefix', (target) => {
    expect(parseTarget(target, ['/files/'])).toBeUndefined();
  });

  const pieces = fc.constantFrom(
    ...['/', '.', '..', '%2e', '%2E', '%2f', '%5c', '\\', ';', '%3b', '%25', '%00', '%', '%zz', '%e4%bd%a0', '%ff'],
    ...['a', 'tts', 'T', '~', '//', '%41', '%c0%af', '#', '?', ' ', '\u0001', 'é'],
  );

  it('accepts only paths that decode the same way, however often and by whomever they are decoded', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const target = `/${parts.join('')}`;
        const parsed = parseTarget(target);
        if (parsed === undefined) return;
        expect(parsed.path).toBe(decodeURIComponent(parsed.rawPath));
        // Decoding again changes nothing, and neither does resolving it as a URL.
        expect(decodeURIComponent(parsed.path)).toBe(parsed.path);
        expect(decodeURIComponent(new URL(parsed.rawPath, 'http://a').pathname)).toBe(parsed.path);
        expect(parsed.path.split('/').slice(1, -1)).not.toContain('');
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps every byte of what it accepts', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const target = `/${parts.join('')}`;
        const parsed = parseTarget(target, ['/tts']);
        if (parsed === undefined) return;
        expect(parsed.query === undefined ? parsed.rawPath : `${parsed.rawPath}?${parsed.query}`).toBe(target);
      }),
      { numRuns: 2000 },
    );
  });
});
