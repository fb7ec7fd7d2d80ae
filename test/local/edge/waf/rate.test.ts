import type { RateBasedStatement } from '@aws-sdk/client-wafv2';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InspectedRequest } from '../../../../local/edge/waf/inspected-request.js';
import { RateCounters } from '../../../../local/edge/waf/rate.js';
import { compileStatement } from '../../../../local/edge/waf/statement.js';
import { contains, NONE, requestWith } from './support.js';

/** A rule with a clock of its own. @param delay seconds */
function rateRule(statement: Partial<RateBasedStatement>, delay = 0) {
  const clock = { seconds: 1000 };
  const compiled = compileStatement(
    { RateBasedStatement: { Limit: 10, EvaluationWindowSec: 60, AggregateKeyType: 'IP', ...statement } },
    {
      ipSets: new Map(),
      regexPatternSets: new Map(),
      labelPrefix: '',
      rates: new RateCounters(() => clock.seconds * 1000, delay * 1000),
    },
  );
  if (typeof compiled !== 'function') throw new Error(compiled.missing);
  return {
    clock,
    over: (request: Partial<InspectedRequest> = {}) => compiled(requestWith(request)),
    /** How many of so many requests at this moment are over the limit. */
    burst: (count: number, request: Partial<InspectedRequest> = {}) =>
      Array.from({ length: count }, () => compiled(requestWith(request))).filter((over) => over).length,
  };
}

describe('rate-based statements', () => {
  it('match every request beyond the limit within the window, and none after it', () => {
    const rule = rateRule({});
    expect(rule.burst(12)).toBe(2);
    rule.clock.seconds += 59;
    expect(rule.over()).toBe(true);
    rule.clock.seconds += 1;
    expect(rule.over()).toBe(false);
  });

  it('see a request only after the delay', () => {
    const rule = rateRule({}, 10);
    expect(rule.burst(50)).toBe(0);
    rule.clock.seconds += 9;
    expect(rule.over()).toBe(false);
    rule.clock.seconds += 1;
    expect(rule.over()).toBe(true);
    rule.clock.seconds += 70;
    expect(rule.over()).toBe(false);
  });

  it('go on matching while refused requests keep coming too fast', () => {
    const rule = rateRule({});
    rule.burst(11);
    for (let second = 0; second < 120; second++) {
      rule.clock.seconds += 1;
      expect(rule.over()).toBe(true);
    }
  });

  it('use a window of five minutes unless another is given', () => {
    const rule = rateRule({ EvaluationWindowSec: undefined });
    rule.burst(11);
    rule.clock.seconds += 299;
    expect(rule.over()).toBe(true);
  });

  it('count each address alone', () => {
    const rule = rateRule({});
    rule.burst(11);
    expect(rule.over({ client: '::1' })).toBe(false);
    expect(rule.over()).toBe(true);
  });

  it('count only what their scope-down statement matches', () => {
    const rule = rateRule({ ScopeDownStatement: contains('/tts', { UriPath: {} }) });
    expect(rule.burst(50, { path: '/other' })).toBe(0);
    expect(rule.burst(11, { path: '/tts' })).toBe(1);
    expect(rule.over({ path: '/other' })).toBe(false);
  });

  it('count everything together as a constant', () => {
    const rule = rateRule({ AggregateKeyType: 'CONSTANT' });
    expect(rule.burst(6, { client: '::1' }) + rule.burst(6)).toBe(2);
  });

  it('count the first forwarded address, and malformed ones as the fallback says', () => {
    const forwarded = (FallbackBehavior: 'MATCH' | 'NO_MATCH') =>
      rateRule({
        AggregateKeyType: 'FORWARDED_IP',
        ForwardedIPConfig: { HeaderName: 'X-Forwarded-For', FallbackBehavior },
      });
    const via = (value: string) => ({ headers: [['x-forwarded-for', value]] as const });
    const rule = forwarded('NO_MATCH');
    expect(rule.burst(11, via('192.0.2.1, 10.0.0.1'))).toBe(1);
    expect(rule.over(via('192.0.2.2, 192.0.2.1'))).toBe(false);
    expect(rule.burst(50, via('nonsense'))).toBe(0);
    expect(rule.burst(50)).toBe(0);
    expect(forwarded('MATCH').burst(12, via('nonsense'))).toBe(2);
  });

  it('count combinations of keys, and never a request that lacks one', () => {
    const rule = rateRule({
      AggregateKeyType: 'CUSTOM_KEYS',
      CustomKeys: [{ Header: { Name: 'X-API-Key', TextTransformations: NONE } }, { HTTPMethod: {} }, { IP: {} }],
    });
    const keyed = (key: string) => ({ headers: [['x-api-key', key]] as const });
    expect(rule.burst(11, keyed('one'))).toBe(1);
    expect(rule.over({ ...keyed('one'), method: 'POST' })).toBe(false);
    expect(rule.over(keyed('two'))).toBe(false);
    expect(rule.burst(50)).toBe(0);
  });

  it('take cookies, parameters, paths, query strings and labels as keys', () => {
    const keys = (CustomKeys: RateBasedStatement['CustomKeys']) =>
      rateRule({ AggregateKeyType: 'CUSTOM_KEYS', CustomKeys });
    const cookie = keys([{ Cookie: { Name: 'session', TextTransformations: NONE } }]);
    expect(cookie.burst(11, { headers: [['Cookie', 'a=1; session=x']] })).toBe(1);
    expect(cookie.burst(11, { headers: [['Cookie', 'a=1']] })).toBe(0);
    const argument = keys([
      { QueryArgument: { Name: 'q', TextTransformations: [{ Priority: 0, Type: 'LOWERCASE' }] } },
    ]);
    expect(argument.burst(6, { query: 'q=A' }) + argument.burst(6, { query: 'q=a' })).toBe(2);
    const path = keys([{ UriPath: { TextTransformations: NONE } }, { QueryString: { TextTransformations: NONE } }]);
    expect(path.burst(11, { path: '/a', query: 'x' })).toBe(1);
    expect(path.burst(11, { path: '/a' })).toBe(0);
    const label = keys([{ LabelNamespace: { Namespace: 'awswaf:x:' } }]);
    expect(label.burst(11, { labels: ['awswaf:x:slow'] })).toBe(1);
    expect(label.burst(11, { labels: ['other'] })).toBe(0);
  });

  it('name an aggregation that is not emulated', () => {
    expect(() => rateRule({ AggregateKeyType: 'CUSTOM_KEYS', CustomKeys: [{ ASN: {} }] })).toThrow('ASN');
  });

  it('agree with a count of all requests of the window, whenever they come', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 80 });
    fc.assert(
      fc.property(gaps, fc.constantFrom(60, 120), fc.integer({ min: 0, max: 20 }), (pauses, window, delay) => {
        const rule = rateRule({ EvaluationWindowSec: window }, delay);
        const times: number[] = [];
        for (const pause of pauses) {
          rule.clock.seconds += pause;
          const now = rule.clock.seconds;
          times.push(now);
          const counted = times.filter((time) => time <= now - delay && time > now - delay - window);
          expect(rule.over()).toBe(counted.length > 10);
        }
      }),
    );
  });

  it('track 10,000 addresses and forget those that went quiet', () => {
    const rule = rateRule({ Limit: 10 });
    for (let i = 0; i < 10_000; i++) rule.over({ client: `10.0.${i >> 8}.${i & 255}` });
    expect(rule.burst(50, { client: '192.0.2.1' })).toBe(0);
    rule.clock.seconds += 61;
    expect(rule.burst(11, { client: '192.0.2.1' })).toBe(1);
  });
});
