/** Headers: names that claim what only the gate may say, clients, hosts, and lines of every shape. */

import { type Draft, keyLine, raw } from './raw-request';
import { KEYS } from './world';

const { good } = KEYS;

/** Names that tell an app another path, method, host, client or caller than the request's own. */
const CLAIMS: Readonly<Record<string, string>> = {
  'X-Auth-Principal': 'root',
  'X-Auth-Key-Id': 'root',
  'X-Auth-Scopes': 'admin',
  'X-Auth-Anything': 'root',
  'X-Amzn-Oidc-Identity': 'root',
  'X-Amzn-Oidc-Data': 'e30.e30.',
  'X-Amzn-Oidc-Accesstoken': 'root',
  Forwarded: 'for=10.0.0.1;host=evil.test;proto=https',
  'X-Original-URL': '/admin/keys',
  'X-Rewrite-URL': '/admin/keys',
  'X-Original-Method': 'DELETE',
  'X-HTTP-Method-Override': 'DELETE',
  'X-HTTP-Method': 'DELETE',
  'X-Method-Override': 'DELETE',
  'X-Forwarded-Host': 'evil.test',
  'X-Forwarded-Port': '1',
  'X-Forwarded-Prefix': '/admin',
  'X-Forwarded-Server': 'evil.test',
  'X-Forwarded-Uri': '/admin/keys',
  'X-Forwarded-Path': '/admin/keys',
  'X-Forwarded-Method': 'DELETE',
  'X-Forwarded-Scheme': 'https',
  'X-Forwarded-User': 'root',
  'X-Real-IP': '10.0.0.1',
  Proxy: 'http://evil.test',
  Upgrade: 'websocket',
  'X-Script-Name': '/admin',
  'X-Envoy-Original-Path': '/admin/keys',
  'X-Custom-IP-Authorization': '127.0.0.1',
  'X-Originating-IP': '127.0.0.1',
  'X-Override-URL': '/admin/keys',
  'Client-IP': '127.0.0.1',
  Referer: 'http://app.test/admin/keys',
  'X-Accel-Redirect': '/admin/keys',
};

/** Other writings of a name that a WSGI, CGI or sloppy server takes for the same. */
const WRITINGS: Readonly<Record<string, (name: string, value: string) => readonly string[]>> = {
  'as it is': (name, value) => [`${name}: ${value}`],
  'in small letters': (name, value) => [`${name.toLowerCase()}: ${value}`],
  'in capitals': (name, value) => [`${name.toUpperCase()}: ${value}`],
  'with underscores': (name, value) => [`${name.replaceAll('-', '_')}: ${value}`],
  'with one underscore': (name, value) => [`${name.replace('-', '_')}: ${value}`],
  'with an underscore at the end': (name, value) => [`${name}_: ${value}`],
  twice: (name, value) => [`${name}: ${value}`, `${name}: other`],
  'with a space before the colon': (name, value) => [`${name} : ${value}`],
  'with a control character': (name, value) => [`${name}\u0000: ${value}`],
  'with a dot': (name, value) => [`${name.replaceAll('-', '.')}: ${value}`],
  'folded onto another header': (name, value) => [`X-Other: a`, ` ${name}: ${value}`],
  'after a lone CR': (name, value) => [`X-Other: a\r${name}: ${value}`],
  'after a lone LF': (name, value) => [`X-Other: a\n${name}: ${value}`],
  'after an encoded CRLF': (name, value) => [`X-Other: a%0d%0a${name}: ${value}`],
  'with a non-breaking hyphen': (name, value) => [`${name.replaceAll('-', '\u00e2\u0080\u0091')}: ${value}`],
};

function claims(): readonly Draft[] {
  return Object.entries(CLAIMS).flatMap(([claim, value]) =>
    Object.entries(WRITINGS).flatMap(([how, write]) => {
      const lines = write(claim, value);
      return [
        { name: `${claim} ${how} on a public path`, bytes: raw({ target: '/', headers: lines }) },
        { name: `${claim} ${how} without a key`, bytes: raw({ target: '/tts', headers: lines }) },
        { name: `${claim} ${how} with a key`, bytes: raw({ target: '/tts', headers: [keyLine(good.text), ...lines] }) },
      ];
    }),
  );
}

const FORWARDED_FOR = [
  ['203.0.113.9'],
  ['10.0.0.1, 203.0.113.9'],
  ['10.0.0.1,10.0.0.2,203.0.113.9'],
  ['10.0.0.1', '203.0.113.9'],
  ['203.0.113.9:4711'],
  ['[2001:db8::1]:4711'],
  ['[2001:db8::1]'],
  ['2001:db8::1'],
  ['2001:db8::1, 203.0.113.9'],
  ['203.0.113.9, 2001:db8::1'],
  [''],
  [','],
  ['203.0.113.9,'],
  ['unknown'],
  ['203.0.113.9, unknown'],
  ['127.0.0.1'],
  ['localhost'],
  ['"203.0.113.9"'],
  ['for=203.0.113.9'],
  ['203.0.113.9 10.0.0.1'],
  ['203.0.113.999'],
  ['0x7f.1'],
  ['2130706433'],
  ['017700000001'],
  ['1.2.3'],
  ['fe80::1%eth0'],
  ['::'],
  ['203.0.113.9, 203.0.113.10, '],
  ['a'.repeat(9000)],
  [`${'10.0.0.1, '.repeat(900)}203.0.113.9`],
  ['10.0.0.1\t,\t203.0.113.9'],
  ['203.0.113.9\u0001'],
  ['203.0.113.9\u00e9'],
] as const;

function clients(): readonly Draft[] {
  return FORWARDED_FOR.flatMap((values) =>
    (['strict', 'relaxed', 'direct'] as const).flatMap((world) =>
      [
        ['', '/'],
        [keyLine(good.text), '/tts'],
      ].map(([line = '', target = '']) => ({
        name: `X-Forwarded-For ${JSON.stringify(values).slice(0, 60)} on ${target}, ${world}`,
        world,
        bytes: raw({ target, headers: [line, ...values.map((value) => `X-Forwarded-For: ${value}`)].filter(Boolean) }),
      })),
    ),
  );
}

function protos(): readonly Draft[] {
  const values = [
    ['https'],
    ['http'],
    ['HTTPS'],
    ['https, http'],
    ['http', 'https'],
    ['ftp'],
    ['https\u0001'],
    [''],
    ['https;x'],
    ['"https"'],
  ];
  return values.flatMap((list) =>
    (['strict', 'direct'] as const).map((world) => ({
      name: `X-Forwarded-Proto ${JSON.stringify(list)}, ${world}`,
      world,
      bytes: raw({ target: '/', headers: list.map((value) => `X-Forwarded-Proto: ${value}`) }),
    })),
  );
}

function hosts(): readonly Draft[] {
  const lists = [
    [],
    [''],
    ['app.test', 'app.test'],
    ['app.test', 'evil.test'],
    ['app.test:80'],
    ['APP.test'],
    ['app.test:99999'],
    ['app.test:x'],
    ['127.0.0.1'],
    ['[::1]'],
    ['[::1]:80'],
    ['app.test.'],
    ['app.test/admin'],
    ['app.test/../x'],
    ['app.test@evil.test'],
    ['app.test, evil.test'],
    ['app test'],
    ['app\u0000'],
    ['http://app.test'],
    ['localhost'],
    ['app.test#'],
    ['app.test?x'],
    ['_'],
    ['app..test'],
    ['.'],
    ['-'],
    ['\u00e9.test'],
    ['app.test\\x'],
    ['a'.repeat(300)],
    ['a'.repeat(9000)],
  ];
  return lists.flatMap((list) =>
    ['HTTP/1.1', 'HTTP/1.0'].flatMap((protocol) => [
      {
        name: `${protocol} Host ${JSON.stringify(list).slice(0, 60)} on a public path`,
        bytes: raw({ target: '/', hosts: list, protocol }),
      },
      {
        name: `${protocol} Host ${JSON.stringify(list).slice(0, 60)} on /tts`,
        bytes: raw({ target: '/tts', hosts: list, protocol }),
      },
    ]),
  );
}

function shapes(): readonly Draft[] {
  const lines: Readonly<Record<string, readonly string[]>> = {
    'a header of 8 KB': [`X-Long: ${'a'.repeat(8192)}`],
    'a header of 15 KB': [`X-Long: ${'a'.repeat(15_000)}`],
    'a header of 17 KB': [`X-Long: ${'a'.repeat(17_000)}`],
    'a name of 17 KB': [`X-${'a'.repeat(17_000)}: 1`],
    '300 KB of headers': Array.from({ length: 300 }, (_, i) => `X-Long-${i}: ${'a'.repeat(1000)}`),
    'a cookie of 15 KB': [`Cookie: a=${'b'.repeat(15_000)}`],
    'an empty name': [': value'],
    'an empty header': ['X-Empty:'],
    'a line of spaces': ['   '],
    'a bare name': ['X-Bare'],
    'a name in brackets': ['X-(a)[b]: 1'],
    'a name with a slash': ['X/Auth: 1'],
    'a name above 127': ['X-\u00e9: 1'],
    'a value above 127': ['X-Other: \u00e9\u00ff'],
    'a value of UTF-8': ['X-Other: \u00e4\u00bd\u00a0\u00e5\u00a5\u00bd', 'Cookie: n=\u00c3\u00a9'],
    'a lone CR behind a value': ['X-Other: a\r'],
    'many CRs behind a value': ['X-Other: a\r\r\r'],
    'a name of one letter': ['a: b'],
    '120 headers': Array.from({ length: 120 }, (_, i) => `X-Many-${i}: ${i}`),
    'a value with NUL': ['X-Other: a\u0000b'],
    'a value with an escape character': ['X-Other: \u001b[31m'],
    'a value with delete': ['X-Other: a\u007f'],
    'a request line as header': ['GET /admin HTTP/1.1'],
    'a response line as header': ['HTTP/1.1 200 OK'],
    'a websocket upgrade': [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ],
    'an upgrade to h2c': ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
    'an upgrade to TLS': ['Connection: Upgrade', 'Upgrade: TLS/1.2'],
    'a range': ['Range: bytes=0-1'],
    'a range of many': [`Range: bytes=${'0-0,'.repeat(1000)}0-0`],
    'a condition': ['If-None-Match: *', 'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT'],
    'a hop-by-hop list': [
      'TE: trailers, deflate',
      'Trailer: X-Auth-Principal',
      'Keep-Alive: timeout=1',
      'Proxy-Connection: keep-alive',
    ],
    'an expectation that nobody meets': ['Expect: 200-maybe'],
  };
  return Object.entries(lines).flatMap(([name, headers]) => [
    { name: `${name} on a public path`, bytes: raw({ target: '/', headers }) },
    { name: `${name} without a key`, bytes: raw({ target: '/tts', headers }) },
    { name: `${name} with a key`, bytes: raw({ target: '/tts', headers: [keyLine(good.text), ...headers] }) },
    { name: `${name} before a key`, bytes: raw({ target: '/tts', headers: [...headers, keyLine(good.text)] }) },
  ]);
}

export function headerDrafts(): readonly Draft[] {
  return [...claims(), ...clients(), ...protos(), ...hosts(), ...shapes()];
}
