/** Where one request ends and the next begins: framings that two servers would read differently. */

import { chunk, chunked, type Draft, keyLine, POISON, raw, SMUGGLED } from './raw-request';
import { KEYS } from './world';

const GOOD = keyLine(KEYS.good.text);
const NARROW = keyLine(KEYS.narrow.text);

/** Spellings of Transfer-Encoding that some server overlooks or believes. */
const CODINGS: Readonly<Record<string, readonly string[]>> = {
  'as it is': ['Transfer-Encoding: chunked'],
  'in capitals': ['TRANSFER-ENCODING: CHUNKED'],
  'in mixed case': ['tRANSFER-eNCODING: cHuNkEd'],
  'without a space': ['Transfer-Encoding:chunked'],
  'with two spaces': ['Transfer-Encoding:  chunked'],
  'with a tab': ['Transfer-Encoding:\tchunked'],
  'with a tab behind': ['Transfer-Encoding: chunked\t'],
  'with a space behind': ['Transfer-Encoding: chunked '],
  'with a vertical tab': ['Transfer-Encoding: \u000bchunked'],
  'with a form feed': ['Transfer-Encoding: chunked\u000c'],
  'with a control character': ['Transfer-Encoding: \u0001chunked'],
  'with NUL': ['Transfer-Encoding: chunked\u0000'],
  'with a lone CR': ['Transfer-Encoding: \rchunked'],
  'with a lone CR behind': ['Transfer-Encoding: chunked\r'],
  'after a lone LF': ['X-Other: a\nTransfer-Encoding: chunked'],
  'after a lone CR': ['X-Other: a\rTransfer-Encoding: chunked'],
  'with a space before the colon': ['Transfer-Encoding : chunked'],
  'with a tab before the colon': ['Transfer-Encoding\t: chunked'],
  'with NUL before the colon': ['Transfer-Encoding\u0000: chunked'],
  'with a space before the name': [' Transfer-Encoding: chunked'],
  folded: ['Transfer-Encoding:', ' chunked'],
  'folded behind another': ['X-Other: a', ' Transfer-Encoding: chunked'],
  'split before the colon': ['Transfer-Encoding', ': chunked'],
  'with an underscore': ['Transfer_Encoding: chunked'],
  'with a dot': ['Transfer.Encoding: chunked'],
  'in quotes': ['Transfer-Encoding: "chunked"'],
  'in single quotes': ["Transfer-Encoding: 'chunked'"],
  'with a letter before': ['Transfer-Encoding: xchunked'],
  'with a letter behind': ['Transfer-Encoding: chunkedx'],
  'with a semicolon': ['Transfer-Encoding: chunked;q=1'],
  'with a comma': ['Transfer-Encoding: chunked,'],
  'with a leading comma': ['Transfer-Encoding: , chunked'],
  'after identity': ['Transfer-Encoding: identity, chunked'],
  'before identity': ['Transfer-Encoding: chunked, identity'],
  'after gzip': ['Transfer-Encoding: gzip, chunked'],
  'twice in one line': ['Transfer-Encoding: chunked, chunked'],
  twice: ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  'and another': ['Transfer-Encoding: chunked', 'Transfer-Encoding: x'],
  'after another': ['Transfer-Encoding: x', 'Transfer-Encoding: chunked'],
  identity: ['Transfer-Encoding: identity'],
  gzip: ['Transfer-Encoding: gzip'],
  empty: ['Transfer-Encoding:'],
  'as a bare name': ['Transfer-Encoding'],
  'with a long s': ['Transfer-Encoding: \u00c5\u00bfchunked'],
  'with Kelvin': ['Transfer-Encoding: chun\u00e2\u0084\u00aaed'],
  'with a byte above 127 in the name': ['Transfer-Encoding\u00a0: chunked'],
  'as Content-Encoding': ['Content-Encoding: chunked'],
  'as TE': ['TE: chunked'],
  'named by Connection': ['Connection: Transfer-Encoding', 'Transfer-Encoding: chunked'],
};

const LENGTHS = (length: number): Readonly<Record<string, readonly string[]>> => ({
  'as it is': [`Content-Length: ${length}`],
  'with zeros': [`Content-Length: 00${length}`],
  'with a plus': [`Content-Length: +${length}`],
  'with a minus': [`Content-Length: -${length}`],
  'with a space behind': [`Content-Length: ${length} `],
  'with a tab': [`Content-Length:\t${length}`],
  'with a space within': [`Content-Length: ${length} 0`],
  'in hexadecimal': [`Content-Length: 0x${length.toString(16)}`],
  'with a fraction': [`Content-Length: ${length}.0`],
  'with an exponent': [`Content-Length: ${length}e0`],
  'with an underscore': [`Content-Length: 0_${length}`],
  'with other digits': ['Content-Length: \u00ef\u00bc\u0095'],
  'with a superscript': [`Content-Length: ${length}\u00b2`],
  'with NUL': [`Content-Length: ${length}\u0000`],
  'with a vertical tab': [`Content-Length: \u000b${length}`],
  'in quotes': [`Content-Length: "${length}"`],
  empty: ['Content-Length:'],
  'as a word': ['Content-Length: x'],
  'twice alike': [`Content-Length: ${length}`, `Content-Length: ${length}`],
  'twice, zero first': ['Content-Length: 0', `Content-Length: ${length}`],
  'twice, zero last': [`Content-Length: ${length}`, 'Content-Length: 0'],
  'joined alike': [`Content-Length: ${length}, ${length}`],
  'joined with zero': [`Content-Length: 0, ${length}`],
  'overflowing 32 bits': [`Content-Length: ${2 ** 32 + length}`],
  'overflowing 64 bits': [`Content-Length: ${2n ** 64n + BigInt(length)}`],
  'of a hundred digits': [`Content-Length: ${'9'.repeat(100)}`],
  'with a space before the colon': [`Content-Length : ${length}`],
  'with an underscore in the name': [`Content_Length: ${length}`],
  folded: ['Content-Length:', ` ${length}`],
  'behind a lone LF': [`X-Other: a\nContent-Length: ${length}`],
  'negative zero': ['Content-Length: -0'],
});

const FRONTS: readonly (readonly [string, string, readonly string[]])[] = [
  ['without a key', '/tts', []],
  ['with a key', '/tts', [GOOD]],
  ['with a key for POST /tts alone', '/tts', [NARROW]],
];

function codings(): readonly Draft[] {
  return Object.entries(CODINGS).flatMap(([how, lines]) =>
    FRONTS.flatMap(([who, target, key]) => {
      const post = (headers: readonly string[], body: string) =>
        raw({ method: 'POST', target, headers: [...key, ...headers], body });
      const tail = `0\r\n\r\n${SMUGGLED}`;
      const hidden = chunked(SMUGGLED);
      return [
        // One server stops at the last chunk, the other counts bytes.
        {
          name: `length before coding ${how}, ${who}`,
          bytes: post([`Content-Length: ${tail.length}`, ...lines], tail),
        },
        {
          name: `coding ${how} before length, ${who}`,
          bytes: post([...lines, `Content-Length: ${tail.length}`], tail),
        },
        // One counts a few bytes, the other reads the chunk, which holds a request.
        { name: `short length and coding ${how}, ${who}`, bytes: post(['Content-Length: 4', ...lines], hidden) },
        { name: `no length, coding ${how}, ${who}`, bytes: post(lines, hidden) },
        { name: `no length, coding ${how}, a request behind the last chunk, ${who}`, bytes: post(lines, tail) },
      ];
    }),
  );
}

function lengths(): readonly Draft[] {
  return Object.entries(LENGTHS(SMUGGLED.length)).flatMap(([how, lines]) =>
    FRONTS.map(([who, target, key]) => ({
      name: `length ${how}, ${who}`,
      bytes: raw({ method: 'POST', target, headers: [...key, ...lines], body: SMUGGLED }),
    })),
  );
}

function chunkings(): readonly Draft[] {
  const bodies: Readonly<Record<string, string>> = {
    'two chunks': `${chunk('abc')}${chunked('def')}`,
    'capital sizes': `A\r\n0123456789\r\n0\r\n\r\n`,
    'zeros before the size': `0003\r\nabc\r\n000\r\n\r\n`,
    'an extension': `3;a=b\r\nabc\r\n0\r\n\r\n`,
    'an extension with a lone LF': `3;a\nabc\r\n0\r\n\r\n${SMUGGLED}`,
    'an extension that hides a line end': `3;"\r\n${chunked('abc')}`,
    'a quoted extension with a size': `3;a="\r\n5\r\n"\r\nabc\r\n0\r\n\r\n`,
    'a space behind the size': `3 \r\nabc\r\n0\r\n\r\n`,
    'a tab before the size': `\t3\r\nabc\r\n0\r\n\r\n`,
    'a plus before the size': `+3\r\nabc\r\n0\r\n\r\n`,
    'a minus before the size': `-3\r\nabc\r\n0\r\n\r\n`,
    'a size with 0x': `0x3\r\nabc\r\n0\r\n\r\n`,
    'a size with an underscore': `0_3\r\nabc\r\n0\r\n\r\n`,
    'a size beyond 64 bits': `10000000000000003\r\nabc\r\n0\r\n\r\n`,
    'a size beyond the limit': `fffffff\r\nabc\r\n0\r\n\r\n`,
    'a negative size in 64 bits': `ffffffffffffffff\r\nabc\r\n0\r\n\r\n`,
    'no size': `\r\nabc\r\n0\r\n\r\n`,
    'a size that is too small': `2\r\nabc\r\n0\r\n\r\n`,
    'a size that is too great': `5\r\nabc\r\n0\r\n\r\n${SMUGGLED}`,
    'lone line feeds': `3\nabc\n0\n\n`,
    'a lone CR': `3\rabc\r0\r\r`,
    'junk after the chunk': `3\r\nabcXX\r\n0\r\n\r\n`,
    'junk instead of a line end': `3\r\nabcXX0\r\n\r\n${SMUGGLED}`,
    'a trailer': `3\r\nabc\r\n0\r\nX-Trailer: a\r\n\r\n`,
    'a trailer that claims': `3\r\nabc\r\n0\r\nX-Auth-Principal: root\r\nX-API-Key: ${KEYS.good.text}\r\n\r\n`,
    'a trailer that is a request': `3\r\nabc\r\n0\r\n${SMUGGLED}`,
    'a trailer with a lone LF': `3\r\nabc\r\n0\r\nX: a\n\n${SMUGGLED}`,
    'no last line': `3\r\nabc\r\n0\r\n`,
    'no last chunk': `3\r\nabc\r\n`,
    'a request in a chunk': chunked(SMUGGLED),
    'a request behind the last chunk': `${chunked('abc')}${SMUGGLED}`,
    'a request cut off behind the last chunk': `${chunked('abc')}${POISON}`,
    'many small chunks': `${'1\r\na\r\n'.repeat(500)}0\r\n\r\n`,
    'a body beyond the limit': chunked('a'.repeat(70_000)),
    'chunks beyond the limit': `${chunk('a'.repeat(30_000)).repeat(3)}0\r\n\r\n`,
  };
  return Object.entries(bodies).flatMap(([how, body]) =>
    FRONTS.map(([who, target, key]) => ({
      name: `chunks: ${how}, ${who}`,
      bytes: raw({ method: 'POST', target, headers: [...key, 'Transfer-Encoding: chunked'], body }),
    })),
  );
}

export function framingDrafts(): readonly Draft[] {
  return [...codings(), ...lengths(), ...chunkings()];
}
