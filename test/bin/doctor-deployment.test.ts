import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEPLOYMENT_CHECKS, type DeploymentFacts } from '../../bin/doctor/deployment-checks';

const DAY = 24 * 3600 * 1000;
const NOW = Date.parse('2026-11-29T12:00:00Z');
const ARN = 'arn:aws:acm:eu-west-1:111122223333:certificate/1';
const SERVICE = 'arn:aws:ecs:eu-west-1:111122223333:service/cluster/tts';
const RUNBOOK = 'https://example.com/runbook.md#app-errors';

/** What AWS says of one stack. */
interface World {
  health: { state: string; reason?: string }[];
  running: number;
  events: { message: string }[];
  images: { name: string; image: string }[];
  alarms: { AlarmName: string; StateValue: string; AlarmActions: string[]; AlarmDescription?: string }[];
  /** Of the HTTPS listener. */
  certificateArn: string | undefined;
  certificate: { Status: string; Type: string; NotAfter: number };
  quotas: Record<string, number>;
  /** Types that the stack lacks. */
  lacks: string[];
}

const inOrder = (): World => ({
  health: [{ state: 'healthy' }, { state: 'healthy' }],
  running: 2,
  events: [],
  images: [
    { name: 'app', image: 'ghcr.io/someone/speech:1.2' },
    { name: 'gate', image: 'public.ecr.aws/nginx/nginx:1.30.5' },
  ],
  alarms: [{ AlarmName: 'AppErrors', StateValue: 'OK', AlarmActions: ['arn:aws:sns:eu-west-1:1:t'] }],
  certificateArn: ARN,
  certificate: { Status: 'ISSUED', Type: 'IMPORTED', NotAfter: (NOW + 60 * DAY) / 1000 },
  quotas: { 'L-3032A538': 6, 'L-B99A9384': 1000 },
  lacks: [],
});

let world: World;
let server: Server;

const member = (inner: string) => `<member>${inner}</member>`;

/** Elastic Load Balancing's protocol. */
function balancing(action: string): string {
  const result =
    action === 'DescribeTargetHealth'
      ? `<TargetHealthDescriptions>${world.health
          .map(({ state, reason }) =>
            member(`<TargetHealth><State>${state}</State>${reason ? `<Reason>${reason}</Reason>` : ''}</TargetHealth>`),
          )
          .join('')}</TargetHealthDescriptions>`
      : `<Listeners>${member(
          `<Certificates>${world.certificateArn ? member(`<CertificateArn>${world.certificateArn}</CertificateArn>`) : ''}</Certificates>`,
        )}</Listeners>`;
  return `<${action}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><${action}Result>${result}</${action}Result></${action}Response>`;
}

/** All others: JSON by the operation's name. */
function json(operation: string, input: Record<string, unknown>): object {
  switch (operation) {
    case 'DescribeServices': {
      const { running: runningCount, events } = world;
      return { services: [{ serviceArn: SERVICE, runningCount, desiredCount: 2, events, taskDefinition: 'tts:1' }] };
    }
    case 'DescribeTaskDefinition':
      return { taskDefinition: { containerDefinitions: world.images } };
    case 'DescribeAlarms':
      return { MetricAlarms: world.alarms };
    case 'DescribeCertificate':
      return { Certificate: { CertificateArn: ARN, ...world.certificate } };
    case 'GetServiceQuota':
      return { Quota: { Value: world.quotas[String(input.QuotaCode)] } };
    default:
      throw new Error(`nobody asks for ${operation}`);
  }
}

beforeAll(async () => {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const operation =
        String(request.headers['x-amz-target'] ?? '')
          .split('.')
          .at(-1) ?? '';
      const action = new URLSearchParams(body).get('Action');
      if (operation === '' && action) response.setHeader('content-type', 'text/xml').end(balancing(action));
      else {
        response.setHeader('content-type', 'application/x-amz-json-1.1');
        response.end(JSON.stringify(json(operation, JSON.parse(body) as Record<string, unknown>)));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function diagnose(sabotage: (world: World) => void = () => {}) {
  world = inOrder();
  sabotage(world);
  const resources = new Map([
    ['AWS::ElasticLoadBalancingV2::TargetGroup', ['arn:group']],
    ['AWS::ElasticLoadBalancingV2::Listener', ['arn:listener']],
    ['AWS::ECS::Service', [SERVICE]],
    ['AWS::CloudWatch::Alarm', ['AppErrors']],
  ]);
  for (const type of world.lacks) resources.delete(type);
  const facts: DeploymentFacts = {
    config: {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
      requestHandler: { connectionTimeout: 3000, requestTimeout: 20_000 },
    },
    stack: 'Voicegate',
    resources,
    gateImage: 'nginx:1.30.5',
    now: () => NOW,
  };
  const found = await Promise.all(DEPLOYMENT_CHECKS.map(async ({ name, run }) => [name, await run(facts)] as const));
  return Object.fromEntries(found);
}

/** By which check, what is wrong, how it is made so, and what is said of it and of what to do. */
const SABOTAGES: [string, string, (world: World) => void, RegExp, RegExp][] = [
  [
    'targets',
    'a target fails its health checks',
    ({ health }) => health.push({ state: 'unhealthy', reason: 'Target.ResponseCodeMismatch' }),
    /^unhealthy Target\.ResponseCodeMismatch$/,
    /No healthy task/,
  ],
  ['targets', 'there is none', (one) => Object.assign(one, { health: [] }), /^no targets$/, /No healthy task/],
  [
    'tasks',
    'fewer run than are wanted',
    (one) => Object.assign(one, { running: 0, events: [{ message: 'was unable to place a task' }] }),
    /^0 of 2 running: was unable to place a task$/,
    /stopped tasks/,
  ],
  [
    'images',
    'a tag moves',
    ({ images }) => images.push({ name: 'extra', image: 'example.com/extra:latest' }),
    /^extra example\.com\/extra:latest$/,
    /digest/,
  ],
  [
    'images',
    'an image has no tag',
    ({ images }) => images.push({ name: 'extra', image: 'localhost:5000/extra' }),
    /^extra localhost:5000\/extra$/,
    /digest/,
  ],
  [
    'images',
    'the gate is an older one',
    (one) => Object.assign(one, { images: [{ name: 'gate', image: 'public.ecr.aws/nginx/nginx:1.29.8' }] }),
    /nginx:1\.29\.8; this version pins nginx:1\.30\.5/,
    /Deploy with this version/,
  ],
  [
    'alarms',
    'one is on',
    ({ alarms }) =>
      alarms.push({ AlarmName: 'NoTask', StateValue: 'ALARM', AlarmActions: [], AlarmDescription: `Bad. ${RUNBOOK}` }),
    /^NoTask$/,
    /^Read https:\/\/example\.com\/runbook\.md#app-errors$/,
  ],
  [
    'alarms',
    'nobody is told',
    (one) => Object.assign(one, { alarms: [{ AlarmName: 'AppErrors', StateValue: 'OK', AlarmActions: [] }] }),
    /nobody is told/,
    /alarmEmail/,
  ],
  ['alarms', 'there are none', ({ lacks }) => lacks.push('AWS::CloudWatch::Alarm'), /has none/, /monitoringEnabled/],
  [
    'certificate status',
    'it waits for its record',
    ({ certificate }) => Object.assign(certificate, { Status: 'PENDING_VALIDATION', Type: 'AMAZON_ISSUED' }),
    /^PENDING_VALIDATION, AMAZON_ISSUED/,
    /CNAME record/,
  ],
  [
    'certificate status',
    'it has ended',
    ({ certificate }) => Object.assign(certificate, { NotAfter: (NOW - DAY) / 1000 }),
    /^ISSUED, IMPORTED, -1 days left$/,
    /Certificate expiry/,
  ],
  [
    'certificate status',
    'no listener has one',
    (one) => Object.assign(one, { certificateArn: undefined }),
    /no listener has one/,
    /HTTPS listener/,
  ],
  [
    'account quotas',
    'a new account has few vCPUs',
    ({ quotas }) => Object.assign(quotas, { 'L-3032A538': 2 }),
    /^vCPUs on Fargate: 2$/,
    /at least 4 \(Service Quotas, L-3032A538\)/,
  ],
  [
    'account quotas',
    'a new account runs few functions at once',
    ({ quotas }) => Object.assign(quotas, { 'L-B99A9384': 10 }),
    /^concurrent functions: 10$/,
    /at least 50/,
  ],
];

describe('voicegate doctor --stack', () => {
  it('finds nothing wrong with a stack that is in order', async () => {
    const found = await diagnose();
    expect(Object.values(found).map(({ state }) => state)).toEqual(DEPLOYMENT_CHECKS.map(() => 'ok'));
    expect(found['certificate status']?.detail).toBe('ISSUED, IMPORTED, 60 days left');
  });

  it.each(SABOTAGES)('finds by the check "%s" that %s, and nothing else', async (name, _, sabotage, detail, remedy) => {
    const found = await diagnose(sabotage);
    expect(found[name]).toEqual({
      state: 'failed',
      detail: expect.stringMatching(detail),
      remedy: expect.stringMatching(remedy),
    });
    expect(Object.entries(found).flatMap(([one, { state }]) => (state === 'failed' ? [one] : []))).toEqual([name]);
  });

  it('has each of its checks shown to fail', () => {
    expect(new Set(SABOTAGES.map(([name]) => name))).toEqual(new Set(DEPLOYMENT_CHECKS.map(({ name }) => name)));
  });

  it('says what it cannot see', async () => {
    const found = await diagnose(({ lacks, quotas }) => {
      lacks.push('AWS::ElasticLoadBalancingV2::TargetGroup', 'AWS::ECS::Service');
      delete quotas['L-3032A538'];
    });
    const unknown = Object.entries(found).flatMap(([name, { state }]) => (state === 'unknown' ? [name] : []));
    expect(unknown).toEqual(['targets', 'tasks', 'images', 'account quotas']);
  });
});
