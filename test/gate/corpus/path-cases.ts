/** Paths and methods: nothing but the exact public routes is open, however the rest is spelled. */

import { type Draft, keyLine, raw } from './raw-request';
import { ESCAPES, SPELLINGS } from './spellings';
import { KEYS, PROTECTED } from './world';

const GOOD = keyLine(KEYS.good.text);
const NARROW = keyLine(KEYS.narrow.text);

const KEYED: readonly (readonly [string, readonly string[]])[] = [
  ['without a key', []],
  ['with a key', [GOOD]],
];

function spelled(): readonly Draft[] {
  return SPELLINGS.flatMap(({ name, write }) => [
    ...PROTECTED.flatMap((path) =>
      KEYED.map(([how, headers]) => ({
        name: `${path}: ${name}, ${how}`,
        bytes: raw({ target: write(path), headers }),
      })),
    ),
    {
      name: `POST /tts: ${name}`,
      bytes: raw({ method: 'POST', target: write('/tts'), headers: ['Content-Length: 0'] }),
    },
    // The key may POST to /tts and do nothing else: the path that is decided on must be the one that is forwarded.
    {
      name: `POST /tts with a key for it alone: ${name}`,
      bytes: raw({ method: 'POST', target: write('/tts'), headers: [NARROW, 'Content-Length: 0'] }),
    },
    {
      name: `POST /voices with a key for /tts alone: ${name}`,
      bytes: raw({ method: 'POST', target: write('/voices'), headers: [NARROW, 'Content-Length: 0'] }),
    },
    // A scope is asked for by path.
    {
      name: `/scoped with a key that lacks the scope: ${name}`,
      bytes: raw({ target: write('/scoped'), headers: [keyLine(KEYS.unscoped.text)] }),
    },
    ...['/favicon.ico', '/static/app.js', '/static/'].map((path) => ({
      name: `public ${path}: ${name}`,
      bytes: raw({ target: write(path) }),
    })),
  ]);
}

function escapes(): readonly Draft[] {
  return ESCAPES.flatMap(({ name, write }) => [
    ...PROTECTED.slice(0, 3).map((path) => ({ name: `${path} by ${name}`, bytes: raw({ target: write(path) }) })),
    {
      name: `/voices by ${name}, with a key for /tts alone`,
      bytes: raw({ method: 'POST', target: write('/voices'), headers: [NARROW, 'Content-Length: 0'] }),
    },
    {
      name: `/tts by ${name}, from a relaxed prefix`,
      world: 'relaxed' as const,
      bytes: raw({ target: write('/tts').replace(/^\/(static|favicon\.ico)/, '/raw') }),
    },
  ]);
}

/** Each byte, raw and encoded, where it could end, split or begin something. */
function bytes(): readonly Draft[] {
  return Array.from({ length: 256 }, (_, code) => {
    const byte = String.fromCharCode(code);
    const encoded = `%${code.toString(16).padStart(2, '0')}`;
    const shown = `0x${code.toString(16).padStart(2, '0')}`;
    const targets = {
      [`raw ${shown} after /tts`]: `/tts${byte}`,
      [`raw ${shown} before tts`]: `/${byte}tts`,
      [`encoded ${shown} after /tts`]: `/tts${encoded}`,
      [`encoded ${shown} within /tts`]: `/t${encoded}s`,
      [`raw ${shown} in a public path`]: `/static/${byte}/../tts`,
      [`raw ${shown} after a public path`]: `/favicon.ico${byte}`,
      [`encoded ${shown} in a public folder`]: `/static/a${encoded}b`,
      [`encoded ${shown} after a public path`]: `/favicon.ico${encoded}`,
      [`raw ${shown} in a public query`]: `/?a=${byte}b`,
    };
    return Object.entries(targets).map(([name, target]) => ({ name, bytes: raw({ target }) }));
  }).flat();
}

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'TRACK',
  'DEBUG',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'SEARCH',
  'QUERY',
  'REPORT',
  'PURGE',
  'LINK',
  'UNLINK',
  'VIEW',
  'INVOKE',
  'PRI',
  'BASELINE-CONTROL',
  'VERSION-CONTROL',
  'M-SEARCH',
  'FOO',
  'GET_',
  'GETS',
  'GE',
  'G',
  'get',
  'Get',
  'gET',
  'post',
  'head',
  'GET\t',
  '\u0000GET',
  'G ET',
  'GET;',
  'GET/',
  '"GET"',
  'GET\u00a0',
  '\ufeffGET'.replace('\ufeff', '\u00ef\u00bb\u00bf'),
  'X'.repeat(64),
  'A'.repeat(5000),
  '1GET',
  '-GET',
  '*',
] as const;

function methods(): readonly Draft[] {
  return METHODS.flatMap((method) =>
    ['/tts', '/', '/static/x', '/favicon.ico', '/tts/../static/x'].flatMap((target) =>
      KEYED.map(([how, headers]) => ({
        name: `${JSON.stringify(method.slice(0, 20))} ${target} ${how}`,
        bytes: raw({ method, target, headers }),
      })),
    ),
  );
}

const FORMS = [
  'http://app.test/tts',
  'https://app.test/tts',
  'HTTP://app.test/tts',
  'http://app.test:80/tts',
  'http://other.test/tts',
  'http://127.0.0.1/tts',
  'http://[::1]/tts',
  'http://app.test//tts',
  'http://app.test/static/../tts',
  'http://app.test/static/x',
  'http://app.test',
  'http://app.test/',
  'http://app.test?a=b',
  'http://app.test/?a=b',
  'http:///tts',
  'http://user:secret@app.test/tts',
  'http://app.test#/tts',
  'http://app.test\\/tts',
  'http://app.test;/tts',
  'http:/tts',
  'http:tts',
  'ftp://app.test/tts',
  'ws://app.test/tts',
  'file:///tts',
  'javascript:/tts',
  '://app.test/tts',
  '//app.test/tts',
  '*',
  '**',
  '/*',
  '*/tts',
  'app.test:443',
  'app.test',
  '127.0.0.1:80',
  'tts',
  './tts',
  '../tts',
  '?/tts',
  '#/tts',
  '@app.test/tts',
  ':80/tts',
  '@/tts',
  '\\tts',
  '%2ftts',
  '%2Fstatic/x',
  '%2e/tts',
  'http://app.test/%2e/tts',
  'http://app.test/static/%2e%2e/tts',
  '/http://app.test/tts',
  '/static/http://app.test/tts',
  '/tts http://app.test/static/x',
  '/static/x /tts',
  '/tts\t/static/x',
  '',
] as const;

function forms(): readonly Draft[] {
  return FORMS.flatMap((target) =>
    ['GET', 'POST', 'OPTIONS', 'CONNECT'].flatMap((method) =>
      KEYED.map(([how, headers]) => ({
        name: `${method} ${JSON.stringify(target)} ${how}`,
        bytes: raw({ method, target, headers }),
      })),
    ),
  );
}

const PROTOCOLS = [
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/1.2',
  'HTTP/1.9',
  'HTTP/1.10',
  'HTTP/2',
  'HTTP/2.0',
  'HTTP/3.0',
  'HTTP/11.1',
  'HTTP/1.',
  'HTTP/.1',
  'HTTP/1',
  'HTTP/01.1',
  'HTTP/1.1.1',
  'http/1.1',
  'Http/1.1',
  'HTTPS/1.1',
  'HTTP /1.1',
  'HTTP/1 .1',
  'HTTP/1,1',
  'HTTP/-1.1',
  'HTTP/1.1 ',
  'HTTP/1.1  ',
  'HTTP/1.1\t',
  'HTTP/1.1 HTTP/1.1',
  'HTTP/1.1x',
  'HTTP/\u00b9.1',
  'HTTP',
  'ICY/1.1',
  'RTSP/1.0',
  '\u0000',
  'HTTP/1.1\u0000',
] as const;

function protocols(): readonly Draft[] {
  return PROTOCOLS.flatMap((protocol) =>
    ['/tts', '/static/x'].flatMap((target) =>
      KEYED.flatMap(([how, headers]) => [
        { name: `${JSON.stringify(protocol)} ${target} ${how}`, bytes: raw({ target, protocol, headers }) },
        {
          name: `${JSON.stringify(protocol)} ${target} ${how}, kept alive`,
          bytes: raw({ target, protocol, headers: [...headers, 'Connection: keep-alive'] }),
        },
      ]),
    ),
  );
}

function lengths(): readonly Draft[] {
  return [7000, 9000, 14_000, 17_000, 40_000, 100_000].flatMap((length) =>
    KEYED.flatMap(([how, headers]) => [
      { name: `a path of ${length} ${how}`, bytes: raw({ target: `/tts/${'a'.repeat(length)}`, headers }) },
      {
        name: `a query of ${length} ${how}`,
        bytes: raw({ target: `/tts?text=${'%E4%BD%A0'.repeat(length / 9)}`, headers }),
      },
      { name: `a public query of ${length} ${how}`, bytes: raw({ target: `/?a=${'b'.repeat(length)}`, headers }) },
      {
        name: `a way back of ${length} ${how}`,
        bytes: raw({ target: `/static/${'x/../'.repeat(length / 5)}../tts`, headers }),
      },
    ]),
  );
}

export function pathDrafts(): readonly Draft[] {
  return [...spelled(), ...escapes(), ...bytes(), ...methods(), ...forms(), ...protocols(), ...lengths()];
}
