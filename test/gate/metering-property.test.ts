/** The gate's count against what a real Flask reads, over requests that try to make the two differ. */

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MeteredRequest, meter } from '../../gate/core/quota/metering';
import { anyText } from '../support/any-text';
import { describeWhere } from '../support/where';

const python =
  process.env.VOICEGATE_TEST_PYTHON ?? fileURLToPath(new URL('../../.voicegate/venv/bin/python', import.meta.url));
const found = spawnSync(python, ['-c', 'import flask'], { timeout: 20_000 }).status === 0;
const missing = found ? undefined : 'no Python with Flask in .voicegate/venv; npm test installs it';

/** Without halves of surrogate pairs, which no bytes stand for. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

interface Reading {
  readonly status: number;
  readonly found: readonly (readonly [way: string, codePoints: number | null])[];
}

class Flask {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly waiting: ((line: string) => void)[] = [];

  constructor() {
    this.process = spawn(python, [fileURLToPath(new URL('support/flask_reader.py', import.meta.url))]);
    this.process.stderr.on('data', () => {});
    createInterface({ input: this.process.stdout }).on('line', (line) => this.waiting.shift()?.(line));
    this.process.once('exit', () => {
      for (const tell of this.waiting.splice(0)) tell('');
    });
  }

  async read(request: MeteredRequest, field: string): Promise<Reading> {
    const answer = new Promise<string>((resolve) => this.waiting.push(resolve));
    const body = Buffer.from(request.body).toString('base64');
    this.process.stdin.write(`${JSON.stringify({ ...request, query: request.query ?? '', body, field })}\n`);
    const line = await answer;
    if (line === '') throw new Error('the Flask process ended');
    return JSON.parse(line) as Reading;
  }

  stop(): void {
    this.process.kill();
  }
}

const FIELD = 'text';

/** Sequences that some reader gets wrong. */
const hostile = fc.constantFrom(
  '',
  'a',
  '你好',
  '😀',
  '👩‍🚀',
  'e\u0301',
  '\u0000',
  '\n',
  '\t',
  '\u007f',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '+',
  ' ',
  '%',
  '%2',
  '%zz',
  '%00',
  '%20',
  '%2B',
  '%25',
  '%2525',
  '%26',
  '%3D',
  '%E4%BD%A0',
  '%e4%bd%a0',
  '%E4%BD',
  '%F0%9F%98%80',
  '%ED%A0%BD%ED%B8%80',
  '%C0%80',
  '%F5%80%80%80',
  '%EF%BB%BF',
  '%u4f60',
  '&',
  ';',
  '=',
  '#',
  '?',
  '\\',
  '"',
  "'",
  '&#20320;',
  '\\u4f60',
  '\\ud83d\\ude00',
  '\\ud83d',
  '\\ude00',
  '\\ude00\\ud83d',
  '\\n',
  '\\0',
  '\\x41',
  '\\U0001F600',
  '\\"',
  '\\\\',
  '\\/',
  '{',
  '}',
  '[',
  ']',
  '&text=b',
  '","text":"b',
  '\u{10ffff}',
); // prettier-ignore
const value = fc.oneof(
  fc.array(hostile, { maxLength: 4 }).map((parts) => parts.join('')),
  anyText({ maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const formName = fc.constantFrom(
  'text',
  'te%78t',
  '%74%65%78%74',
  'Text',
  'text ',
  '+text',
  'text%00',
  'text[]',
  'input',
  'voice',
  'te\u00adxt',
  '',
);
const pair = fc.oneof(
  fc.tuple(formName, value).map(([name, text]) => `${name}=${text}`),
  fc
    .tuple(fc.constantFrom('text', 'voice'), value)
    .map(([name, text]) => `${name}=${encodeURIComponent(wellFormed(text))}`),
  formName,
);
const form = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(value, fc.constantFrom('', '&voice=x', '&speed=1.5'))
      .map(([text, rest]) => `text=${encodeURIComponent(wellFormed(text))}${rest}`),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(pair, { maxLength: 3 })
      .chain((pairs) => fc.constantFrom('&', ';', '&&').map((separator) => pairs.join(separator))),
  },
);

const jsonName = fc.constantFrom(
  'text',
  '\\u0074ext',
  '\\u0074\\u0065\\u0078\\u0074',
  'Text',
  'tex\\t',
  'text\\u0000',
  'voice',
  'input',
  '',
);
const jsonValue = fc.oneof(
  { weight: 4, arbitrary: value.map((text) => JSON.stringify(text)) },
  { weight: 2, arbitrary: value.map((text) => `"${text}"`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '1',
      '-0',
      '01',
      '1.',
      '.5',
      '1e5',
      '1E+999',
      'true',
      'null',
      'NaN',
      'Infinity',
      '-Infinity',
      '[]',
      '["a"]',
      '{}',
      '{"text":"inner"}',
      '{"a":1,"a":2}',
      "'a'",
      `${'1'.repeat(5000)}`,
      `${'['.repeat(40)}${']'.repeat(40)}`,
      '"a" "b"',
      '"a"/**/',
      '0x10',
    ), // prettier-ignore
  },
);
const space = fc.constantFrom('', '', '', ' ', '\n\t', '\u00a0', '\ufeff', '\f', '\0');
const json = fc.oneof(
  { weight: 3, arbitrary: value.map((text) => JSON.stringify({ text, voice: 'x' })) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.array(fc.tuple(jsonName, jsonValue, space), { maxLength: 3 }),
        space,
        fc.constantFrom('', '', ',', '}', 'x'),
      )
      .map(
        ([members, around, tail]) =>
          `${around}{${members.map(([n, v, s]) => `${s}"${n}"${s}:${s}${v}`).join(',')}}${around}${tail}`,
      ),
  },
  { weight: 1, arbitrary: jsonValue },
);

/** Bodies that are a form to one reader and JSON to another. */
const polyglot = fc
  .tuple(value, value)
  .map(([one, other]) => `{"text":${JSON.stringify(one)},"x":"&text=${encodeURIComponent(wellFormed(other))}&y="}`);
const MULTIPART = '--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello\r\n--b--\r\n';

/** The text as UTF-8; sometimes in another encoding, with a byte order mark, or with a byte changed. */
function bytesOf(texts: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  return texts.chain((text) => {
    const utf8 = Buffer.from(text, 'utf8');
    const others = [
      Buffer.from(text, 'utf16le'),
      Buffer.from(text, 'latin1'),
      Buffer.concat([Buffer.from('\ufeff'), utf8]),
    ];
    const changes = fc.tuple(fc.nat(), fc.constantFrom(0x00, 0x22, 0x26, 0x5c, 0x80, 0xc0, 0xed, 0xf8, 0xff));
    const changed = changes.map(([at, byte]) =>
      Buffer.from(utf8.map((old, i) => (i === at % utf8.length ? byte : old))),
    );
    return fc.oneof(
      { weight: 10, arbitrary: fc.constant(utf8) },
      { weight: 1, arbitrary: fc.constantFrom(...others) },
      { weight: 1, arbitrary: changed },
    );
  });
}

const hostileType = fc.constantFrom(
  'application/json',
  'application/x-www-form-urlencoded',
  'application/json; charset=utf-8',
  'Application/JSON;charset="UTF-8"',
  'application/json; charset=utf-16',
  'application/json; charset=latin-1',
  'application/vnd.api+json',
  'text/json',
  'text/plain',
  'multipart/form-data; boundary=b',
  'application/json, application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-7',
  'application/x-www-form-urlencoded;charset=UTF-8',
  'application/json;',
  '',
  ' application/json ',
  'application/json; charset=utf-8; charset=utf-16',
  'application/x-www-form-urlencoded; boundary=b',
  undefined,
);
const usualType = (type: string) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(type) }, { weight: 1, arbitrary: hostileType });
const encoding = fc.oneof(
  { weight: 20, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom('gzip', 'identity', 'deflate', '') },
);
const changing = fc.constantFrom('POST', 'POST', 'POST', 'PUT', 'PATCH');
const anyMethod = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD');
const seldomQuery = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(undefined, '', 'voice=x') },
  { weight: 1, arbitrary: form },
);
const none = fc.constant(Buffer.alloc(0));

const parts = fc.oneof(
  fc.record({ method: anyMethod, query: form, type: fc.oneof(fc.constant(undefined), hostileType), body: none }),
  fc.record({ method: changing, query: seldomQuery, type: usualType('application/json'), body: bytesOf(json) }),
  fc.record({
    method: changing,
    query: seldomQuery,
    type: usualType('application/x-www-form-urlencoded'),
    body: bytesOf(fc.oneof({ weight: 9, arbitrary: form }, { weight: 1, arbitrary: polyglot })),
  }),
  fc.record({
    method: anyMethod,
    query: seldomQuery,
    type: hostileType,
    body: bytesOf(fc.oneof(form, json, fc.constant(MULTIPART))),
  }),
);
const request: fc.Arbitrary<MeteredRequest> = fc
  .tuple(parts, encoding)
  .map(([{ method, query, type, body }, coding]) => ({
    method,
    query: query && wellFormed(query),
    headers: [
      ...(type === undefined ? [] : [['Content-Type', type] as const]),
      ...(coding === undefined ? [] : [['Content-Encoding', coding] as const]),
    ],
    body: new Uint8Array(body),
  }));

describeWhere(missing, 'the meter and Flask', () => {
  let flask: Flask;
  beforeAll(() => {
    flask = new Flask();
  });
  afterAll(() => flask?.stop());

  it('agree: what the meter counts is what Flask reads, in every way that reads anything', async () => {
    const runs = Number(process.env.VOICEGATE_TEST_RUNS ?? 3000);
    let counted = 0;
    await fc.assert(
      fc.asyncProperty(request, async (asked) => {
        const metered = meter(asked, FIELD, 65_536);
        if (metered.kind === 'refused') return;
        counted++;
        const { found } = await flask.read(asked, FIELD);
        // Something reads it, and nothing reads another text.
        expect(found.length).toBeGreaterThan(0);
        for (const [way, codePoints] of found) expect([way, codePoints]).toEqual([way, metered.characters]);
        expect(found.filter(([way]) => way === 'args').length).toBeLessThanOrEqual(1);
        expect(found.filter(([way]) => way === 'form').length).toBeLessThanOrEqual(1);
        expect(found.some(([way]) => way === 'args') && found.some(([way]) => way !== 'args')).toBe(false);
      }),
      { numRuns: runs },
    );
    // A meter that refuses everything would agree with anybody.
    expect(counted).toBeGreaterThan(runs / 10);
  }, 300_000);

  it('agree on honest requests, none of which is refused', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.constantFrom('你好世界', 'Hello, 世界! 😀\n"quoted" & 100 % + more'),
    );
    const honest = fc
      .tuple(text, fc.constantFrom('json', 'form', 'query', 'raw query'))
      .map(([said, way]): [string, MeteredRequest] => {
        const parameters = new URLSearchParams({ text: said, voice: 'zh' }).toString();
        const encoded = (type: string, sent: string): MeteredRequest => ({
          method: 'POST',
          query: undefined,
          headers: [['content-type', type]],
          body: new TextEncoder().encode(sent),
        });
        if (way === 'json') return [said, encoded('application/json', JSON.stringify({ text: said, speed: 1.25 }))];
        if (way === 'form') return [said, encoded('application/x-www-form-urlencoded;charset=UTF-8', parameters)];
        const query =
          way === 'query' ? parameters : `text=${said.replace(/[%&+#\p{Cc}]/gu, (c) => encodeURIComponent(c))}`;
        return [said, { method: 'GET', query, headers: [], body: new Uint8Array() }];
      });
    await fc.assert(
      fc.asyncProperty(honest, async ([said, asked]) => {
        const characters = [...said].length;
        expect(meter(asked, FIELD, 65_536)).toEqual({ kind: 'counted', characters, text: said });
        const { found } = await flask.read(asked, FIELD);
        expect(found.map(([, codePoints]) => codePoints)).toContain(characters);
      }),
      { numRuns: 500 },
    );
  }, 120_000);
});
