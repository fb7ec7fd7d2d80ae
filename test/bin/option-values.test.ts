import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../bin/command-error';
import { readDuration, readInstant, readKeyId, readQuota, readRatePlan } from '../../bin/keys/option-values';
import { NOW } from '../lambda/authorizer/keys';

describe('a time on the command line', () => {
  it.each([
    ['now', NOW],
    ['90s', NOW + 90],
    ['15m', NOW + 900],
    ['24h', NOW + 86_400],
    ['30d', NOW + 30 * 86_400],
    ['2w', NOW + 14 * 86_400],
    ['2027-01-31', Date.UTC(2027, 0, 31) / 1000],
    ['2027-01-31T12:00Z', Date.UTC(2027, 0, 31, 12) / 1000],
    ['2027-01-31T12:00:30+08:00', Date.UTC(2027, 0, 31, 4, 0, 30) / 1000],
    ['2028-02-29', Date.UTC(2028, 1, 29) / 1000],
  ])('%s is read', (text, seconds) => {
    expect(readInstant('--expires', text, NOW + 0.7)).toBe(seconds);
  });

  it.each([
    '',
    '30',
    'd',
    '-1d',
    '1.5d',
    '30D',
    '2027-02-29',
    '2027-13-01',
    '2027-01-31T25:00Z',
    '2027-01-31T12:00',
    '31.1.2027',
    '99999999999d',
    'tomorrow',
  ])('%j is refused, with what is allowed', (text) => {
    expect(() => readInstant('--expires', text, NOW)).toThrow(`got "${text}"`);
    expect(() => readInstant('--expires', text, NOW)).toThrow('such as 30d');
  });

  it('is a whole second that a timestamp can write, or an error, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,12}[smhdw]$/)), (text) => {
        let seconds: number;
        try {
          seconds = readInstant('--expires', text, NOW);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          return;
        }
        expect(Number.isInteger(seconds)).toBe(true);
        expect(() => new Date(seconds * 1000).toISOString()).not.toThrow();
      }),
    );
  });
});

describe('other values on the command line', () => {
  it('a grace is a length of time', () => {
    expect(readDuration('--grace', '24h')).toBe(86_400);
    expect(readDuration('--grace', '0s')).toBe(0);
    expect(() => readDuration('--grace', 'now')).toThrow('--grace must be a number and s, m, h, d or w');
  });

  it('a burst is a sixth of the rate, at least one, unless it is given', () => {
    expect(readRatePlan('60', undefined)).toEqual({ requestsPerMinute: 60, burst: 10 });
    expect(readRatePlan('1', undefined)).toEqual({ requestsPerMinute: 1, burst: 1 });
    expect(readRatePlan('60', '3')).toEqual({ requestsPerMinute: 60, burst: 3 });
    expect(readRatePlan(undefined, undefined)).toBeUndefined();
  });

  it('a quota names period, unit and amount, each limit once', () => {
    expect(readQuota(['day:requests=1000', 'month:requests=20000', 'month:characters=1000000000000'])).toEqual({
      day: { requests: 1000 },
      month: { requests: 20_000, characters: 1e12 },
    });
    expect(readQuota(['minute:requests=10', 'hour:characters=50000'])).toEqual({
      minute: { requests: 10 },
      hour: { characters: 50_000 },
    });
    expect(() => readQuota(['second:requests=1'])).toThrow('--quota must be minute, hour, day or month, a colon');
    for (const wrong of [
      'week:requests=1',
      'day:words=1',
      'day:requests=0',
      'day:requests=1.5',
      'day:requests',
      '',
      'day:requests=1000000000001',
    ]) {
      expect(() => readQuota([wrong])).toThrow(`got "${wrong}"`);
    }
    expect(() => readQuota(['day:requests=1', 'day:requests=2'])).toThrow('must name day:requests once');
  });

  it('a key id that is too long is not repeated: it may be a whole key', () => {
    expect(() => readKeyId('x'.repeat(66))).toThrow('got 66 characters');
    expect(() => readKeyId('short')).toThrow('got "short"');
  });
});
