import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientNetwork, parseAddress } from '../../../contract/cidr';
import { identifyClient } from '../../../gate/core/request/client';
import { loggable, loggableTrace } from '../../../gate/core/request/loggable';
import { hasTooManyPairs, parameterValues, queryPairs, withoutParameter } from '../../../gate/core/request/query';
import { grantHeaders, type Headers, isDroppedHeader } from '../../../gate/core/request/request-headers';
import { anyText } from '../../support/any-text';
import { newKey } from '../support/http';
import { pipelineWith } from '../support/pipeline';

const gate = pipelineWith({ queryKey: true });
const linesOf = (headers: Headers) => gate.read(headers).lines;

describe('identifyClient', () => {
  it.each([
    [1, '10.0.0.1, 203.0.113.9', 'https', '203.0.113.9', 'https'],
    [1, '203.0.113.9:4711', 'http,https', '203.0.113.9', 'https'],
    [1, '[2001:db8::1]:4711', 'HTTPS', '2001:db8::1', 'https'],
    [1, '2001:db8::1', 'gopher', '2001:db8::1', 'http'],
    [2, '10.0.0.1, 203.0.113.9, 192.0.2.1', 'https', '203.0.113.9', 'https'],
    [2, '203.0.113.9', 'https', '198.51.100.1', 'https'],
    [1, 'unknown', undefined, '198.51.100.1', 'http'],
    [1, '203.0.113.9, ', undefined, '198.51.100.1', 'http'],
    [1, '010.0.0.1', undefined, '198.51.100.1', 'http'],
    [1, undefined, undefined, '198.51.100.1', 'http'],
    [0, '203.0.113.9', 'https', '198.51.100.1', 'http'],
  ])('with %i trusted hops and %s finds the client', (hops, forwardedFor, proto, address, scheme) => {
    expect(identifyClient(forwardedFor, proto, '198.51.100.1', hops)).toMatchObject({ address, proto: scheme });
  });

  it('counts every address as the contract says, in whatever spelling it comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9.]{1,15}$/)), (text) => {
        const client = identifyClient(text, undefined, '192.0.2.1', 1);
        expect(client.address).toBe(parseAddress(text) === undefined ? '192.0.2.1' : text);
        expect(client.network).toBe(clientNetwork(client.address));
      }),
      { numRuns: 1000 },
    );
  });

  it('never believes an entry left of the trusted ones', () => {
    const address = fc.ipV4();
    fc.assert(
      fc.property(fc.array(address), address, (claims, seen) => {
        expect(identifyClient([...claims, seen].join(', '), undefined, '192.0.2.1', 1).address).toBe(seen);
      }),
    );
  });
});

describe('the credential of a request', () => {
  const vg = (text: string) => `vg_${text}`;
  it.each<[string, Headers, string, string]>([
    ['nothing', [], '', 'missing'],
    ['an empty key', [['X-API-Key', '']], '', 'missing'],
    ['another scheme', [['Authorization', 'Basic YTpi']], '', 'missing'],
    ['no scheme', [['Authorization', 'Bearerk']], '', 'missing'],
    ['an empty bearer', [['Authorization', 'Bearer']], '', 'malformed'],
    ['a blank bearer', [['Authorization', 'bearer \t']], '', 'malformed'],
    ['another prefix', [['X-API-Key', 'xx_a']], '', 'malformed'],
    [
      'two keys',
      [
        ['X-API-Key', vg('k')],
        ['X-API-Key', vg('l')],
      ],
      '',
      'conflict',
    ],
    [
      'a key and a bearer',
      [
        ['X-API-Key', vg('k')],
        ['Authorization', `Bearer ${vg('l')}`],
      ],
      '',
      'conflict',
    ],
    [
      'two bearers',
      [
        ['Authorization', `Bearer ${vg('k')}`],
        ['Authorization', `Bearer ${vg('l')}`],
      ],
      '',
      'conflict',
    ],
    ['a key and another in the query', [['X-API-Key', vg('k')]], '?api_key=vg_l', 'conflict'],
    ['two keys in the query', [], '?api_key=vg_k&api%5Fkey=vg_l', 'conflict'],
  ])('is refused when it is %s', (_, headers, query, reason) => {
    const visit = gate.read(headers, `/voices${query}`);
    expect(gate.walk(visit)).toMatchObject({ kind: 'refuse', reason });
  });

  it.each<[Headers, string, string]>([
    [[['X-API-Key', ' vg_k ']], '', 'header'],
    [[['Authorization', 'BEARER  vg_k']], '', 'bearer'],
    [[], '?api_key=vg_k', 'query'],
    [
      [
        ['X-API-Key', 'vg_k'],
        ['x-api-key', 'vg_k'],
        ['Authorization', 'Bearer vg_k'],
      ],
      '?api_key=vg_k',
      'query',
    ],
    [
      [
        ['Authorization', 'Bearer vg_k'],
        ['X-API-Key', 'vg_k'],
      ],
      '',
      'header',
    ],
    [
      [
        ['X-API-Key', 'vg_k'],
        ['Authorization', 'Bearer vg_k'],
      ],
      '',
      'header',
    ],
  ])('is one in %j%s', (headers, query, scheme) => {
    const visit = gate.read(headers, `/voices${query}`);
    // Its checksum is wrong.
    expect(gate.walk(visit)).toMatchObject({ reason: 'malformed' });
    expect(visit).toMatchObject({ credential: 'vg_k', scheme, isConflict: false, query: undefined });
  });
});

describe('queries', () => {
  it('are read as web frameworks read them', () => {
    expect(queryPairs('a=1&b=%E4%BD%A0+x&a=&c&%61pi_key=k&bad=%zz%41&&=v')).toEqual([
      ['a', '1'],
      ['b', '你 x'],
      ['a', ''],
      ['c', ''],
      ['api_key', 'k'],
      ['bad', '%zzA'],
      ['', 'v'],
    ]);
    expect(queryPairs(undefined)).toEqual([]);
  });

  it('tell the values of a name, however it is spelled, as they do', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'p', 'i', '_', 'key', '%5f', '%61', '%', '=', '&', '+') });
    fc.assert(
      fc.property(part, fc.constantFrom('a', 'api_key', '你'), (query, name) => {
        const values = queryPairs(query).flatMap(([given, value]) => (given === name ? [value] : []));
        expect(parameterValues(query, name)).toEqual(values);
      }),
      { numRuns: 2000 },
    );
    expect(parameterValues('%E4%BD%A0=1&a=2&你', '你')).toEqual(['1', '']);
  });

  it('of more pairs than frameworks read are told apart from others', () => {
    expect(hasTooManyPairs('&'.repeat(999))).toBe(false);
    expect(hasTooManyPairs('&'.repeat(1000))).toBe(true);
  });

  it('lose every spelling of a parameter and nothing else', () => {
    expect(withoutParameter('a=1&api_key=k&b=%zz&api%5Fkey=l&%61%70i_key&API_KEY=m&x=api_key', 'api_key')).toBe(
      'a=1&b=%zz&API_KEY=m&x=api_key',
    );
    const part = fc.string({ unit: fc.constantFrom('a', 'p', 'i', '_', 'key', '%5f', '%61', '%', '=', '&', '+') });
    fc.assert(
      fc.property(part, (query) => {
        const rest = withoutParameter(query, 'api_key');
        expect([...new URLSearchParams(rest).keys()]).not.toContain('api_key');
        const others = (text: string) => [...new URLSearchParams(text)].filter(([name]) => name !== 'api_key');
        expect(others(rest)).toEqual(others(query));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('headers to the app', () => {
  it.each([
    ...['X-API-Key', 'x-auth-principal', 'X-Auth-', 'X-AUTH-ANYTHING', 'X-Amzn-Oidc-Data', 'Forwarded'],
    ...[
      'X-Forwarded-For',
      'X-Forwarded-Host',
      'X-Forwarded-Port',
      'X-Forwarded-Prefix',
      'X-Forwarded-Whatever',
      'Proxy',
    ],
    ...[
      'X-Original-URL',
      'X-Rewrite-URL',
      'Upgrade',
      'Connection',
      'X-HTTP-Method-Override',
      'X-Real-IP',
      'X_Auth',
      'A_B',
    ],
    ...['Transfer-Encoding', 'Content-Length', 'Host', 'TE', 'X-Accel-Redirect', 'bad name', 'bad:name', ''],
  ])('never hold %s of a client', (name) => {
    expect(isDroppedHeader(name)).toBe(true);
    expect(linesOf([[name, 'v']])).toBe('');
    expect(linesOf([[name.toUpperCase(), 'v']])).toBe('');
  });

  it.each(['Bearer v', 'bearer', 'BEARER\tv', 'Token vg_v', 'vg_v'])(
    'never hold Authorization: %s of a client, but any other scheme',
    (value) => {
      expect(linesOf([['Authorization', value]])).toBe('');
      expect(linesOf([['AUTHORIZATION', value]])).toBe('');
      expect(linesOf([['Authorization', 'Basic YTpi']])).toBe('\r\nAuthorization: Basic YTpi');
    },
  );

  it('hold all others as they came', () => {
    const headers = [
      ['Accept', '*/*'],
      ['x-custom', 'ä "q"\t,'],
      ['Cookie', 'a=b'],
      ['X-Amzn-Trace-Id', 'Root=1'],
      ['Content-Type', 'text/plain'],
    ] as const;
    expect(linesOf(headers)).toBe(headers.map(([name, value]) => `\r\n${name}: ${value}`).join(''));
  });

  it('are well-formed lines, whatever names and values there are', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText(), anyText())), (headers) => {
        fc.pre(!headers.some(([, value]) => value.includes('\r\n')));
        const visit = gate.read(headers);
        for (const line of visit.lines.split('\r\n').slice(1)) {
          expect(isDroppedHeader(line.slice(0, line.indexOf(':')))).toBe(false);
        }
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the subject
        if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(visit.lines.replaceAll('\r\n', ''))) {
          expect(gate.walk(visit)).toMatchObject({ status: 400, reason: 'header' });
        }
      }),
    );
    fc.assert(
      fc.property(anyText({ maxLength: 3000 }), fc.array(anyText()), (text, scopes) => {
        const lines = grantHeaders({ principal: text, keyId: text, scopes });
        for (const line of lines.split('\r\n').slice(1)) {
          expect(line).toMatch(/^[A-Za-z-]+: [A-Za-z0-9._~@:/+%-]*$/);
          expect(line.length).toBeLessThanOrEqual(1024 + 20);
        }
      }),
    );
  });
});

describe('what may be logged', () => {
  it('is a path without what could be a key, cut to a sane length', () => {
    const key = newKey();
    const id = key.slice(3, 15);
    expect(loggable(`/a/${key}/b`)).toBe(`/a/vg_${id}_***/b`);
    expect(loggable(`/${'x'.repeat(24)}/${'/y'.repeat(1000)}${key}`)).toHaveLength(1024);
    expect(loggable('/static/app.js')).toBe('/static/app.js');
  });

  it('is a trace id and nothing else in its place', () => {
    expect(loggableTrace('Root=1-67891233-abcdef012345678912345678;Sampled=0')).toContain('Root=1-');
    expect(loggableTrace(newKey())).toBe('');
    expect(loggableTrace(newKey().replaceAll('_', '-'))).toMatch(/^vg-[0-9A-Za-z]{12}-\*{3}$/);
    expect(loggableTrace('a b')).toBe('');
  });
});
