import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textField } from '../../contract/names';
import { costOf } from '../../gate/core/quota/metered';
import { type MeteredRequest, meter } from '../../gate/core/quota/metering';
import { JsonError, readJsonObject } from '../../gate/core/quota/strict-json';
import { countCodePoints, decodeUtf8 } from '../../gate/core/quota/utf8';
import { anyText } from '../support/any-text';

const MAX = 10_000;
const NO_BODY = new Uint8Array();
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

function get(query: string | undefined, changes: Partial<MeteredRequest> = {}): MeteredRequest {
  return { method: 'GET', query, headers: [], body: NO_BODY, ...changes };
}

function post(
  type: string | undefined,
  body: string | Uint8Array,
  changes: Partial<MeteredRequest> = {},
): MeteredRequest {
  return {
    method: 'POST',
    query: undefined,
    headers: type === undefined ? [] : [['Content-Type', type]],
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
    ...changes,
  };
}

const count = (request: MeteredRequest, field = 'text') => meter(request, field, MAX);
const counted = (characters: number) => ({ kind: 'counted', characters, text: expect.any(String) as string });

describe('the meter counts code points', () => {
  it.each([
    ['of a query', get('text=%E4%BD%A0%E5%A5%BD+x&voice=zh'), 4],
    ['of a query that is not encoded', get('text=你好'), 2],
    ['of a name that is encoded', get('te%78t=abc'), 3],
    ['of nothing', get('text='), 0],
    ['of a name without a value', get('text'), 0],
    ['of a query beside a body without the field', post(JSON_TYPE, '{"voice":"zh"}', { query: 'text=abc' }), 3],
    ['of a query of a POST without body', post(undefined, '', { query: 'text=abc' }), 3],
    ['of a form', post(FORM_TYPE, 'voice=zh&text=%F0%9F%98%80%0Aa%2Bb'), 5],
    ['of a form that is not encoded', post(`${FORM_TYPE}; charset=UTF-8`, 'text=你好 ok'), 5],
    ['of JSON', post(JSON_TYPE, '{"text":"你好","speed":1.25,"x":[{"text":"no"}]}'), 2],
    [
      'of JSON with escapes',
      post('application/json;charset="utf-8"', ' {"\\u0074ext":"\\u4f60\\ud83d\\ude00\\n\\\\"} '),
      4,
    ],
    ['of marks that join to one glyph', post(JSON_TYPE, JSON.stringify({ text: '👩‍🚀e\u0301' })), 5],
  ])('%s', (_, request, characters) => {
    expect(count(request)).toEqual(counted(characters));
  });

  it.each(['utf-8', 'UTF-8', 'utf8', 'Utf_8', 'csUTF8', '"utf8"', '"UTF-8"'])('of a body in %s', (charset) => {
    expect(count(post(`${JSON_TYPE}; charset=${charset}`, '{"text":"你好"}'))).toEqual(counted(2));
    expect(count(post(`${FORM_TYPE};charset=${charset} ;`, 'text=你好'))).toEqual(counted(2));
  });

  it.each(['utf-16', 'gbk', '"utf8', 'utf8"', 'utf--8', 'utf-8x', ''])('of no body in %s', (charset) => {
    expect(count(post(`${JSON_TYPE}; charset=${charset}`, '{"text":"你好"}'))).toMatchObject({ status: 415 });
  });

  it('of the field that the path has', () => {
    for (const path of ['/v1/audio/speech', '/v1/audio/speech/']) expect(textField(path)).toBe('input');
    for (const path of ['/tts', '/tts/', '/api/tts']) expect(textField(path)).toBe('text');
    expect(count(post(JSON_TYPE, '{"input":"abc","text":"x"}'), 'input')).toEqual(counted(3));
  });
});

describe('the meter refuses with 400', () => {
  it.each([
    ['a request without the text', get('voice=zh'), 'lacks text'],
    ['an empty request', get(undefined), 'lacks text'],
    ['a repeated parameter', get('text=a&text=a'), 'gives text 2 times'],
    ['a parameter repeated under another spelling', get('text=a&%74ext=b'), 'gives text 2 times'],
    ['a repeated form field', post(FORM_TYPE, 'text=a&text'), 'gives text 2 times'],
    ['text in query and form', post(FORM_TYPE, 'text=a', { query: 'text=a' }), 'gives text 2 times'],
    ['text in query and JSON', post(JSON_TYPE, '{"text":"a"}', { query: 'text=a' }), 'gives text 2 times'],
    ['a malformed escape', get('text=100%'), 'malformed percent escape'],
    ['a malformed escape in another parameter', get('text=a&voice=%zz'), 'malformed percent escape'],
    ['an escape that is not UTF-8', get('text=%E4%BD'), 'malformed percent escape'],
    ['an escaped surrogate', get('text=%ED%A0%80'), 'malformed percent escape'],
    ['an overlong escape', get('text=%C0%80'), 'malformed percent escape'],
    ['a form that is JSON too', post(FORM_TYPE, '{"text":"long","x":"&text=a&y="}'), 'could be read as JSON'],
    ['a body of a GET', get('text=a', { body: new TextEncoder().encode('text=b') }), 'which GET must not have'],
    [
      'two types',
      post(JSON_TYPE, '{"text":"a"}', {
        headers: [
          ['Content-Type', JSON_TYPE],
          ['content-type', FORM_TYPE],
        ],
      }),
      'more than one Content-Type',
    ],
    ['a body that is not UTF-8', post(JSON_TYPE, Uint8Array.of(0x7b, 0xff, 0x7d)), 'not UTF-8'],
    ['UTF-16', post(JSON_TYPE, new Uint8Array(Buffer.from('{"text":"a"}', 'utf16le'))), 'not valid JSON'],
    ['a byte order mark', post(JSON_TYPE, '\ufeff{"text":"a"}'), 'byte order mark'],
    ['half of a surrogate pair', post(JSON_TYPE, '{"text":"\\ud83d"}'), 'half of a surrogate pair'],
    ['halves in the wrong order', post(JSON_TYPE, '{"text":"\\ude00\\ud83d"}'), 'half of a surrogate pair'],
    ['a repeated JSON key', post(JSON_TYPE, '{"text":"a","text":"b"}'), 'names a field twice'],
    ['a JSON key repeated by escapes', post(JSON_TYPE, '{"text":"a","\\u0074ext":"b"}'), 'names a field twice'],
    ['a repeated key further in', post(JSON_TYPE, '{"text":"a","x":{"y":1,"y":2}}'), 'names a field twice'],
    ['a number', post(JSON_TYPE, '{"text":5}'), 'not a string'],
    ['null', post(JSON_TYPE, '{"text":null}'), 'not a string'],
    ['a list', post(JSON_TYPE, '["text"]'), 'not a JSON object'],
    ['what is no JSON', post(JSON_TYPE, '{"text":"a",}'), 'not valid JSON'],
    ['what follows JSON', post(JSON_TYPE, '{"text":"a"}{}'), 'not valid JSON'],
    ['deep nesting', post(JSON_TYPE, `{"text":"a","x":${'['.repeat(16)}${']'.repeat(16)}}`), 'nested more than 16'],
    ['a thousand values more', post(JSON_TYPE, `{"text":"a","x":[${'1,'.repeat(1000)}1]}`), 'more than 1000 values'],
    ['a thousand parameters more', get(`text=a${'&'.repeat(1000)}`), 'more than 1000 parameters'],
    ['an endless number', post(JSON_TYPE, `{"text":"a","x":${'1'.repeat(101)}}`), 'number of more than 100'],
  ] as const)('%s', (_, request, problem) => {
    const metered = count(request);
    expect(metered).toMatchObject({ kind: 'refused', status: 400 });
    expect(metered.kind === 'refused' && metered.problem).toContain(problem);
  });
});

describe('the meter refuses with 415', () => {
  it.each([
    ['application/json; charset=utf-16', '{"text":"a"}'],
    ['application/json; charset=utf-8; charset=latin-1', '{"text":"a"}'],
    [`${FORM_TYPE}; charset=iso-8859-1`, 'text=a'],
    ['multipart/form-data; boundary=b', '--b--'],
    ['application/vnd.api+json', '{"text":"a"}'],
    ['text/plain', 'text=a'],
    [undefined, 'text=a'],
  ])('a body of type %s', (type, body) => {
    expect(count(post(type, body))).toMatchObject({ kind: 'refused', status: 415 });
  });

  it.each(['gzip', 'identity', ''])('Content-Encoding "%s"', (coding) => {
    const headers = [
      ['Content-Type', JSON_TYPE],
      ['content-encoding', coding],
    ] as const;
    expect(count(post(JSON_TYPE, '{"text":"a"}', { headers }))).toMatchObject({ kind: 'refused', status: 415 });
  });
});

it('the meter refuses a larger body than the gate takes with 413', () => {
  expect(meter(post(FORM_TYPE, `text=${'a'.repeat(96)}`), 'text', 100)).toMatchObject({ status: 413 });
  expect(meter(post(FORM_TYPE, `text=${'a'.repeat(95)}`), 'text', 100)).toEqual(counted(95));
});

it('no problem that the meter tells quotes the request', () => {
  const secret = 'c0nfidential';
  for (const body of [`{"${secret}":1,"${secret}":2}`, `{"text":${secret}}`, `text=${secret}%`]) {
    for (const type of [JSON_TYPE, FORM_TYPE, secret]) {
      expect(JSON.stringify(count(post(type, body)))).not.toContain(secret);
    }
  }
});

it('counts a text of a megabyte at once, plain or escaped', () => {
  for (const [text, length] of [
    ['x'.repeat(1_000_000), 1_000_000],
    ['\\n'.repeat(400_000), 400_000],
    ['\\u4f60😀'.repeat(50_000), 100_000],
  ] as const) {
    const request = post(JSON_TYPE, `{"text":"${text}"}`);
    expect(meter(request, 'text', 2 ** 21)).toMatchObject({ kind: 'counted', characters: length });
  }
});

it('of a text that no lease could pay is 413', () => {
  const cost = costOf({ day: { characters: 1e9 } }, { kind: 'counted', characters: 2 ** 23 + 1, text: '' });
  expect(cost).toMatchObject({ kind: 'refuse', status: 413 });
});

describe('decodeUtf8', () => {
  it('takes what the Unicode Standard calls well-formed, and nothing else', () => {
    // The table of well-formed byte sequences in the Unicode Standard (chapter 3, table 3-7).
    const wellFormed =
      /^(?:[^\x80-\xff]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})*$/;
    const reference = (bytes: Uint8Array) => {
      const buffer = Buffer.from(bytes);
      return wellFormed.test(buffer.toString('latin1')) ? buffer.toString('utf8') : undefined;
    };
    const edges = fc.constantFrom(
      0x00,
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc0,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
      0xff,
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.array(edges, { maxLength: 8 }).map((list) => Uint8Array.from(list)),
      anyText({ maxLength: 12 }).map((text) => new TextEncoder().encode(text)),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        expect(decodeUtf8(given)).toBe(reference(given));
      }),
      { numRuns: 20_000 },
    );
  });

  it('decodes long texts', () => {
    const text = '你好😀a'.repeat(20_000);
    expect(decodeUtf8(new TextEncoder().encode(text))).toBe(text);
    expect(countCodePoints(text)).toBe(80_000);
  });
});

describe('readJsonObject', () => {
  it('reads whatever JSON.stringify writes', () => {
    const json = fc.dictionary(anyText(), fc.jsonValue({ maxDepth: 5 }), { maxKeys: 5 });
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 1, '\t'), (object, indent) => {
        const members = readJsonObject(JSON.stringify(object, undefined, indent));
        expect([...members.keys()]).toEqual(
          Object.keys(object).sort((a, b) => [...members.keys()].indexOf(a) - [...members.keys()].indexOf(b)),
        );
        for (const [name, member] of members) {
          const value = (JSON.parse(JSON.stringify(object)) as Record<string, unknown>)[name];
          expect(member).toBe(typeof value === 'string' ? value : undefined);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('accepts nothing that JSON.parse refuses', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"a"',
      '"b"',
      '"',
      '\\',
      '\\u00',
      '1',
      '-',
      '0',
      '.',
      'e',
      'true',
      'nul',
      ' ',
      '\n',
      '\t',
      '\u00a0',
    );
    const text = fc.array(token, { maxLength: 10 }).map((tokens) => `{${tokens.join('')}}`);
    fc.assert(
      fc.property(text, (given) => {
        try {
          readJsonObject(given);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonError);
          return;
        }
        JSON.parse(given);
      }),
      { numRuns: 20_000 },
    );
  });
});
