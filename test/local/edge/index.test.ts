import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWhere, NO_TOOLS } from '../../support/where.js';
import { type Cloud, get, rule, type ServedEdge, startCloud, template, until } from './support.js';

const cloud = await startCloud();
const ADDRESS = '127.64.7.1';

/** Bytes that the app wrote for `/flood`. */
let flooded = 0;

/** Tells what it received, and behaves as its path says. */
const app: RequestListener = (req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? '', 'http://app');
  if (pathname === '/health') res.writeHead(200).end();
  else if (pathname === '/slow') setTimeout(() => res.end('slow'), Number(searchParams.get('ms')));
  else if (pathname === '/cut') {
    res.writeHead(200, { 'Content-Length': '100' });
    res.write('only this', () => res.destroy());
  } else if (pathname === '/reset') req.socket.destroy();
  else if (pathname === '/unread') req.pause();
  else if (pathname === '/flood') {
    const more = () => {
      let room = true;
      while (room) {
        flooded += 64 * 1024;
        room = res.write(Buffer.alloc(64 * 1024));
      }
    };
    res.on('drain', more);
    more();
  } else if (pathname === '/stream') {
    res.writeHead(200, { 'X-Frame-Options': 'SAMEORIGIN', 'Set-Cookie': ['a=1', 'b=2'], Server: 'app' });
    req.pipe(res);
  } else if (pathname === '/count') {
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    req.on('end', () => res.end(String(bytes)));
  } else if (pathname === '/refuse') {
    // As nginx does: the answer first, then the rest of the request is read and thrown away.
    res.writeHead(413).end('too large');
    req.resume();
  } else {
    req.resume();
    req.on('end', () => res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.rawHeaders })));
  }
};

function received(body: string): { method: string; url: string; headers: Record<string, string[]> } {
  const { method, url, headers } = JSON.parse(body) as { method: string; url: string; headers: string[] };
  const byName: Record<string, string[]> = {};
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]?.toLowerCase() ?? '';
    byName[name] = [...(byName[name] ?? []), headers[i + 1] ?? ''];
  }
  return { method, url, headers: byName };
}

describeWhere(cloud === undefined ? NO_TOOLS : undefined, 'the edge in front of a deployed load balancer', () => {
  const { deploy, register, serve, target, stop } = cloud as Cloud;
  let edge: ServedEdge;
  let outputs: Record<string, string>;
  let appServer: Server;
  const deployed = template({
    loadBalancerAttributes: {
      'idle_timeout.timeout_seconds': '2',
      'routing.http.drop_invalid_header_fields.enabled': 'true',
    },
    listenerAttributes: {
      'routing.http.response.strict_transport_security.header_value': 'max-age=31536000',
      'routing.http.response.x_frame_options.header_value': 'DENY',
      'routing.http.response.server.enabled': 'false',
    },
    httpActions: [
      {
        Type: 'fixed-response',
        FixedResponseConfig: {
          StatusCode: '403',
          ContentType: 'application/json',
          MessageBody: '{"error":"use <https>"}',
        },
      },
    ],
    resources: {
      Robots: rule(
        1,
        [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/robots.txt'] } }],
        [
          {
            Type: 'fixed-response',
            FixedResponseConfig: {
              StatusCode: '200',
              ContentType: 'text/plain',
              MessageBody: 'User-agent: *\nDisallow: /',
            },
          },
        ],
      ),
      Login: rule(
        2,
        [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/login'] } }],
        [
          {
            Type: 'authenticate-oidc',
            Order: 1,
            AuthenticateOidcConfig: {
              Issuer: 'https://idp.example',
              AuthorizationEndpoint: 'https://idp.example/a',
              TokenEndpoint: 'https://idp.example/t',
              UserInfoEndpoint: 'https://idp.example/u',
              ClientId: 'client',
              ClientSecret: 'never-read',
            },
          },
          { Type: 'forward', Order: 2, TargetGroupArn: { Ref: 'Targets' } },
        ],
      ),
      Query: rule(
        3,
        [{ Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'version', Value: 'old*' }] } }],
        [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '410' } }],
      ),
      Safe: {
        Type: 'AWS::ElasticLoadBalancingV2::ListenerRule',
        Properties: {
          ListenerArn: { Ref: 'Http' },
          Priority: 1,
          Conditions: [{ Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['GET', 'HEAD'] } }],
          Actions: [{ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } }],
        },
      },
    },
  });

  beforeAll(async () => {
    outputs = await deploy('Edge', deployed);
    const { port, server } = await target(ADDRESS, app);
    appServer = server;
    // Longer than the idle timeout of the load balancer, as its targets should.
    server.keepAliveTimeout = 60_000;
    await register(outputs.Targets ?? '', ADDRESS, port);
    edge = await serve('Edge');
    await until(() => edge.targetHealth().some((one) => one.state === 'healthy') || undefined);
  });
  afterAll(stop);

  function plain(path: string, method = 'GET'): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(`${edge.http}${path}`, { method, agent: false }, (response) => {
        response.resume();
        resolve(response);
      });
      request.on('error', reject).end();
    });
  }

  function raw(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(edge.httpPort, '127.0.0.1', () => socket.write(text));
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
  }

  it('redirects GET on :80 to the port at which :443 is served, path and query kept', async () => {
    const response = await plain('/tts?text=%E4%BD%A0&x=1');
    expect(response.statusCode).toBe(301);
    expect(response.headers.location).toBe(`https://localhost:${edge.httpsPort}/tts?text=%E4%BD%A0&x=1`);
    expect((await edge.lineOf('/tts')).why).toBe('redirect');
  });

  it('answers other methods on :80 with the deployed fixed response', async () => {
    const response = await plain('/tts', 'POST');
    expect(response.statusCode).toBe(403);
    expect(response.headers['content-type']).toMatch('application/json');
  });

  it('forwards to a healthy target what a load balancer forwards', async () => {
    const answer = await get(edge, '/a%20b?x=%2F', {
      headers: {
        'X-Forwarded-For': '203.0.113.9',
        'X-Forwarded-Proto': 'http',
        'X-Custom': ['one', 'two'],
        X_Invalid: 'underscore',
        Connection: 'close, X-Hop',
        'X-Hop': 'gone',
        TE: 'trailers',
      },
    });
    expect(answer.status).toBe(200);
    const { url, headers } = received(answer.body);
    expect(url).toBe('/a%20b?x=%2F');
    expect(headers['x-forwarded-for']).toEqual(['203.0.113.9, 127.0.0.1']);
    expect(headers['x-forwarded-proto']).toEqual(['https']);
    expect(headers['x-forwarded-port']).toEqual([String(edge.httpsPort)]);
    expect(headers.host).toEqual([`localhost:${edge.httpsPort}`]);
    expect(headers['x-custom']).toEqual(['one', 'two']);
    for (const gone of ['x_invalid', 'x-hop', 'te']) expect(headers[gone]).toBeUndefined();
    const line = await edge.lineOf('/a%20b');
    expect(line).toMatchObject({ client: '127.0.0.1', method: 'GET', status: 200, why: 'target' });
    expect(headers['x-amzn-trace-id']).toEqual([line.traceId]);
    expect(line.traceId).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
  });

  it('puts the listener attributes on every answer and keeps what the target said otherwise', async () => {
    const streamed = await get(edge, '/stream', { method: 'POST', body: 'text' });
    expect(streamed.body).toBe('text');
    expect(streamed.headers['strict-transport-security']).toBe('max-age=31536000');
    expect(streamed.headers['x-frame-options']).toBe('DENY');
    expect(streamed.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(streamed.headers.server).toBe('app');
    const robots = await get(edge, '/robots.txt');
    expect(robots).toMatchObject({ status: 200, body: 'User-agent: *\nDisallow: /' });
    expect(robots.headers['strict-transport-security']).toBe('max-age=31536000');
    expect(robots.headers.server).toBeUndefined();
  });

  it('answers closed, and lists, an action that it does not emulate', async () => {
    const answer = await get(edge, '/login');
    expect(answer.status).toBe(503);
    expect(answer.body).toContain('authenticate-oidc');
    expect(edge.notEmulated.join('\n')).toContain('authenticate-oidc');
    expect(edge.notEmulated.join('\n')).not.toContain('never-read');
  });

  it('matches query strings as they were deployed', async () => {
    expect((await get(edge, '/any?a=1&VERSION=OLDER')).status).toBe(410);
    expect((await get(edge, '/any?version=new')).status).toBe(200);
  });

  it('streams both ways without waiting for the end', async () => {
    const client = connectHttp2(edge.https, { ca: readFileSync(edge.ca) });
    const stream = client.request({ ':method': 'POST', ':path': '/stream' });
    stream.write('first');
    const [first] = (await once(stream, 'data')) as [Buffer];
    expect(first.toString()).toBe('first');
    stream.end('second');
    const [second] = (await once(stream, 'data')) as [Buffer];
    expect(second.toString()).toBe('second');
    client.close();
  });

  it('speaks HTTP/2 with clients and HTTP/1.1 with targets', async () => {
    const client = connectHttp2(edge.https, { ca: readFileSync(edge.ca) });
    const stream = client.request({ ':path': '/h2?x=1', cookie: ['a=1', 'b=2'] });
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    let body = '';
    for await (const chunk of stream) body += String(chunk);
    client.close();
    expect(headers[':status']).toBe(200);
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    expect(received(body).headers).toMatchObject({
      host: [`localhost:${edge.httpsPort}`],
      cookie: ['a=1; b=2'],
      'x-forwarded-proto': ['https'],
    });
  });

  it('passes 40 MB on, every byte', async () => {
    const body = Buffer.alloc(40 * 1024 * 1024);
    expect((await get(edge, '/count', { method: 'POST', body })).body).toBe(String(body.length));
  });

  it('slows a client down to the speed of its target', async () => {
    const client = connectHttp2(edge.https, { ca: readFileSync(edge.ca) });
    const stream = client.request({ ':method': 'POST', ':path': '/unread' });
    stream.on('error', () => undefined);
    let taken = 0;
    const more = () =>
      stream.write(Buffer.alloc(64 * 1024), (error) => {
        if (error) return;
        taken += 64 * 1024;
        more();
      });
    more();
    await expect.poll(() => taken).toBeGreaterThan(0);
    const sent = await settled(() => taken);
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    client.destroy();
  });

  it('slows a target down to the speed of its client', async () => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: edge.httpsPort,
      servername: 'localhost',
      ca: readFileSync(edge.ca),
    });
    socket.write('GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    socket.pause();
    const written = await settled(() => flooded);
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(64 * 1024 * 1024);
    socket.destroy();
  });

  it('passes on an answer that comes before the end of the request, and stops the request', async () => {
    const client = connectHttp2(edge.https, { ca: readFileSync(edge.ca) });
    const stream = client.request({ ':method': 'POST', ':path': '/refuse' });
    stream.write('the beginning');
    const closed = once(stream, 'close');
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    expect(headers[':status']).toBe(413);
    let body = '';
    stream.on('data', (chunk) => {
      body += String(chunk);
    });
    await closed;
    expect(body).toBe('too large');
    client.close();
    const answer = await get(edge, '/refuse', { method: 'POST', body: Buffer.alloc(4 * 1024 * 1024) });
    expect(answer).toMatchObject({ status: 413, body: 'too large' });
  });

  it('shows a cut answer as cut', async () => {
    await expect(get(edge, '/cut')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await edge.lineOf('/cut')).why).toBe('target-incomplete');
  });

  it('answers 502 for a target that resets, 504 for one that is silent for the idle timeout', async () => {
    expect((await get(edge, '/reset')).status).toBe(502);
    expect((await get(edge, '/slow?ms=20000')).status).toBe(504);
    expect((await edge.lineOf('/slow')).why).toBe('target-timeout');
  });

  it('tells a client of HTTP/2 that goes away from one that got its answer', async () => {
    const client = connectHttp2(edge.https, { ca: readFileSync(edge.ca) });
    const stream = client.request({ ':method': 'POST', ':path': '/stream?h2' });
    stream.write('half');
    await once(stream, 'data');
    stream.close(8);
    await until(() => edge.lines.find((one) => one.why === 'client-closed' && one.path === '/stream'));
    client.close();
  });

  it('gives up the target when the client goes away', async () => {
    const before = edge.lines.length;
    const socket = connectTls({
      host: '127.0.0.1',
      port: edge.httpsPort,
      servername: 'localhost',
      ca: readFileSync(edge.ca),
    });
    await once(socket, 'secureConnect');
    socket.write('POST /stream?gone HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf');
    await once(socket, 'data');
    socket.destroy();
    const line = await until(() => edge.lines.slice(before).find((one) => one.why === 'client-closed'));
    expect(line.path).toBe('/stream');
  });

  it('refuses TLS 1.1, and takes 1.2 and 1.3', async () => {
    const connectWith = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<string | null>((resolve, reject) => {
        const socket = connectTls({
          host: '127.0.0.1',
          port: edge.httpsPort,
          servername: 'localhost',
          ca: readFileSync(edge.ca),
          minVersion: version,
          maxVersion: version,
          ciphers: 'DEFAULT@SECLEVEL=0',
        });
        socket.once('secureConnect', () => {
          resolve(socket.getProtocol());
          socket.destroy();
        });
        socket.once('error', reject);
      });
    await expect(connectWith('TLSv1.1')).rejects.toThrow();
    expect(await connectWith('TLSv1.2')).toBe('TLSv1.2');
    expect(await connectWith('TLSv1.3')).toBe('TLSv1.3');
  });

  it('has a certificate for the machine by name and address, and for the DNS name of the load balancer', async () => {
    for (const servername of ['localhost', outputs.DnsName ?? '']) {
      const answer = await get(edge, '/robots.txt', { servername, headers: { Host: servername } });
      expect(answer.status).toBe(200);
    }
    const byAddress = await fetchByAddress(edge, '::1');
    expect(byAddress).toBe(200);
    expect(edge.notEmulated.join('\n')).toContain(`ACM holds its certificate ${outputs.Certificate}`);
  });

  it('refuses what is no HTTP, ambiguous lengths and heads over 64 KB, and goes on', async () => {
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(
      await raw('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    ).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw('GET / HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(`GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 414 /,
    );
    expect(await raw('TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
    expect(await raw('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
    expect((await get(edge, '/robots.txt')).status).toBe(200);
  });

  it('survives any bytes', async () => {
    const line = fc.constantFrom('GET / HTTP/1.1', 'POST /x HTTP/1.1', 'PRI * HTTP/2.0', '\x16\x03\x01', 'GET /%');
    const field = fc.constantFrom(
      'Host: a',
      'Content-Length: 5',
      'Transfer-Encoding: chunked',
      'Upgrade: websocket',
      ': x',
    );
    const text = fc
      .tuple(line, fc.array(fc.oneof(field, fc.string({ maxLength: 20 })), { maxLength: 4 }))
      .map(([start, fields]) => `${[start, ...fields].join('\r\n')}\r\n\r\n`);
    const bytes = fc.oneof(
      text.map((value) => Buffer.from(value)),
      fc.uint8Array({ maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.boolean(), async (sent, secure) => {
        const socket = connect(secure ? edge.httpsPort : edge.httpPort, '127.0.0.1');
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.end(sent);
        socket.resume();
        await once(socket, 'close');
      }),
      { numRuns: 150 },
    );
    expect((await get(edge, '/robots.txt')).status).toBe(200);
  });

  it('answers a WebSocket handshake as its target does, if that does not switch', async () => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: edge.httpsPort,
      servername: 'localhost',
      ca: readFileSync(edge.ca),
    });
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.write('GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(await edge.lineOf('/ws')).toMatchObject({ status: 200, why: 'target' });
  });

  it('ignores an upgrade to h2c, as a load balancer does', async () => {
    const answer = await raw(
      'GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n' +
        'GET /y HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    expect(answer.match(/HTTP\/1\.1 301 /g)).toHaveLength(2);
  });

  it('closes a connection that is silent for the idle timeout', async () => {
    const started = Date.now();
    expect(await raw('')).toBe('');
    expect(Date.now() - started).toBeGreaterThan(1_500);
  });

  it('keeps connections to targets open between requests, and closes them itself after the idle timeout', async () => {
    const used = new Set<Socket>();
    appServer.on('request', (req) => used.add(req.socket));
    for (let i = 0; i < 20; i++) {
      expect(
        (await get(edge, '/count', { method: i % 2 ? 'POST' : 'GET', body: i % 2 ? 'text' : undefined })).status,
      ).toBe(200);
    }
    expect(used.size).toBeLessThan(5);
    expect([...used].some((socket) => !socket.destroyed)).toBe(true);
    await until(() => [...used].every((socket) => socket.destroyed) || undefined);
  });

  it('answers 408 to a client that stops in the middle of its request', async () => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: edge.httpsPort,
      servername: 'localhost',
      ca: readFileSync(edge.ca),
    });
    await once(socket, 'secureConnect');
    socket.write('POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 /);
    socket.destroy();
  });
});

/** A number, once it stands still. */
function settled(read: () => number): Promise<number> {
  return until(async () => {
    const before = read();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return read() === before ? before : undefined;
  });
}

async function fetchByAddress(edge: ServedEdge, address: string): Promise<number | undefined> {
  const { request } = await import('node:https');
  return new Promise((resolve, reject) => {
    request(
      `https://[${address}]:${edge.httpsPort}/robots.txt`,
      { ca: readFileSync(edge.ca), agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    )
      .on('error', reject)
      .end();
  });
}
