import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startEdge } from '../../../local/edge/index.js';
import { describeWhere, NO_TOOLS } from '../../support/where.js';
import { type Cloud, get, rule, type ServedEdge, startCloud, template, until } from './support.js';

const cloud = await startCloud();
const STACK = 'Served';
const [A, B] = ['127.64.9.1', '127.64.9.2'] as const;

const visibility = { SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: 'm' };
const none = [{ Priority: 0, Type: 'NONE' }];

/** A web ACL as the CDK writes it into a template, in front of the load balancer. */
function firewall(limit: number) {
  const block = (key: string, status: number) => ({
    Block: { CustomResponse: { ResponseCode: status, CustomResponseBodyKey: key } },
  });
  return {
    Denied: {
      Type: 'AWS::WAFv2::IPSet',
      Properties: { Scope: 'REGIONAL', IPAddressVersion: 'IPV4', Addresses: ['192.0.2.0/24'] },
    },
    Acl: {
      Type: 'AWS::WAFv2::WebACL',
      Properties: {
        Scope: 'REGIONAL',
        DefaultAction: { Allow: {} },
        VisibilityConfig: visibility,
        CustomResponseBodies: {
          slow: { ContentType: 'APPLICATION_JSON', Content: '{"error":"Too Many Requests"}' },
          large: { ContentType: 'APPLICATION_JSON', Content: '{"error":"Payload Too Large"}' },
        },
        Rules: [
          {
            Name: 'denied',
            Priority: 0,
            Action: { Block: {} },
            VisibilityConfig: visibility,
            Statement: {
              IPSetReferenceStatement: {
                Arn: { 'Fn::GetAtt': ['Denied', 'Arn'] },
                IPSetForwardedIPConfig: { HeaderName: 'X-Test-Ip', FallbackBehavior: 'NO_MATCH', Position: 'FIRST' },
              },
            },
          },
          {
            Name: 'per-ip',
            Priority: 1,
            Action: block('slow', 429),
            VisibilityConfig: visibility,
            Statement: {
              RateBasedStatement: {
                Limit: limit,
                EvaluationWindowSec: 60,
                AggregateKeyType: 'IP',
                ScopeDownStatement: {
                  ByteMatchStatement: {
                    SearchString: '/tts',
                    FieldToMatch: { UriPath: {} },
                    PositionalConstraint: 'STARTS_WITH',
                    TextTransformations: none,
                  },
                },
              },
            },
          },
          {
            Name: 'body',
            Priority: 2,
            Action: block('large', 413),
            VisibilityConfig: visibility,
            Statement: {
              AndStatement: {
                Statements: [
                  {
                    ByteMatchStatement: {
                      SearchString: '/inspected',
                      FieldToMatch: { UriPath: {} },
                      PositionalConstraint: 'EXACTLY',
                      TextTransformations: none,
                    },
                  },
                  {
                    SizeConstraintStatement: {
                      FieldToMatch: { Body: { OversizeHandling: 'MATCH' } },
                      ComparisonOperator: 'GT',
                      Size: 8192,
                      TextTransformations: none,
                    },
                  },
                ],
              },
            },
          },
          {
            Name: 'common',
            Priority: 3,
            OverrideAction: { None: {} },
            VisibilityConfig: visibility,
            Statement: { ManagedRuleGroupStatement: { VendorName: 'AWS', Name: 'AWSManagedRulesCommonRuleSet' } },
          },
        ],
      },
    },
    Association: {
      Type: 'AWS::WAFv2::WebACLAssociation',
      Properties: { ResourceArn: { Ref: 'Alb' }, WebACLArn: { 'Fn::GetAtt': ['Acl', 'Arn'] } },
    },
  };
}

describeWhere(cloud === undefined ? NO_TOOLS : undefined, 'the edge and what is deployed', () => {
  const { aws, deploy, register, deregister, serve, target, stop, directory } = cloud as Cloud;
  let edge: ServedEdge;
  let targets: string;
  let portA: number;
  let portB: number;
  /** Answers that targets hold back, for requests to /wait. */
  const waiting: (() => void)[] = [];
  const healthy = () => edge.targetHealth().filter((one) => one.state === 'healthy').length;

  beforeAll(async () => {
    const outputs = await deploy(STACK, template({ resources: firewall(10) }));
    targets = outputs.Targets ?? '';
    const answering =
      (name: string): RequestListener =>
      (req, res) => {
        let bytes = 0;
        req.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        const answer = () => res.end(`${name} ${bytes}`);
        req.on('end', () => (req.url === '/wait' ? waiting.push(answer) : answer()));
      };
    ({ port: portA } = await target(A, answering('A')));
    ({ port: portB } = await target(B, answering('B')));
    edge = await serve(STACK);
    expect((await get(edge, '/')).status).toBe(503);
    await register(targets, A, portA);
    await register(targets, B, portB);
    await until(() => healthy() === 2 || undefined);
  });
  afterAll(stop);

  it('balances over the targets, and answers 503 without one', async () => {
    const answers = [await get(edge, '/'), await get(edge, '/'), await get(edge, '/'), await get(edge, '/')];
    expect(answers.map((one) => one.body[0]).sort()).toEqual(['A', 'A', 'B', 'B']);
    expect(edge.lines[0]).toMatchObject({ path: '/', status: 503, why: 'no-healthy-target' });
  });

  it('blocks what the web ACL blocks, with its body, and lists what of it is not emulated', async () => {
    const denied = await get(edge, '/', { headers: { 'X-Test-Ip': '192.0.2.9' } });
    expect(denied).toMatchObject({ status: 403 });
    expect(edge.lines.at(-1)?.why).toBe('waf:denied');
    expect(edge.notEmulated.join('\n')).toContain('AWSManagedRulesCommonRuleSet');
  });

  it('counts requests for the rate rule, and answers its JSON beyond the limit', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await get(edge, '/tts?text=x')).status);
    expect(statuses).toEqual([...new Array(10).fill(200), 429, 429]);
    const blocked = await get(edge, '/tts');
    expect(blocked.headers['content-type']).toBe('application/json');
    expect(JSON.parse(blocked.body)).toEqual({ error: 'Too Many Requests' });
    expect(edge.lines.at(-1)).toMatchObject({ path: '/tts', why: 'waf:per-ip' });
    expect((await get(edge, '/other')).status).toBe(200);
  });

  it('inspects the first 8 KB of a body and passes all of it on', async () => {
    const send = (path: string, bytes: number) => get(edge, path, { method: 'POST', body: Buffer.alloc(bytes, 'x') });
    expect((await send('/inspected', 8192)).body).toMatch(/ 8192$/);
    expect(await send('/inspected', 8193)).toMatchObject({ status: 413, body: '{"error":"Payload Too Large"}' });
    expect((await send('/free', 300_000)).body).toMatch(/ 300000$/);
    expect((await send('/free', 0)).body).toMatch(/ 0$/);
  });

  it('lets requests of a deregistered target finish, and sends it no more', async () => {
    const requests = [get(edge, '/wait'), get(edge, '/wait')];
    await until(() => waiting.length === 2 || undefined);
    await deregister(targets, B, portB);
    await until(() => edge.targetHealth().some((one) => one.id === B && one.state === 'draining') || undefined);
    expect((await get(edge, '/')).body).toBe('A 0');
    for (const answer of waiting.splice(0)) answer();
    const finished = await Promise.all(requests);
    expect(finished.map((one) => one.body).sort()).toEqual(['A 0', 'B 0']);
    await until(() => edge.targetHealth().length === 1 || undefined);
    await register(targets, B, portB);
    await until(() => healthy() === 2 || undefined);
  });

  it('serves a later deployment without a restart', async () => {
    const fixed = [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '418' } }];
    await deploy(
      STACK,
      template({
        resources: {
          ...firewall(1000),
          Teapot: rule(1, [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/tea'] } }], fixed),
        },
        sslPolicy: 'ELBSecurityPolicy-TLS13-1-3-2021-06',
      }),
    );
    await until(async () => ((await get(edge, '/tea')).status === 418 ? true : undefined));
    expect((await get(edge, '/tts')).status).toBe(200);
    const tls12 = connectTls({
      port: edge.httpsPort,
      ca: readFileSync(edge.ca),
      servername: 'localhost',
      maxVersion: 'TLSv1.2',
    });
    await expect(once(tls12, 'secureConnect')).rejects.toThrow();
  });

  it('passes WebSockets both ways', async () => {
    const server = createServer((_, res) => res.end());
    server.on('upgrade', (req, socket: Socket) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${req.headers['sec-websocket-key']}\r\n\r\n`,
      );
      socket.pipe(socket);
    });
    server.listen(0, '127.64.9.3');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await register(targets, '127.64.9.3', port);
    await until(() => healthy() === 3 || undefined);
    for (const [id, its] of edge.targetHealth().map((one) => [one.id, one.port] as const)) {
      if (id !== '127.64.9.3') await deregister(targets, id, its);
    }
    await until(() => edge.targetHealth().length === 1 || undefined);

    const socket = connectTls({ port: edge.httpsPort, ca: readFileSync(edge.ca), servername: 'localhost' });
    socket.write(
      'GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n\r\n',
    );
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1\.1 101 [\s\S]*Sec-WebSocket-Accept: abc/);
    socket.write('ping');
    const [echo] = (await once(socket, 'data')) as [Buffer];
    expect(echo.toString()).toBe('ping');
    socket.end();
    expect(await edge.lineOf('/socket')).toMatchObject({ status: 101, why: 'target' });
    server.close();
    await deregister(targets, '127.64.9.3', port);
    await register(targets, A, portA);
  });

  it('says what is wrong: no load balancer in the stack, a port that is taken', async () => {
    const options = { aws, httpsPort: 0, caDirectory: directory, wafDelay: 0, onRequest: () => undefined };
    await expect(startEdge({ ...options, stackNames: ['Nowhere'], httpPort: 0 })).rejects.toThrow(/Nowhere/);
    await expect(startEdge({ ...options, stackNames: [STACK], httpPort: edge.httpPort })).rejects.toThrow(
      `Port ${edge.httpPort} is taken`,
    );
  });

  it('stops at once, with requests in flight, and leaves no socket', async () => {
    const other = await serve(STACK);
    const idle = connectTls({ port: other.httpsPort, ca: readFileSync(other.ca), servername: 'localhost' });
    await once(idle, 'secureConnect');
    await until(() => other.targetHealth().some((one) => one.state === 'healthy') || undefined);
    const inFlight = get(other, '/wait').catch(() => 'cut');
    await until(() => waiting.length === 1 || undefined);
    const closed = once(idle, 'close');
    await other.stop();
    await closed;
    expect(await inFlight).toBe('cut');
    await expect(get(other, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
