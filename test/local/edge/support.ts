import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  DeregisterTargetsCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { awsClients } from '../../../local/aws-clients.js';
import type { Edge, EdgeOptions, LocalAws, RequestLine } from '../../../local/contracts.js';
import { startEdge } from '../../../local/edge/index.js';
import { startEmulator } from '../../../local/emulator/index.js';
import { ensureTools } from '../../../local/toolchain/index.mjs';

export type Template = { readonly Resources: Record<string, object>; readonly Outputs?: Record<string, object> };

/** The emulated AWS with the means to deploy into it and to serve what is deployed; everything ends with `stop`. */
export interface Cloud {
  readonly aws: LocalAws;
  readonly directory: string;
  /** Creates or updates a stack. @returns its outputs */
  deploy(stack: string, template: Template): Promise<Record<string, string>>;
  register(targetGroupArn: string, id: string, port: number): Promise<void>;
  deregister(targetGroupArn: string, id: string, port: number): Promise<void>;
  serve(stack: string, options?: Partial<EdgeOptions>): Promise<ServedEdge>;
  /** A target: a server of its own on an address as tasks have them. */
  target(address: string, handler: RequestListener): Promise<{ readonly port: number; readonly server: Server }>;
  stop(): Promise<void>;
}

export interface ServedEdge extends Edge {
  readonly lines: readonly RequestLine[];
  /** The line of a request, waited for. */
  lineOf(path: string): Promise<RequestLine>;
  readonly httpPort: number;
  readonly httpsPort: number;
}

/** Undefined where the tools cannot be had; with CI=true that is an error. */
export async function startCloud(): Promise<Cloud | undefined> {
  let python: string;
  try {
    ({ python } = await ensureTools());
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    return undefined;
  }
  const directory = mkdtempSync(join(tmpdir(), 'voicegate-edge-'));
  const emulator = await startEmulator({ python, directory: join(directory, 'emulator') });
  const { aws } = emulator;
  const clients = awsClients(aws, { cloudFormation: CloudFormationClient, elb: ElasticLoadBalancingV2Client });
  const { cloudFormation, elb } = clients;
  const stacks = new Set<string>();
  const edges: Edge[] = [];
  const servers: Server[] = [];
  return {
    aws,
    directory,
    async deploy(StackName, template) {
      const input = { StackName, TemplateBody: JSON.stringify(template) };
      await cloudFormation.send(stacks.has(StackName) ? new UpdateStackCommand(input) : new CreateStackCommand(input));
      stacks.add(StackName);
      const stack = await until(async () => {
        const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
        return Stacks?.[0]?.StackStatus?.endsWith('_IN_PROGRESS') ? undefined : Stacks?.[0];
      });
      if (!/^(CREATE|UPDATE)_COMPLETE$/.test(stack.StackStatus ?? '')) {
        throw new Error(`${StackName}: ${stack.StackStatus} ${stack.StackStatusReason}`);
      }
      return Object.fromEntries((stack.Outputs ?? []).map((one) => [one.OutputKey ?? '', one.OutputValue ?? '']));
    },
    async register(TargetGroupArn, Id, Port) {
      await elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id, Port }] }));
    },
    async deregister(TargetGroupArn, Id, Port) {
      await elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: [{ Id, Port }] }));
    },
    async serve(stack, options = {}) {
      const lines: RequestLine[] = [];
      const edge = await startEdge({
        aws,
        stackNames: [stack],
        httpPort: 0,
        httpsPort: 0,
        caDirectory: join(directory, `ca-${edges.length}`),
        certificateKeys: emulator.certificateKeys,
        wafDelay: 0,
        onRequest: (line) => lines.push(line),
        ...options,
      });
      edges.push(edge);
      return {
        http: edge.http,
        https: edge.https,
        ca: edge.ca,
        get notEmulated() {
          return edge.notEmulated;
        },
        targetHealth: () => edge.targetHealth(),
        refresh: () => edge.refresh(),
        stop: () => edge.stop(),
        lines,
        lineOf: (path: string) => until(() => lines.find((line) => line.path === path)),
        httpPort: Number(new URL(edge.http).port),
        httpsPort: Number(new URL(edge.https).port),
      };
    },
    async target(address, handler) {
      const server = createServer(handler);
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, address, resolve));
      const bound = server.address();
      return { port: bound && typeof bound === 'object' ? bound.port : 0, server };
    },
    async stop() {
      await Promise.all(edges.map((edge) => edge.stop()));
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      clients.destroy();
      await emulator.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Tries until there is something. */
export async function until<T>(read: () => T | undefined | Promise<T | undefined>, within = 20_000): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`not seen within ${within} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** One HTTPS request that trusts the edge's CA and nothing else. */
export function get(
  edge: Edge,
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string | string[]>;
    readonly body?: string | Buffer | undefined;
    readonly servername?: string;
    readonly agent?: Agent;
  } = {},
): Promise<Answer> {
  const { port } = new URL(edge.https);
  return new Promise((resolve, reject) => {
    const request = httpsRequest({
      host: '127.0.0.1',
      port,
      path,
      method: options.method ?? 'GET',
      headers: { Host: `localhost:${port}`, ...options.headers },
      servername: options.servername ?? 'localhost',
      ca: readFileSync(edge.ca),
      agent: options.agent ?? false,
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    request.end(options.body);
  });
}

/** A load balancer with a listener on :80 and one on :443, and one target group `Targets`. */
export function template(
  parts: {
    readonly resources?: Record<string, object>;
    readonly httpActions?: readonly object[];
    readonly httpsActions?: readonly object[];
    readonly listenerAttributes?: Record<string, string>;
    readonly loadBalancerAttributes?: Record<string, string>;
    readonly targetGroup?: Record<string, unknown>;
    readonly sslPolicy?: string;
  } = {},
): Template {
  const attributes = (values: Record<string, string> = {}) =>
    Object.entries(values).map(([Key, Value]) => ({ Key, Value }));
  const forward = [{ Type: 'forward', TargetGroupArn: { Ref: 'Targets' } }];
  const elb = 'AWS::ElasticLoadBalancingV2';
  return {
    Resources: {
      Certificate: { Type: 'AWS::CertificateManager::Certificate', Properties: { DomainName: 'tts.example.com' } },
      Alb: {
        Type: `${elb}::LoadBalancer`,
        Properties: {
          Type: 'application',
          ...(parts.loadBalancerAttributes === undefined
            ? {}
            : { LoadBalancerAttributes: attributes(parts.loadBalancerAttributes) }),
        },
      },
      Targets: {
        Type: `${elb}::TargetGroup`,
        Properties: {
          Port: 8080,
          Protocol: 'HTTP',
          TargetType: 'ip',
          HealthCheckPath: '/health',
          ...parts.targetGroup,
        },
      },
      Http: {
        Type: `${elb}::Listener`,
        Properties: {
          LoadBalancerArn: { Ref: 'Alb' },
          Port: 80,
          Protocol: 'HTTP',
          DefaultActions: parts.httpActions ?? [
            { Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } },
          ],
        },
      },
      Https: {
        Type: `${elb}::Listener`,
        Properties: {
          LoadBalancerArn: { Ref: 'Alb' },
          Port: 443,
          Protocol: 'HTTPS',
          SslPolicy: parts.sslPolicy ?? 'ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09',
          Certificates: [{ CertificateArn: { Ref: 'Certificate' } }],
          ListenerAttributes: attributes(parts.listenerAttributes),
          DefaultActions: parts.httpsActions ?? forward,
        },
      },
      ...parts.resources,
    },
    Outputs: {
      Targets: { Value: { Ref: 'Targets' } },
      Alb: { Value: { Ref: 'Alb' } },
      DnsName: { Value: { 'Fn::GetAtt': ['Alb', 'DNSName'] } },
      Certificate: { Value: { Ref: 'Certificate' } },
    },
  };
}

/** A rule of the HTTPS listener. */
export function rule(priority: number, conditions: readonly object[], actions: readonly object[]): object {
  return {
    Type: 'AWS::ElasticLoadBalancingV2::ListenerRule',
    Properties: { ListenerArn: { Ref: 'Https' }, Priority: priority, Conditions: conditions, Actions: actions },
  };
}
