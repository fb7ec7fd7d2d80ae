import type { PositionalConstraint, Statement } from '@aws-sdk/client-wafv2';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, matches, NONE, PREFIX } from './support.js';

function size(operator: 'GT' | 'LT' | 'EQ', bytes: number, field: object): Statement {
  return {
    SizeConstraintStatement: {
      ComparisonOperator: operator,
      Size: bytes,
      FieldToMatch: field,
      TextTransformations: NONE,
    },
  };
}

const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

describe('size constraints', () => {
  it('count bytes, not characters', () => {
    const path = latin1('/你好');
    expect(matches(size('EQ', 7, { UriPath: {} }), { path })).toBe(true);
    expect(matches(size('GT', 7, { UriPath: {} }), { path })).toBe(false);
  });

  it('look at one query parameter, whatever the case of its name', () => {
    const statement = size('GT', 3, { SingleQueryArgument: { Name: 'text' } });
    expect(matches(statement, { query: 'a=long-value&TEXT=1234' })).toBe(true);
    expect(matches(statement, { query: 'a=long-value&text=123' })).toBe(false);
    expect(matches(statement, { query: '' })).toBe(false);
  });

  it('look at 8 KB of the body, and do with more what the rule says', () => {
    const body = 'x'.repeat(8193);
    expect(matches(size('GT', 8000, { Body: { OversizeHandling: 'CONTINUE' } }), { body })).toBe(true);
    expect(matches(size('GT', 8192, { Body: { OversizeHandling: 'CONTINUE' } }), { body })).toBe(false);
    expect(matches(size('GT', 9000, { Body: { OversizeHandling: 'MATCH' } }), { body })).toBe(true);
    expect(matches(size('GT', 0, { Body: { OversizeHandling: 'NO_MATCH' } }), { body })).toBe(false);
    expect(matches(size('GT', 9000, { Body: { OversizeHandling: 'MATCH' } }), { body: 'short' })).toBe(false);
  });

  it('do not match a header that is not there', () => {
    const statement = size('LT', 10, { SingleHeader: { Name: 'x-api-key' } });
    expect(matches(statement, {})).toBe(false);
    expect(matches({ NotStatement: { Statement: statement } }, {})).toBe(true);
    expect(matches(statement, { headers: [['X-API-Key', 'short']] })).toBe(true);
  });
});

describe('byte matches', () => {
  const at = (position: PositionalConstraint, text: string): Statement => ({
    ByteMatchStatement: {
      SearchString: Buffer.from(text),
      FieldToMatch: { UriPath: {} },
      PositionalConstraint: position,
      TextTransformations: NONE,
    },
  });

  it('look for bytes at the place that the rule says', () => {
    expect(matches(at('EXACTLY', '/tts'), { path: '/tts' })).toBe(true);
    expect(matches(at('EXACTLY', '/tts'), { path: '/tts/' })).toBe(false);
    expect(matches(at('STARTS_WITH', '/v1/'), { path: '/v1/audio' })).toBe(true);
    expect(matches(at('ENDS_WITH', '.php'), { path: '/x.php' })).toBe(true);
    expect(matches(at('ENDS_WITH', '.php'), { path: '/x.php5' })).toBe(false);
    expect(matches(at('CONTAINS_WORD', 'admin'), { path: '/a/admin/x' })).toBe(true);
    expect(matches(at('CONTAINS_WORD', 'admin'), { path: '/administrator_admin2' })).toBe(false);
    expect(matches(at('CONTAINS', '你'), { path: latin1('/你好') })).toBe(true);
  });

  it('look into all headers, cookies and parameters, or those that are named', () => {
    const request = {
      headers: [
        ['User-Agent', 'curl'],
        ['Cookie', 'session=secret; theme=dark'],
      ] as const,
      query: 'a=needle&b=2',
    };
    const headers = (pattern: object, scope: 'ALL' | 'KEY' | 'VALUE') => ({
      Headers: { MatchPattern: pattern, MatchScope: scope, OversizeHandling: 'CONTINUE' as const },
    });
    expect(matches(contains('curl', headers({ All: {} }, 'ALL')), request)).toBe(true);
    expect(matches(contains('curl', headers({ All: {} }, 'KEY')), request)).toBe(false);
    expect(matches(contains('curl', headers({ IncludedHeaders: ['cookie'] }, 'VALUE')), request)).toBe(false);
    expect(matches(contains('curl', headers({ ExcludedHeaders: ['user-agent'] }, 'ALL')), request)).toBe(false);
    const cookies = {
      Cookies: {
        MatchPattern: { IncludedCookies: ['theme'] },
        MatchScope: 'VALUE' as const,
        OversizeHandling: 'CONTINUE' as const,
      },
    };
    expect(matches(contains('dark', cookies), request)).toBe(true);
    expect(matches(contains('secret', cookies), request)).toBe(false);
    expect(matches(contains('needle', { AllQueryArguments: {} }), request)).toBe(true);
    expect(matches(contains('b=2', { QueryString: {} }), request)).toBe(true);
    expect(matches(contains('GET', { Method: {} }), request)).toBe(true);
  });
});

describe('regular expressions', () => {
  it('match bytes, with options that stand in front', () => {
    const statement: Statement = {
      RegexMatchStatement: { RegexString: '(?i)^/TTS$', FieldToMatch: { UriPath: {} }, TextTransformations: NONE },
    };
    expect(matches(statement, { path: '/tts' })).toBe(true);
    expect(matches(statement, { path: '/tts2' })).toBe(false);
  });

  it('of a pattern set match if one of them does; an unknown set is not emulated', () => {
    const statement: Statement = {
      RegexPatternSetReferenceStatement: {
        ARN: 'arn:set',
        FieldToMatch: { QueryString: {} },
        TextTransformations: [{ Priority: 0, Type: 'URL_DECODE' }],
      },
    };
    const sets = { regexPatternSets: { 'arn:set': ['[\\x01-\\x08]', 'never'] } };
    expect(matches(statement, { query: 'text=%07' }, sets)).toBe(true);
    expect(matches(statement, { query: 'text=%0A' }, sets)).toBe(false);
    expect(() => matches(statement, {})).toThrow('arn:set');
  });
});

describe('IP sets', () => {
  const forwarded = (position: 'FIRST' | 'LAST' | 'ANY', fallback: 'MATCH' | 'NO_MATCH' = 'NO_MATCH'): Statement => ({
    IPSetReferenceStatement: {
      ARN: 'arn:ips',
      IPSetForwardedIPConfig: { HeaderName: 'X-Forwarded-For', Position: position, FallbackBehavior: fallback },
    },
  });
  const sets = { ipSets: { 'arn:ips': ['192.0.2.0/24', '127.0.0.1/32'] } };
  const via = (value: string) => ({ headers: [['X-Forwarded-For', value]] as const, client: '198.51.100.1' });

  it('match the client, or an address in a header', () => {
    expect(matches({ IPSetReferenceStatement: { ARN: 'arn:ips' } }, {}, sets)).toBe(true);
    expect(matches({ IPSetReferenceStatement: { ARN: 'arn:ips' } }, { client: '::1' }, sets)).toBe(false);
    expect(matches(forwarded('FIRST'), via('192.0.2.7, 10.0.0.1'), sets)).toBe(true);
    expect(matches(forwarded('LAST'), via('192.0.2.7, 10.0.0.1'), sets)).toBe(false);
    expect(matches(forwarded('ANY'), via('10.0.0.1, 192.0.2.7, 10.0.0.2'), sets)).toBe(true);
  });

  it('fall back on a malformed address, and do not match without the header', () => {
    expect(matches(forwarded('FIRST', 'MATCH'), via('nonsense'), sets)).toBe(true);
    expect(matches(forwarded('FIRST', 'NO_MATCH'), via('nonsense'), sets)).toBe(false);
    expect(matches(forwarded('FIRST', 'MATCH'), { client: '198.51.100.1' }, sets)).toBe(false);
  });
});

describe('labels', () => {
  const label = (Scope: 'LABEL' | 'NAMESPACE', Key: string): Statement => ({ LabelMatchStatement: { Scope, Key } });
  const request = { labels: [`${PREFIX}tts:long`] };

  it('match by full name, by name within the web ACL, and by namespace', () => {
    expect(matches(label('LABEL', 'tts:long'), request)).toBe(true);
    expect(matches(label('LABEL', `${PREFIX}tts:long`), request)).toBe(true);
    expect(matches(label('LABEL', 'long'), request)).toBe(false);
    expect(matches(label('NAMESPACE', 'tts:'), request)).toBe(true);
    expect(matches(label('NAMESPACE', 'other:'), request)).toBe(false);
  });
});

describe('statements that are not emulated', () => {
  it('leave out the whole statement around them, also below NOT', () => {
    const geo: Statement = { GeoMatchStatement: { CountryCodes: ['CN'] } };
    for (const statement of [
      geo,
      { NotStatement: { Statement: geo } },
      { OrStatement: { Statements: [contains('a', { UriPath: {} }), geo] } },
    ]) {
      expect(() => matches(statement, {})).toThrow('GeoMatchStatement');
    }
    expect(() =>
      matches(contains('a', { JsonBody: undefined, HeaderOrder: { OversizeHandling: 'MATCH' } }), {}),
    ).toThrow('HeaderOrder');
  });
});

describe('and, or and not', () => {
  it('combine as logic says', () => {
    const tree = fc.letrec<{ statement: Statement & object }>((tie) => ({
      statement: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('a', 'b', 'c').map((letter) => contains(letter, { UriPath: {} })),
        tie('statement').map((Statement) => ({ NotStatement: { Statement } })),
        fc
          .array(tie('statement'), { minLength: 2, maxLength: 3 })
          .map((Statements) => ({ AndStatement: { Statements } })),
        fc
          .array(tie('statement'), { minLength: 2, maxLength: 3 })
          .map((Statements) => ({ OrStatement: { Statements } })),
      ),
    })).statement;
    const model = (statement: Statement, path: string): boolean => {
      if (statement.NotStatement?.Statement) return !model(statement.NotStatement.Statement, path);
      if (statement.AndStatement) return statement.AndStatement.Statements?.every((one) => model(one, path)) ?? false;
      if (statement.OrStatement) return statement.OrStatement.Statements?.some((one) => model(one, path)) ?? false;
      return path.includes(Buffer.from(statement.ByteMatchStatement?.SearchString ?? []).toString());
    };
    fc.assert(
      fc.property(tree, fc.constantFrom('', 'a', 'b', 'ab', 'bc', 'abc'), (statement, path) => {
        expect(matches(statement, { path })).toBe(model(statement, path));
      }),
      { numRuns: 500 },
    );
  });
});
