import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateApiKey } from '../../contract/api-key';
import { maskKeys, maskWholeKeys } from '../../contract/mask';
import { vectors } from './mask-vectors.json';
import { holdsSecret, spelledKey } from './spelled-keys';
import { computed, steepness, TOO_STEEP } from './steepness';

describe('maskKeys', () => {
  it.each(vectors.map(([text = '', masked = '']) => ({ text, masked })))(
    'makes $masked of $text',
    ({ text, masked }) => {
      expect(maskKeys(text)).toBe(masked);
    },
  );

  it('leaves nothing of a key, however it is spelled and whatever stands around it', () => {
    fc.assert(
      fc.property(spelledKey(), fc.string(), fc.string(), ({ text, secret }, before, after) => {
        const whole = `${before}${text}${after}`;
        expect(holdsSecret(whole, secret)).toBe(true);
        expect(holdsSecret(maskKeys(whole), secret)).toBe(false);
        expect(holdsSecret(maskWholeKeys(whole), secret)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves ids of keys, and in errors also the long names of resources', () => {
    const { keyId } = generateApiKey(randomBytes);
    const table = 'Voicegate-ServiceAuthorizerKeys0A1B2C3D-1ABCDEFGHIJKL';
    expect(maskKeys(`key ${keyId}`)).toBe(`key ${keyId}`);
    expect(maskKeys(table)).toBe('Voicegate-***-1ABCDEFGHIJKL');
    expect(maskWholeKeys(table)).toBe(table);
  });

  it.each(['a', '%41', '%252541', '%25', '25', '_', 'abcdefghijkl_', `${'%2541'.repeat(24)}/`])(
    'takes time linear in the length of a text of many %s',
    async (unit) => {
      const mask = (length: number) => [maskKeys, maskWholeKeys].map((f) => f(unit.repeat(length / unit.length)));
      expect(await steepness(4_000, mask, computed)).toBeLessThan(TOO_STEEP);
    },
  );
});
