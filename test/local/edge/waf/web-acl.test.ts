import { describe, expect, it } from 'vitest';
import { contains, PREFIX, requestWith, webAcl } from './support.js';

const path = (text: string) => contains(text, { UriPath: {} });

describe('a web ACL', () => {
  it('lets its first terminating rule decide, by priority', () => {
    const acl = webAcl([
      { Name: 'second', Priority: 2, Statement: path('/a'), Action: { Block: {} } },
      { Name: 'first', Priority: 1, Statement: path('/a/b'), Action: { Allow: {} } },
    ]);
    expect(acl.inspect(requestWith({ path: '/a/b' }))).toMatchObject({ rule: 'first' });
    expect(acl.inspect(requestWith({ path: '/a/b' })).blocked).toBeUndefined();
    expect(acl.inspect(requestWith({ path: '/a' }))).toMatchObject({ rule: 'second', blocked: { status: 403 } });
    expect(acl.inspect(requestWith({ path: '/' }))).toEqual({ rule: 'default', insertHeaders: [] });
  });

  it('answers a block as deployed: status, headers, and a body by its key', () => {
    const acl = webAcl(
      [
        {
          Name: 'limit',
          Priority: 0,
          Statement: path('/'),
          Action: {
            Block: {
              CustomResponse: {
                ResponseCode: 429,
                CustomResponseBodyKey: 'json',
                ResponseHeaders: [{ Name: 'Retry-After', Value: '60' }],
              },
            },
          },
        },
      ],
      { CustomResponseBodies: { json: { ContentType: 'APPLICATION_JSON', Content: '{"error":"slow down"}' } } },
    );
    expect(acl.inspect(requestWith()).blocked).toEqual({
      status: 429,
      headers: [
        ['Content-Type', 'application/json'],
        ['Retry-After', '60'],
      ],
      body: '{"error":"slow down"}',
    });
  });

  it('goes on after counting rules, with their labels for later ones and their headers for the target', () => {
    const acl = webAcl([
      {
        Name: 'count',
        Priority: 0,
        Statement: path('/tts'),
        RuleLabels: [{ Name: 'speech' }],
        Action: { Count: { CustomRequestHandling: { InsertHeaders: [{ Name: 'seen', Value: 'yes' }] } } },
      },
      {
        Name: 'by-label',
        Priority: 1,
        Statement: {
          AndStatement: {
            Statements: [{ LabelMatchStatement: { Scope: 'LABEL', Key: `${PREFIX}speech` } }, path('/forbidden')],
          },
        },
        Action: { Block: {} },
      },
    ]);
    expect(acl.inspect(requestWith({ path: '/tts' }))).toEqual({
      rule: 'default',
      insertHeaders: [['x-amzn-waf-seen', 'yes']],
    });
    expect(acl.inspect(requestWith({ path: '/tts/forbidden' })).rule).toBe('by-label');
    expect(acl.inspect(requestWith({ path: '/forbidden' })).rule).toBe('default');
  });

  it('blocks by default when deployed so', () => {
    const acl = webAcl([{ Name: 'ok', Priority: 0, Statement: path('/ok'), Action: { Allow: {} } }], {
      DefaultAction: { Block: {} },
    });
    expect(acl.inspect(requestWith({ path: '/' }))).toMatchObject({ rule: 'default', blocked: { status: 403 } });
    expect(acl.inspect(requestWith({ path: '/ok' })).blocked).toBeUndefined();
  });

  it('lists what it does not do, and applies the other rules', () => {
    const acl = webAcl([
      {
        Name: 'managed',
        Priority: 0,
        Statement: { ManagedRuleGroupStatement: { VendorName: 'AWS', Name: 'AWSManagedRulesCommonRuleSet' } },
        OverrideAction: { None: {} },
      },
      { Name: 'geo', Priority: 1, Statement: { GeoMatchStatement: { CountryCodes: ['CN'] } }, Action: { Block: {} } },
      { Name: 'own', Priority: 2, Statement: path('/x'), Action: { Block: {} } },
    ]);
    expect(acl.notEmulated).toHaveLength(2);
    expect(acl.notEmulated[0]).toContain('AWSManagedRulesCommonRuleSet');
    expect(acl.notEmulated[1]).toContain('GeoMatchStatement');
    expect(acl.inspect(requestWith({ path: '/x' })).rule).toBe('own');
  });

  it('answers a challenge as a client without a token sees it', () => {
    const acl = webAcl([{ Name: 'bot', Priority: 0, Statement: path('/'), Action: { Challenge: {} } }]);
    expect(acl.inspect(requestWith()).blocked).toMatchObject({
      status: 202,
      headers: [['x-amzn-waf-action', 'challenge']],
    });
    expect(acl.notEmulated[0]).toContain('bot');
  });

  it('asks for the body only if a rule looks at it, however deep', () => {
    expect(webAcl([{ Name: 'path', Priority: 0, Statement: path('/') }]).inspectsBody).toBe(false);
    const deep = {
      RateBasedStatement: {
        Limit: 10,
        AggregateKeyType: 'IP' as const,
        ScopeDownStatement: {
          AndStatement: { Statements: [path('/'), contains('x', { Body: { OversizeHandling: 'CONTINUE' } })] },
        },
      },
    };
    expect(webAcl([{ Name: 'deep', Priority: 0, Statement: deep }]).inspectsBody).toBe(true);
  });
});
