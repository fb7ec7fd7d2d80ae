import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDecision, encodeDecision } from '../../contract/authorizer-answer';
import { type Decision, type Grant, type RequestFacts, refusal } from '../../contract/decision';
import { anyText } from '../support/any-text';

const seconds = fc.nat(4_000_000_000);
const names = fc.array(fc.string({ maxLength: 12 }), { maxLength: 4 });
const grant: fc.Arbitrary<Grant> = fc.record(
  {
    principal: anyText(),
    scopes: names,
    keyId: fc.string(),
    notBefore: seconds,
    expires: seconds,
    paths: names,
    methods: names,
    sourceCidrs: names,
    rate: fc.record({ requestsPerMinute: fc.integer({ min: 1 }), burst: fc.integer({ min: 1 }) }),
  },
  { requiredKeys: ['principal', 'scopes'] },
);
const decision: fc.Arbitrary<Decision> = fc.oneof(
  fc.record({ outcome: fc.constant('allow' as const), grant, ttl: seconds }),
  fc.record(
    {
      outcome: fc.constant('deny' as const),
      status: fc.constantFrom(401 as const, 403 as const, 429 as const),
      reason: fc.constantFrom('unknown' as const, 'revoked' as const, 'quota' as const),
      ttl: seconds,
      retryAfter: seconds,
    },
    { requiredKeys: ['outcome', 'status', 'reason', 'ttl'] },
  ),
);

describe('a decision in an authorizer context', () => {
  it('reads back as it was', () => {
    fc.assert(
      fc.property(decision, (value) => {
        expect(decodeDecision({ ...encodeDecision(value) })).toEqual(value);
      }),
    );
  });

  it('survives the JSON that an invocation makes of it, as flat strings', () => {
    fc.assert(
      fc.property(decision, (value) => {
        const context = encodeDecision(value);
        expect(Object.values(context).every((entry) => typeof entry === 'string')).toBe(true);
        expect(decodeDecision(JSON.parse(JSON.stringify(context)))).toEqual(value);
      }),
    );
  });

  it('is absent from the context of a foreign authorizer', () => {
    expect(decodeDecision(undefined)).toBeUndefined();
    expect(decodeDecision({ principal: 'someone' })).toBeUndefined();
  });

  it('is a failure, never an allow, when damaged in any one place', () => {
    const good = { v: 1, outcome: 'allow', ttl: 60, grant: { principal: 'a', scopes: [] } };
    const { grant: goodGrant } = good;
    const damaged: readonly unknown[] = [
      { ...good, v: 2 },
      { ...good, v: undefined },
      { ...good, outcome: 'maybe' },
      { ...good, ttl: -1 },
      { ...good, ttl: '60' },
      { ...good, grant: undefined },
      { ...good, grant: { ...goodGrant, principal: 1 } },
      { ...good, grant: { ...goodGrant, scopes: 'tts' } },
      { ...good, grant: { ...goodGrant, paths: '/tts' } },
      { ...good, grant: { ...goodGrant, methods: [1] } },
      { ...good, grant: { ...goodGrant, sourceCidrs: {} } },
      { ...good, grant: { ...goodGrant, expires: '1' } },
      { ...good, grant: { ...goodGrant, rate: { requestsPerMinute: 0, burst: 1 } } },
      { v: 1, outcome: 'deny', status: 200, reason: 'unknown', ttl: 1 },
      [],
      null,
    ];
    expect(decodeDecision({ voicegate: JSON.stringify(good) })).toBeDefined();
    for (const value of damaged) {
      expect(() => decodeDecision({ voicegate: JSON.stringify(value) })).toThrow('malformed decision');
    }
    expect(() => decodeDecision({ voicegate: good })).toThrow('malformed decision');
    expect(() => decodeDecision({ voicegate: '{' })).toThrow(SyntaxError);
  });
});

describe('a grant applied to a request', () => {
  const request: RequestFacts = { method: 'POST', path: '/tts', sourceIp: '192.0.2.7', now: 1000 };
  const whole: Grant = { principal: 'a', scopes: ['tts:synthesize'] };

  it('without constraints allows every request', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.ipV6(), seconds, (method, path, sourceIp, now) => {
        expect(refusal(whole, { method, path, sourceIp, now })).toBeUndefined();
      }),
    );
  });

  it('holds from its first second until its last', () => {
    const bounded = { ...whole, notBefore: 1000, expires: 2000 };
    expect(refusal(bounded, { ...request, now: 999.9 })).toEqual({ status: 401, reason: 'not-yet-valid' });
    expect(refusal(bounded, { ...request, now: 1000 })).toBeUndefined();
    expect(refusal(bounded, { ...request, now: 1999.9 })).toBeUndefined();
    expect(refusal(bounded, { ...request, now: 2000 })).toEqual({ status: 401, reason: 'expired' });
  });

  it.each([
    ['address', { sourceCidrs: ['198.51.100.0/24'] }, { sourceCidrs: ['198.51.100.0/24', '192.0.2.0/29'] }],
    ['method', { methods: ['GET'] }, { methods: ['GET', 'POST'] }],
    ['path', { paths: ['/v1/*', '/tts/'] }, { paths: ['/v1/*', '/tts'] }],
  ] as const)('refuses another %s with 403 and allows a listed one', (reason, other, listed) => {
    expect(refusal({ ...whole, ...other }, request)).toEqual({ status: 403, reason });
    expect(refusal({ ...whole, ...listed }, request)).toBeUndefined();
  });

  it('with an empty list of networks, methods or paths allows nothing', () => {
    expect(refusal({ ...whole, sourceCidrs: [] }, request)?.reason).toBe('address');
    expect(refusal({ ...whole, methods: [] }, request)?.reason).toBe('method');
    expect(refusal({ ...whole, paths: [] }, request)?.reason).toBe('path');
  });

  it('refuses when the address cannot be read or a network is malformed', () => {
    const bounded = { ...whole, sourceCidrs: ['0.0.0.0/0'] };
    expect(refusal(bounded, { ...request, sourceIp: '' })?.reason).toBe('address');
    expect(refusal({ ...whole, sourceCidrs: ['everywhere'] }, request)?.reason).toBe('address');
  });

  it('needs every scope of the route', () => {
    expect(refusal(whole, { ...request, requiredScopes: ['tts:synthesize'] })).toBeUndefined();
    expect(refusal(whole, { ...request, requiredScopes: ['tts:synthesize', 'admin'] })).toEqual({
      status: 403,
      reason: 'scope',
    });
  });

  it('never refuses more after a constraint is taken away', () => {
    const facts = fc.record({
      method: fc.constantFrom('GET', 'POST'),
      path: fc.constantFrom('/tts', '/v1/audio/speech', '/'),
      sourceIp: fc.ipV4(),
      now: fc.nat(3000),
    });
    const narrow = fc.record(
      {
        paths: fc.subarray(['/tts', '/v1/*', '/']),
        methods: fc.subarray(['GET', 'POST']),
        sourceCidrs: fc.subarray(['0.0.0.0/1', '128.0.0.0/1']),
        notBefore: fc.nat(3000),
        expires: fc.nat(3000),
      },
      { requiredKeys: [] },
    );
    const names = ['paths', 'methods', 'sourceCidrs', 'notBefore', 'expires'] as const;
    fc.assert(
      fc.property(narrow, facts, fc.constantFrom(...names), (constraints, fact, name) => {
        const { [name]: removed, ...fewer } = constraints;
        const before = refusal({ ...whole, ...constraints }, fact);
        const after = refusal({ ...whole, ...fewer }, fact);
        if (before === undefined || removed === undefined) expect(after).toEqual(before);
      }),
    );
  });
});
