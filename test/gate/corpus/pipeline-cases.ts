/** Several requests on one connection, and what is no request of HTTP/1.1 at all. */

import { CASE, chunked, type Draft, keyLine, raw, SMUGGLED } from './raw-request';
import { KEYS } from './world';

const GOOD = keyLine(KEYS.good.text);
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export function pipelineDrafts(): readonly Draft[] {
  const open = raw({ target: '/static/first' });
  const keyed = raw({ target: '/tts', headers: [GOOD] });
  const closed = raw({ target: '/voices' });
  const post = (headers: readonly string[], body: string) =>
    raw({ method: 'POST', target: '/tts', headers: [...headers, `Content-Length: ${body.length}`], body });
  const chains: Readonly<Record<string, string>> = {
    'public then protected': open + closed,
    'keyed then protected': keyed + closed,
    'keyed, protected, keyed, protected': keyed + closed + keyed + closed,
    'protected then public': closed + open,
    'refused path then protected': raw({ target: '/static/../x' }) + closed,
    'wrong method then protected': raw({ method: 'TRACE', target: '/' }) + closed,
    'conflict then protected': raw({ target: '/tts', headers: [GOOD, keyLine(KEYS.other.text)] }) + closed,
    'keyed body then protected': post([GOOD], 'text=hello') + closed,
    'keyed body that is a request': post([GOOD], SMUGGLED),
    'keyed body that is a request, then protected': post([GOOD], SMUGGLED) + closed,
    'unkeyed body that is a request': post([], SMUGGLED),
    'unkeyed body that is a keyed request': post([], keyed),
    'unkeyed body then public': post([], 'text=hello') + open,
    'body of GET': raw({ target: '/tts', headers: [GOOD, `Content-Length: ${SMUGGLED.length}`], body: SMUGGLED }),
    'body of public GET': raw({ target: '/', headers: [`Content-Length: ${SMUGGLED.length}`], body: SMUGGLED }),
    'chunked body of public GET': raw({
      target: '/',
      headers: ['Transfer-Encoding: chunked'],
      body: chunked(SMUGGLED),
    }),
    'body of public HEAD': raw({
      method: 'HEAD',
      target: '/',
      headers: [`Content-Length: ${SMUGGLED.length}`],
      body: SMUGGLED,
    }),
    'HEAD then protected': raw({ method: 'HEAD', target: '/' }) + closed,
    'public with a body of no length': raw({ target: '/', body: SMUGGLED }),
    'keyed with a body of no length': raw({ method: 'POST', target: '/tts', headers: [GOOD], body: SMUGGLED }),
    'keyed cut off in its body': raw({
      method: 'POST',
      target: '/tts',
      headers: [GOOD, 'Content-Length: 5000'],
      body: 'abc',
    }),
    'unkeyed cut off in its body': raw({
      method: 'POST',
      target: '/tts',
      headers: ['Content-Length: 5000'],
      body: 'abc',
    }),
    'public cut off in its body': raw({ target: '/', headers: ['Content-Length: 5000'], body: 'abc' }),
    'cut off in its head': keyed.slice(0, -2),
    'cut off in its line': keyed.slice(0, 8),
    'close then protected': raw({ target: '/', headers: ['Connection: close'] }) + closed,
    'HTTP/1.0 then protected': raw({ target: '/', protocol: 'HTTP/1.0' }) + closed,
    'HTTP/1.0 kept alive then protected':
      raw({ target: '/', protocol: 'HTTP/1.0', headers: ['Connection: keep-alive'] }) + closed,
    'HTTP/1.0 chunked': raw({
      method: 'POST',
      target: '/tts',
      protocol: 'HTTP/1.0',
      headers: [GOOD, 'Transfer-Encoding: chunked'],
      body: chunked(SMUGGLED),
    }),
    'HTTP/1.0 with a length': raw({
      method: 'POST',
      target: '/tts',
      protocol: 'HTTP/1.0',
      headers: [GOOD, 'Content-Length: 3'],
      body: 'abc',
    }),
    'HTTP/0.9': `GET /tts\r\n`,
    'HTTP/0.9 of a public path': `GET /\r\n`,
    'HTTP/0.9 then a request': `GET /\r\n${SMUGGLED}`,
    'HTTP/0.9 with POST': `POST /tts\r\n\r\n`,
    'HTTP/0.9 with a lone LF': `GET /tts\n`,
    'empty lines first': `\r\n\r\n${closed}`,
    'line feeds first': `\n\n\n${closed}`,
    'CRs first': `\r\r\r${closed}`,
    'a space first': ` ${closed}`,
    'NUL first': `\u0000${closed}`,
    'lone line feeds throughout': closed.replaceAll('\r\n', '\n'),
    'lone line feeds throughout, keyed': keyed.replaceAll('\r\n', '\n'),
    'lone CRs throughout': closed.replaceAll('\r\n', '\r'),
    'LF CR throughout': closed.replaceAll('\r\n', '\n\r'),
    'upgrade then protected':
      raw({ target: '/', headers: ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'] }) +
      closed,
    'keyed upgrade then protected':
      raw({ target: '/tts', headers: [GOOD, 'Connection: Upgrade', 'Upgrade: websocket'] }) + closed,
    'upgrade to h2c then its preface':
      raw({
        target: '/',
        headers: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'],
      }) + PREFACE,
    'the preface of HTTP/2': `${PREFACE}\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000`,
    'a hello of TLS': '\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001\u0000',
    'the proxy protocol': `PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n${closed}`,
    'the proxy protocol in binary': `\r\n\r\n\u0000\r\nQUIT\n!\u0011\u0000\u000c\u0001\u0001\u0001\u0001\u0002\u0002\u0002\u0002\u0000\u0001\u0000\u0002${closed}`,
    FastCGI: '\u0001\u0001\u0000\u0001\u0000\u0008\u0000\u0000\u0000\u0001\u0000\u0000\u0000\u0000\u0000\u0000',
    'CONNECT then protected': `CONNECT app.test:80 HTTP/1.1\r\nHost: app.test:80\r\nX-Case: ${CASE}\r\n\r\n${closed}`,
    'a keyed CONNECT then protected': `CONNECT app.test:80 HTTP/1.1\r\nHost: app.test:80\r\nX-Case: ${CASE}\r\n${GOOD}\r\n\r\n${closed}`,
    'expecting 100 without a key':
      raw({ method: 'POST', target: '/tts', headers: ['Expect: 100-continue', 'Content-Length: 3'], body: 'abc' }) +
      closed,
    'expecting 100 with a key':
      raw({
        method: 'POST',
        target: '/tts',
        headers: [GOOD, 'Expect: 100-continue', 'Content-Length: 3'],
        body: 'abc',
      }) + closed,
    'a body at the limit': post([GOOD], 'a'.repeat(65_536)),
    'a body beyond the limit': post([GOOD], 'a'.repeat(65_537)),
    'a body beyond the limit without a key': post([], 'a'.repeat(65_537)),
    'a body beyond the limit on a public path': raw({
      target: '/',
      headers: ['Content-Length: 65537'],
      body: 'a'.repeat(65_537),
    }),
    'a hundred protected': closed.repeat(100),
    'a target with an encoded request': raw({ target: `/static/${encodeURIComponent(SMUGGLED)}` }),
    'a query with an encoded request': raw({ target: `/?a=${encodeURIComponent(SMUGGLED)}` }),
    'a query key with an encoded request': raw({ target: `/?${encodeURIComponent(SMUGGLED)}=1` }),
    'a target with a raw request': raw({
      target: `/static/x HTTP/1.1\r\nHost: app.test\r\nX-Case: ${CASE}\r\n\r\nGET /tts`,
    }),
    'a value with a raw request': raw({ target: '/', headers: [`X-Other: a\r\n\r\n${SMUGGLED}`] }),
    'a host with a raw request': raw({ target: '/', hosts: [`app.test\r\nX-Case: ${CASE}\r\n\r\n${SMUGGLED}`] }),
  };
  return Object.entries(chains).map(([name, bytes]) => ({ name, bytes }));
}
