import { Duration } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimit, RateLimitAction, type RateLimitOptions } from '../../../lib';

const FACTORIES: Readonly<Record<string, (options: RateLimitOptions) => RateLimit>> = {
  perIp: (options) => RateLimit.perIp(options),
  perForwardedIp: (options) => RateLimit.perForwardedIp('X-Forwarded-For', options),
  perHeader: (options) => RateLimit.perHeader('X-Tenant', options),
  perApiKey: (options) => RateLimit.perApiKey(options),
};

function statement(limit: RateLimit) {
  const { rateBasedStatement } = limit._rule().statement as {
    rateBasedStatement: {
      limit: number;
      evaluationWindowSec: number;
      aggregateKeyType: string;
      customKeys?: { header: { name: string } }[];
      scopeDownStatement?: unknown;
    };
  };
  return rateBasedStatement;
}

describe('RateLimit', () => {
  it('counts by address over a minute unless told otherwise', () => {
    expect(statement(RateLimit.perIp({ requests: 100 }))).toMatchObject({
      limit: 100,
      evaluationWindowSec: 60,
      aggregateKeyType: 'IP',
      scopeDownStatement: undefined,
    });
  });

  it('answers 429 with a JSON body and tells when to come back', () => {
    expect(RateLimit.perIp({ requests: 100 })._rule().action).toEqual({
      block: {
        customResponse: {
          responseCode: 429,
          customResponseBodyKey: 'tooManyRequests',
          responseHeaders: [{ name: 'Retry-After', value: '30' }],
        },
      },
    });
  });

  it('can only count, or challenge', () => {
    const action = (given: RateLimitAction) => RateLimit.perIp({ requests: 10, action: given })._rule().action;
    expect(action(RateLimitAction.COUNT)).toEqual({ count: {} });
    expect(action(RateLimitAction.CHALLENGE)).toEqual({ challenge: {} });
  });

  it('counts a path however a client spells it', () => {
    const { scopeDownStatement } = statement(RateLimit.perIp({ requests: 10, paths: ['/tts', '/v1/*'] }));
    expect(scopeDownStatement).toMatchObject({
      orStatement: {
        statements: [
          {
            byteMatchStatement: {
              searchString: '/tts',
              positionalConstraint: 'EXACTLY',
              textTransformations: [{ type: 'URL_DECODE' }, { type: 'NORMALIZE_PATH' }],
            },
          },
          { byteMatchStatement: { searchString: '/v1/', positionalConstraint: 'STARTS_WITH' } },
        ],
      },
    });
  });

  it('knows which limits a client walks around by leaving a header out', () => {
    const counts = Object.entries(FACTORIES).map(([name, make]) => [name, make({ requests: 10 }).countsEveryRequest]);
    expect(Object.fromEntries(counts)).toEqual({
      perIp: true,
      perForwardedIp: false,
      perHeader: false,
      perApiKey: false,
    });
  });

  it('counts keys in the header that clients send', () => {
    expect(statement(RateLimit.perApiKey({ requests: 10 }))).toMatchObject({
      aggregateKeyType: 'CUSTOM_KEYS',
      customKeys: [{ header: { name: 'x-api-key' } }],
    });
  });

  it("makes only rules that AWS WAF takes, and refuses the others with AWS's limits in the message", () => {
    const options = fc.record(
      {
        requests: fc.oneof(fc.integer({ min: -5, max: 40 }), fc.double(), fc.integer({ min: 0, max: 2 ** 31 })),
        window: fc.oneof(
          fc.constantFrom(60, 120, 300, 600).map((value) => Duration.seconds(value)),
          fc.integer({ min: 0, max: 1000 }).map((value) => Duration.seconds(value)),
        ),
        paths: fc.array(fc.constantFrom('/tts', '/v1/*', 'tts', '/a b', '/*')),
        name: fc.constantFrom('Mine', 'not allowed', ''),
      },
      { requiredKeys: ['requests'] },
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(FACTORIES)), options, (factory, given) => {
        let limit: RateLimit | undefined;
        try {
          limit = FACTORIES[factory]?.(given);
        } catch (error) {
          expect((error as Error).message).toMatch(/^RateLimit\.per\w+: .*(at least|must be|is not allowed|must name)/);
          return;
        }
        const rule = limit?._rule();
        const rate = limit === undefined ? undefined : statement(limit);
        expect(rate?.limit).toSatisfy((value: number) => Number.isInteger(value) && value >= 10 && value <= 2e9);
        expect([60, 120, 300, 600]).toContain(rate?.evaluationWindowSec);
        expect(rule?.name).toMatch(/^[A-Za-z0-9_-]{1,128}$/);
        expect(rule?.capacity).toBeGreaterThanOrEqual(2);
        // An OR of fewer than two is refused.
        const nested = (rate?.scopeDownStatement as { orStatement?: { statements: unknown[] } } | undefined)
          ?.orStatement;
        if (nested) expect(nested.statements.length).toBeGreaterThanOrEqual(2);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[() => RateLimit, string]>([
    [
      () => RateLimit.perIp({ requests: 5 }),
      "RateLimit.perIp: requests must be at least 10 (AWS WAF's minimum), got 5",
    ],
    [
      () => RateLimit.perIp({ requests: 10, window: Duration.seconds(90) }),
      'RateLimit.perIp: window must be one of 60, 120, 300, 600 seconds, got 90',
    ],
    [() => RateLimit.perHeader('x y', { requests: 10 }), 'headerName must be 1 to 64 characters'],
    [() => RateLimit.perIp({ requests: 10, paths: [] }), 'paths must name at least one path'],
  ])('says what is wrong (%#)', (make, message) => {
    expect(make).toThrow(message);
  });
});
