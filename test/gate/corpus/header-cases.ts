/** Headers: credentials in every state and number, and names that claim what only the gate may say. */

import { CASE, type Draft, keyLine, raw } from './raw-request';
import { KEYS, LONG_TOKEN, ownerKeys, TOKEN } from './world';

const { good, other, revoked, expired, disabled, unknown, narrow, unscoped } = KEYS;
const bearer = (text: string) => `Authorization: Bearer ${text}`;
const flip = (text: string) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');

const CREDENTIALS: Readonly<Record<string, readonly string[]>> = {
  none: [],
  'a key': [keyLine(good.text)],
  'a key as bearer': [bearer(good.text)],
  'a token': [bearer(TOKEN)],
  'a long token': [bearer(LONG_TOKEN)],
  'an unknown key': [keyLine(unknown.text)],
  'a revoked key': [keyLine(revoked.text)],
  'an expired key': [keyLine(expired.text)],
  'a disabled key': [keyLine(disabled.text)],
  'a narrow key': [keyLine(narrow.text)],
  'a key without scopes': [keyLine(unscoped.text)],
  'the same key twice': [keyLine(good.text), keyLine(good.text)],
  'the same key in both ways': [keyLine(good.text), bearer(good.text)],
  'two good keys': [keyLine(good.text), keyLine(other.text)],
  'two good keys, the other way round': [keyLine(other.text), keyLine(good.text)],
  'two good keys in two ways': [keyLine(good.text), bearer(other.text)],
  'two good bearers': [bearer(good.text), bearer(other.text)],
  'a good key and an unknown one': [keyLine(good.text), keyLine(unknown.text)],
  'an unknown key and a good one': [keyLine(unknown.text), keyLine(good.text)],
  'a good key and a token': [keyLine(good.text), bearer(TOKEN)],
  'a good key and nonsense': [keyLine(good.text), bearer('nonsense')],
  'nonsense and a good key': [keyLine('nonsense'), bearer(good.text)],
  'two keys joined by a comma': [keyLine(`${good.text},${other.text}`)],
  'two keys joined by comma and space': [keyLine(`${good.text}, ${other.text}`)],
  'the same key joined by a comma': [keyLine(`${good.text},${good.text}`)],
  'a key and a trailing comma': [keyLine(`${good.text},`)],
  'a leading comma and a key': [keyLine(`,${good.text}`)],
  'bearers joined by a comma': [bearer(`${good.text}, Bearer ${other.text}`)],
  'two schemes joined by a comma': [`Authorization: Basic YTpi, Bearer ${good.text}`],
  'an empty key': [keyLine('')],
  'a blank key': [keyLine('   \t ')],
  'an empty key and a good bearer': [keyLine(''), bearer(good.text)],
  'an empty bearer': ['Authorization: Bearer'],
  'a blank bearer': ['Authorization: Bearer   '],
  'an empty bearer and a good key': ['Authorization: Bearer', keyLine(good.text)],
  'an empty authorization and a good key': ['Authorization:', keyLine(good.text)],
  'basic authorization': ['Authorization: Basic YTpi'],
  'basic authorization with the key': [`Authorization: Basic ${Buffer.from(`key:${good.text}`).toString('base64')}`],
  'basic authorization and a good key': ['Authorization: Basic YTpi', keyLine(good.text)],
  'authorization without a scheme': [`Authorization: ${good.text}`],
  'another scheme': [`Authorization: ApiKey ${good.text}`],
  'bearer in capitals': [`AUTHORIZATION: BEARER ${good.text}`],
  'bearer in small letters': [`authorization: bearer ${good.text}`],
  'bearer with two spaces': [`Authorization: Bearer  ${good.text}`],
  'bearer with a tab': [`Authorization: Bearer\t${good.text}`],
  'bearer with a colon': [`Authorization: Bearer: ${good.text}`],
  'bearer with an equals sign': [`Authorization: Bearer=${good.text}`],
  'bearer stuck to the key': [`Authorization: Bearer${good.text}`],
  'bearer and more': [bearer(`${good.text} ${other.text}`)],
  'bearer twice': [bearer(`Bearer ${good.text}`)],
  'bearer in the key header': [keyLine(`Bearer ${good.text}`)],
  'a key in quotes': [keyLine(`"${good.text}"`)],
  'a key with spaces around': [keyLine(`  ${good.text}\t `)],
  'a key with a space within': [keyLine(`${good.text.slice(0, 20)} ${good.text.slice(20)}`)],
  'a key with more behind it': [keyLine(`${good.text}0`)],
  'a key with less': [keyLine(good.text.slice(0, -1))],
  'a key with a wrong checksum': [keyLine(flip(good.text))],
  'a key in capitals': [keyLine(good.text.toUpperCase())],
  'a key of another prefix': [keyLine(good.text.replace('vg_', 'xx_'))],
  'a key without its prefix': [keyLine(good.text.replace('vg_', ''))],
  'an encoded key': [keyLine(good.text.replace('_', '%5F'))],
  'a key and NUL': [keyLine(`${good.text}\u0000`)],
  'a key and a control character': [keyLine(`${good.text}\u0001`)],
  'a key and CR': [keyLine(`${good.text}\rX`)],
  'a key and a no-break space': [keyLine(`${good.text}\u00a0`)],
  'a key in other scripts': [keyLine('\u00d0\u00ba\u00d0\u00bb\u00d1\u008e\u00d1\u0087')],
  'a key of bytes above 127': [keyLine('\u00ff\u00fe\u0080'.repeat(20))],
  'a key with a full-width letter': [keyLine(good.text.replace('v', '\u00ef\u00bd\u0096'))],
  'a key of 512 characters': [keyLine('k'.repeat(512))],
  'a key of 513 characters': [keyLine('k'.repeat(513))],
  'a key of 10,000 characters': [keyLine('k'.repeat(10_000))],
  'a good key and 10,000 characters': [keyLine(good.text + 'k'.repeat(10_000))],
  'a bearer of 15,000 characters': [bearer(`a.${'k'.repeat(15_000)}.c`)],
  'a bearer of 17,000 characters': [bearer(`a.${'k'.repeat(17_000)}.c`)],
  'a bearer of 70,000 characters': [bearer(`a.${'k'.repeat(70_000)}.c`)],
  'an unknown token': [bearer(`${TOKEN.slice(0, -2)}AA`)],
  'a token without signature': [bearer(`${TOKEN.split('.').slice(0, 2).join('.')}.`)],
  'a token in the key header': [keyLine(TOKEN)],
  'a folded key': ['X-API-Key:', ` ${good.text}`],
  'a key folded with a tab': ['X-API-Key:', `\t${good.text}`],
  'a key folded in its middle': [keyLine(good.text.slice(0, 20)), ` ${good.text.slice(20)}`],
  'a folded bearer': ['Authorization: Bearer', ` ${good.text}`],
  'a key with a space before the colon': [`X-API-Key : ${good.text}`],
  'a key with a tab before the colon': [`X-API-Key\t: ${good.text}`],
  'a key with a space before the name': [` X-API-Key: ${good.text}`],
  'a key header without colon': [`X-API-Key ${good.text}`],
  'a key with underscores in the name': [`X_API_Key: ${good.text}`],
  'a key with an underscore in the name': [`X-API_Key: ${good.text}`],
  'an underscored authorization beside a key': [keyLine(good.text), `X_API_KEY: ${other.text}`],
  'a key in a cookie': [`Cookie: api_key=${good.text}; x-api-key=${good.text}`],
  'a key for a proxy': [`Proxy-Authorization: Bearer ${good.text}`],
  'a key in a header of AWS': [`X-Amzn-Oidc-Data: ${TOKEN}`, `X-Amzn-Oidc-Identity: root`],
  'names in capitals': [`X-API-KEY: ${good.text}`],
  'names in small letters': [`x-api-key: ${good.text}`],
  'a key named by Connection': [keyLine(good.text), 'Connection: x-api-key'],
  'a key named by Connection with others': [keyLine(good.text), 'Connection: close, X-API-Key, X-Auth-Principal, X-Case'],
  'an identity named by Connection': [keyLine(good.text), 'Connection: keep-alive, X-Auth-Principal, X-Auth-Key-Id, X-Forwarded-For'],
  'an authorization named by Connection': [bearer(good.text), 'Connection: Authorization'],
};

const QUERIES: Readonly<Record<string, string>> = {
  'a key in the query': `?api_key=${good.text}`,
  'a key in the query and text': `?api_key=${good.text}&text=a+b%20c`,
  'text and a key in the query': `?text=%E4%BD%A0&api_key=${good.text}&voice=x`,
  'an encoded name': `?api%5Fkey=${good.text}`,
  'all encoded': `?%61%70%69%5f%6b%65%79=${[...good.text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')}`,
  'capitals': `?API_KEY=${good.text}`,
  'the same key twice': `?api_key=${good.text}&api_key=${good.text}`,
  'two keys': `?api_key=${good.text}&api_key=${other.text}`,
  'an unknown key': `?api_key=${unknown.text}`,
  'an empty key': '?api_key=',
  'no value': '?api_key',
  'an empty and a good key': `?api_key=&api_key=${good.text}`,
  'a semicolon between': `?text=a;api_key=${good.text}`,
  'brackets': `?api_key[]=${good.text}`,
  'a space in the name': `?api_key%20=${good.text}`,
  'NUL in the name': `?api_key%00=${good.text}`,
  'a token': `?api_key=${TOKEN}`,
  'a question mark more': `??api_key=${good.text}`,
  'empty pairs': `?&&api_key=${good.text}&&`,
  'no pairs': '?',
  'pairs alike': `?api_keys=1&xapi_key=2&api-key=3`,
};

function credentials(): readonly Draft[] {
  const headers = Object.entries(CREDENTIALS).flatMap(([name, lines]) =>
    ['GET /tts', 'POST /voices', 'GET /scoped', 'GET /', 'GET /static/x'].map((route) => {
      const [method, target = ''] = route.split(' ');
      return { name: `${route} with ${name}`, bytes: raw({ method, target, headers: lines }) };
    }),
  );
  const queries = Object.entries(QUERIES).flatMap(([name, query]) =>
    (['strict', 'relaxed'] as const).flatMap((world) => [
      { name: `/tts with ${name}, ${world}`, world, bytes: raw({ target: `/tts${query}` }) },
      { name: `/ with ${name}, ${world}`, world, bytes: raw({ target: `/${query}` }) },
      {
        name: `/tts with ${name} and the key in a header, ${world}`,
        world,
        bytes: raw({ target: `/tts${query}`, headers: [keyLine(good.text)] }),
      },
    ]),
  );
  const owners = ownerKeys.map(({ name, text }) => ({
    name: `an owner: ${name}`,
    bytes: raw({ target: '/tts', headers: [keyLine(text)] }),
  }));
  return [...headers, ...queries, ...owners];
}

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
  ['203.0.113.9'], ['10.0.0.1, 203.0.113.9'], ['10.0.0.1,10.0.0.2,203.0.113.9'], ['10.0.0.1', '203.0.113.9'], ['203.0.113.9:4711'],
  ['[2001:db8::1]:4711'], ['[2001:db8::1]'], ['2001:db8::1'], ['2001:db8::1, 203.0.113.9'], ['203.0.113.9, 2001:db8::1'], [''], [','],
  ['203.0.113.9,'], ['unknown'], ['203.0.113.9, unknown'], ['127.0.0.1'], ['localhost'], ['"203.0.113.9"'], ['for=203.0.113.9'],
  ['203.0.113.9 10.0.0.1'], ['203.0.113.999'], ['0x7f.1'], ['2130706433'], ['017700000001'], ['1.2.3'], ['fe80::1%eth0'], ['::'],
  ['203.0.113.9, 203.0.113.10, '], ['a'.repeat(9000)], [`${'10.0.0.1, '.repeat(900)}203.0.113.9`], ['10.0.0.1\t,\t203.0.113.9'],
  ['203.0.113.9\u0001'], ['203.0.113.9\u00e9'],
] as const;

function clients(): readonly Draft[] {
  return FORWARDED_FOR.flatMap((values) =>
    (['strict', 'relaxed'] as const).flatMap((world) =>
      [['', '/'], [keyLine(good.text), '/tts']].map(([line = '', target = '']) => ({
        name: `X-Forwarded-For ${JSON.stringify(values).slice(0, 60)} on ${target}, ${world}`,
        world,
        bytes: raw({ target, headers: [line, ...values.map((value) => `X-Forwarded-For: ${value}`)].filter(Boolean) }),
      })),
    ),
  );
}

function protos(): readonly Draft[] {
  const values = [['https'], ['http'], ['HTTPS'], ['https, http'], ['http', 'https'], ['ftp'], ['https\u0001'], [''], ['https;x'], ['"https"']];
  return values.map((list) => ({
    name: `X-Forwarded-Proto ${JSON.stringify(list)}`,
    bytes: raw({ target: '/', headers: list.map((value) => `X-Forwarded-Proto: ${value}`) }),
  }));
}

function hosts(): readonly Draft[] {
  const lists = [
    [], [''], ['app.test', 'app.test'], ['app.test', 'evil.test'], ['app.test:80'], ['APP.test'], ['app.test:99999'], ['app.test:x'], ['127.0.0.1'],
    ['[::1]'], ['[::1]:80'], ['app.test.'], ['app.test/admin'], ['app.test/../x'], ['app.test@evil.test'], ['app.test, evil.test'], ['app test'], ['app\u0000'],
    ['http://app.test'], ['localhost'], ['app.test#'], ['app.test?x'], ['_'], ['app..test'], ['.'], ['-'], ['\u00e9.test'], ['app.test\\x'],
    ['a'.repeat(300)], ['a'.repeat(9000)],
  ];
  return lists.flatMap((list) =>
    ['HTTP/1.1', 'HTTP/1.0'].flatMap((protocol) => [
      { name: `${protocol} Host ${JSON.stringify(list).slice(0, 60)} on a public path`, bytes: raw({ target: '/', hosts: list, protocol }) },
      { name: `${protocol} Host ${JSON.stringify(list).slice(0, 60)} on /tts`, bytes: raw({ target: '/tts', hosts: list, protocol }) },
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
    'a value with NUL': ['X-Other: a\u0000b'],
    'a value with an escape character': ['X-Other: \u001b[31m'],
    'a value with delete': ['X-Other: a\u007f'],
    'a request line as header': ['GET /admin HTTP/1.1'],
    'a response line as header': ['HTTP/1.1 200 OK'],
    'a websocket upgrade': ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'],
    'an upgrade to h2c': ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
    'an upgrade to TLS': ['Connection: Upgrade', 'Upgrade: TLS/1.2'],
    'a range': ['Range: bytes=0-1'],
    'a range of many': [`Range: bytes=${'0-0,'.repeat(1000)}0-0`],
    'a condition': ['If-None-Match: *', 'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT'],
    'a hop-by-hop list': ['TE: trailers, deflate', 'Trailer: X-Auth-Principal', 'Keep-Alive: timeout=1', 'Proxy-Connection: keep-alive'],
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
  return [...credentials(), ...claims(), ...clients(), ...protos(), ...hosts(), ...shapes()].filter(
    (draft) => draft.bytes.includes(CASE),
  );
}
