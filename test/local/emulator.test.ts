import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  ListClustersCommand,
  ListServicesCommand,
} from '@aws-sdk/client-ecs';
import {
  DescribeListenerAttributesCommand,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { GetIPSetCommand, GetWebACLForResourceCommand, WAFV2Client } from '@aws-sdk/client-wafv2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalAws } from '../../local/contracts.js';
import { type Deployment, deploy } from '../../local/deploy/index.js';
import { servedReport } from '../../local/deploy/served.js';
import { namingKey, withLocalAws } from '../../local/emulator/aws.js';
import { type Emulator, startEmulator } from '../../local/emulator/index.js';
import { root } from '../../local/launch/prepare.mjs';
import { ensureTools } from '../../local/toolchain/index.mjs';
import { copyOf, runApp } from '../support/assembly.js';
import { filesHolding } from './leftovers.js';

let directory = '';
let emulator: Emulator;
let first: Deployment;

const clientOptions = (aws: LocalAws) => ({
  endpoint: aws.endpoint,
  region: aws.region,
  credentials: {
    accessKeyId: aws.env.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: aws.env.AWS_SECRET_ACCESS_KEY ?? '',
  },
  requestHandler: { requestTimeout: 20_000 },
});

async function start(): Promise<Emulator> {
  const { python } = await ensureTools();
  return startEmulator({ python, directory: join(directory, 'emulator') });
}

async function deployFixture(version: string, update?: (detail: string) => void): Promise<Deployment> {
  const { aws } = emulator;
  const outdir = join(directory, `version-${version}`);
  if (!existsSync(outdir)) {
    const env = { account: aws.accountId, region: aws.region };
    await runApp(join(__dirname, 'fixtures/app.ts'), { outdir, env, context: { version } });
  }
  return deploy({
    aws,
    app: copyOf(outdir),
    assemblyDirectory: join(directory, 'cdk.out'),
    ...(update ? { update } : {}),
  });
}

const progress: string[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'voicegate-emulator-'));
  emulator = await start();
  first = await deployFixture('1', (detail) => progress.push(detail));
}, 180_000);

afterAll(async () => {
  await emulator?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('the deployment', () => {
  it('shows which resource of how many is worked on', () => {
    expect(first.changed).toBe(true);
    expect(progress).toContainEqual(expect.stringMatching(/^Fixture: resource \d+ of \d+, ECS::Service Service/));
  });

  it('executes custom resources', () => {
    expect(first.stacks[0]?.outputs.Answer).toBe('said hello 1');
  });

  it('publishes image assets without any container engine', () => {
    expect(readdirSync(join(directory, 'cdk.out')).some((name) => name.startsWith('asset.'))).toBe(true);
    expect(first.stacks[0]?.resources.map(({ type }) => type)).toContain('AWS::ECS::TaskDefinition');
  });

  it('puts what it looks up nowhere that a deployment to a real account would read', () => {
    expect(() => statSync(join(root, 'cdk.context.json'))).toThrow();
  });

  it('sorts what is served from what is only kept or accepted', () => {
    const { served, kept, accepted } = servedReport(first.stacks);
    expect(served.join('\n')).toMatch(/ElasticLoadBalancingV2::Listener\b.*edge/);
    expect(served.join('\n')).toMatch(/WAFv2::IPSet/);
    expect(kept.join('\n')).toMatch(/IAM::Role × \d+.*not enforced/);
    expect(accepted.join('\n')).toMatch(/ApplicationAutoScaling::ScalableTarget.*desired count/);
    expect(accepted.join('\n')).toMatch(/WAFv2::LoggingConfiguration.*writes no log/);
    const named = [...served, ...kept, ...accepted].join(' ');
    for (const { type } of first.stacks[0]?.resources ?? []) expect(named).toContain(type.replace(/^AWS::/, ''));
  });
});

describe('load balancers read back as they were deployed', () => {
  let elb: ElasticLoadBalancingV2Client;
  let loadBalancerArn = '';
  let listenerArn = '';

  beforeAll(async () => {
    elb = new ElasticLoadBalancingV2Client(clientOptions(emulator.aws));
    loadBalancerArn = (await elb.send(new DescribeLoadBalancersCommand({}))).LoadBalancers?.[0]?.LoadBalancerArn ?? '';
  });

  afterAll(() => elb.destroy());

  it('with certificate, security policy and the weight of each target group', async () => {
    const listener = (await elb.send(new DescribeListenersCommand({ LoadBalancerArn: loadBalancerArn })))
      .Listeners?.[0];
    listenerArn = listener?.ListenerArn ?? '';
    expect(listener).toMatchObject({
      Port: 443,
      Protocol: 'HTTPS',
      SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-Res-2021-06',
    });
    expect(listener?.Certificates?.[0]?.CertificateArn).toMatch(/certificate\/some$/);
    expect(listener?.DefaultActions?.[0]?.ForwardConfig?.TargetGroups?.map(({ Weight }) => Weight)).toEqual([90, 10]);
  });

  it('with the attributes of the listener, escaped', async () => {
    const { Attributes } = await elb.send(new DescribeListenerAttributesCommand({ ListenerArn: listenerArn }));
    expect(Attributes).toContainEqual({
      Key: 'routing.http.response.content_security_policy.header_value',
      Value: "default-src 'self' & <all>",
    });
  });

  it('with every condition and the body of a fixed response', async () => {
    const { Rules } = await elb.send(new DescribeRulesCommand({ ListenerArn: listenerArn }));
    const rule = Rules?.find(({ Priority }) => Priority === '5');
    const condition = (field: string) => rule?.Conditions?.find(({ Field }) => Field === field);
    expect(condition('query-string')?.QueryStringConfig?.Values).toEqual([
      { Key: 'pot', Value: 'tea&<' },
      { Value: 'any' },
    ]);
    expect(condition('http-header')?.HttpHeaderConfig).toEqual({ HttpHeaderName: 'X-Drink', Values: ['tea', 'té*'] });
    expect(condition('path-pattern')?.PathPatternConfig?.Values).toEqual(['/pot/*']);
    expect(rule?.Actions?.[0]?.FixedResponseConfig).toEqual({
      StatusCode: '418',
      ContentType: 'application/json',
      MessageBody: '{"error": "<tea> & pot"}',
    });
  });

  it('with the associated web ACL in the API’s spelling', async () => {
    const waf = new WAFV2Client(clientOptions(emulator.aws));
    try {
      const { WebACL } = await waf.send(new GetWebACLForResourceCommand({ ResourceArn: loadBalancerArn }));
      expect(WebACL?.CustomResponseBodies?.slow?.Content).toBe('{"error":"slow"}');
      const [rate, sets] = WebACL?.Rules ?? [];
      expect(rate?.Statement?.RateBasedStatement).toMatchObject({ Limit: 600, EvaluationWindowSec: 60 });
      const search = rate?.Statement?.RateBasedStatement?.ScopeDownStatement?.ByteMatchStatement?.SearchString;
      expect(Buffer.from(search ?? []).toString()).toBe('/tts');
      const ipSet = sets?.Statement?.AndStatement?.Statements?.[0]?.IPSetReferenceStatement?.ARN ?? '';
      const [name, id] = ipSet.split('/').slice(-2);
      const { IPSet } = await waf.send(new GetIPSetCommand({ Name: name, Id: id, Scope: 'REGIONAL' }));
      expect(IPSet?.Addresses).toEqual(['192.0.2.0/24']);
    } finally {
      waf.destroy();
    }
  });
});

describe('services read back as they were deployed', () => {
  it('with order and volumes of containers, load balancers and grace period', async () => {
    const ecs = new ECSClient(clientOptions(emulator.aws));
    try {
      const cluster = (await ecs.send(new ListClustersCommand({}))).clusterArns?.find((arn) => arn.includes('Fixture'));
      const services = (await ecs.send(new ListServicesCommand({ cluster }))).serviceArns;
      const service = (await ecs.send(new DescribeServicesCommand({ cluster, services }))).services?.[0];
      expect(service).toMatchObject({ desiredCount: 2, healthCheckGracePeriodSeconds: 77 });
      expect(service?.loadBalancers?.[0]).toMatchObject({ containerName: 'main', containerPort: 8080 });
      const { taskDefinition } = await ecs.send(
        new DescribeTaskDefinitionCommand({ taskDefinition: service?.taskDefinition }),
      );
      const main = taskDefinition?.containerDefinitions?.find(({ name }) => name === 'main');
      expect(main?.dependsOn).toEqual([{ containerName: 'init', condition: 'SUCCESS' }]);
      expect(main?.mountPoints).toEqual([{ sourceVolume: 'shared', containerPath: '/shared', readOnly: true }]);
      expect(main?.environment).toContainEqual({ name: 'Mixed_Case', value: 'kept' });
      expect(main?.dockerLabels).toEqual({ 'Some.Label': 'Kept' });
      expect(taskDefinition).toMatchObject({ volumes: [{ name: 'shared' }], ephemeralStorage: { sizeInGiB: 40 } });
    } finally {
      ecs.destroy();
    }
  });
});

describe('what a function is given', () => {
  it('is written to no file: neither the state nor the log of the emulator', async () => {
    const lambda = new LambdaClient(clientOptions(emulator.aws));
    const secret = `secret-${Math.random().toString(36).slice(2)}`;
    try {
      const { Functions } = await lambda.send(new ListFunctionsCommand({}));
      const name = Functions?.find(({ FunctionName }) => FunctionName?.includes('OnEvent'))?.FunctionName;
      const invoke = (payload: object) =>
        lambda.send(new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(payload)) }));
      const good = await invoke({ ResourceProperties: { Word: secret } });
      expect(Buffer.from(good.Payload ?? []).toString()).toContain(secret);
      // Without the properties the function throws.
      expect((await invoke({ headers: { 'x-api-key': secret } })).FunctionError).toBeDefined();
    } finally {
      lambda.destroy();
    }
    await emulator.stop();
    expect(filesHolding(directory, secret)).toEqual([]);
    expect(statSync(join(directory, 'emulator')).mode & 0o077).toBe(0);
    emulator = await start();
  });
});

describe('a restart', () => {
  it('keeps resources, items and code, and finds nothing to deploy', async () => {
    const table = first.stacks[0]?.outputs.TableName;
    const item = { id: { S: 'kept' } };
    const before = new DynamoDBClient(clientOptions(emulator.aws));
    await before.send(new PutItemCommand({ TableName: table, Item: item }));
    before.destroy();
    await emulator.stop();
    emulator = await start();
    const after = new DynamoDBClient(clientOptions(emulator.aws));
    expect((await after.send(new GetItemCommand({ TableName: table, Key: item }))).Item).toEqual(item);
    after.destroy();
    const again = await deployFixture('1');
    expect(again.changed).toBe(false);
    expect(again.stacks[0]?.outputs).toEqual(first.stacks[0]?.outputs);
  }, 120_000);

  it('keeps what only a stack has of a service', async () => {
    const response = await fetch(emulator.aws.endpoint, {
      method: 'POST',
      headers: {
        ...namingKey(emulator.aws, 'kinesis'),
        'Content-Type': 'application/x-amz-json-1.1',
        'X-Amz-Target': 'Kinesis_20131202.DescribeStreamSummary',
      },
      body: JSON.stringify({ StreamName: 'fixture' }),
    });
    expect(await response.json()).toMatchObject({ StreamDescriptionSummary: { OpenShardCount: 1 } });
  });

  it('is followed by an update in place when the app has changed', async () => {
    const updated = await deployFixture('2');
    expect(updated.changed).toBe(true);
    expect(updated.stacks[0]?.outputs).toEqual({ ...first.stacks[0]?.outputs, Answer: 'said hello 2' });
  }, 120_000);
});

describe('a deployment that was cut off with the emulator', () => {
  async function restartWith(before: string, after: string): Promise<void> {
    await emulator.stop();
    const file = join(directory, 'emulator/state/cloudformation.json');
    const state = readFileSync(file, 'utf8');
    const cut = state.replaceAll(`"StackStatus": "${before}"`, `"StackStatus": "${after}"`);
    expect(cut).not.toBe(state);
    writeFileSync(file, cut);
    emulator = await start();
  }

  it('is not in progress for ever: an update can be repeated, a first creation is done again', async () => {
    await restartWith('UPDATE_COMPLETE', 'UPDATE_IN_PROGRESS');
    await restartWith('UPDATE_ROLLBACK_COMPLETE', 'CREATE_IN_PROGRESS');
    const { changed, stacks } = await deployFixture('2');
    expect(changed).toBe(true);
    expect(stacks[0]?.outputs.Answer).toBe('said hello 2');
  }, 120_000);
});

describe('an app that cannot be synthesized', () => {
  it('fails with what the app said', async () => {
    const app = `${process.execPath} -e "console.error('config: color must be red, got blue'); process.exit(1)"`;
    const failing = deploy({ aws: emulator.aws, app, assemblyDirectory: join(directory, 'other.out') });
    await expect(failing).rejects.toThrow(/could not be synthesized:\n.*color must be red, got blue/);
  });

  it('fails with the place in the app, and without the frames of packages and of Node.js', async () => {
    const trace = [
      'Error: no port',
      '    at own (/app/bin/app.ts:3:1)',
      '    at load (/app/node_modules/tsx/dist/register.cjs:22:1)',
      '    at Module._load (node:internal/modules/cjs/loader:1:2)',
    ];
    const app = `${process.execPath} -e "console.error(${JSON.stringify(trace).replaceAll('"', "'")}.join(String.fromCharCode(10))); process.exit(1)"`;
    const failing = deploy({ aws: emulator.aws, app, assemblyDirectory: join(directory, 'other.out') });
    await expect(failing).rejects.toThrow(/no port\n *at own/);
    await expect(failing).rejects.not.toThrow(/node_modules|node:internal/);
  });
});

describe('the environment of a process in the local cloud', () => {
  it('has no way to a real account, and none past a proxy', () => {
    const env = withLocalAws(emulator.aws, {
      PATH: '/bin',
      AWS_PROFILE: 'production',
      AWS_SESSION_TOKEN: 'real',
      AWS_ENDPOINT_URL_DYNAMODB: 'https://dynamodb.us-east-1.amazonaws.com',
      NO_PROXY: 'corp',
    });
    expect(env).toMatchObject({
      PATH: '/bin',
      AWS_ENDPOINT_URL: emulator.aws.endpoint,
      AWS_CONFIG_FILE: '/dev/null',
      NO_PROXY: 'corp,127.0.0.1,localhost',
    });
    for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL_DYNAMODB'])
      expect(env).not.toHaveProperty(name);
  });
});
