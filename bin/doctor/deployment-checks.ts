/** What AWS says about a deployed stack. */

import type { ClientConfig } from '../aws-target';
import { type Check, type Finding, failed, ok, reasonOf, unknown } from './check';

/** What a stack made, as far as checks ask about it. */
export interface DeploymentFacts {
  readonly config: ClientConfig;
  readonly stack: string;
  /** Physical ids of its resources, by CloudFormation type. */
  readonly resources: ReadonlyMap<string, readonly string[]>;
  /** Image of the gate that this version deploys, without registry: `nginx:1.30.5`. */
  readonly gateImage: string;
  now(): number;
}

const SERVICE = 'AWS::ECS::Service';
const DAY = 24 * 60 * 60 * 1000;

export const DEPLOYMENT_CHECKS: readonly Check<DeploymentFacts>[] = [
  {
    name: 'targets',
    async run({ config, resources }) {
      const arns = resources.get('AWS::ElasticLoadBalancingV2::TargetGroup') ?? [];
      if (arns.length === 0) return unknown('the stack has no target group');
      const sdk = await import('@aws-sdk/client-elastic-load-balancing-v2');
      const client = new sdk.ElasticLoadBalancingV2Client(config);
      const states: string[] = [];
      for (const TargetGroupArn of arns) {
        const { TargetHealthDescriptions: found = [] } = await client.send(
          new sdk.DescribeTargetHealthCommand({ TargetGroupArn }),
        );
        states.push(
          ...found.map(({ TargetHealth: health }) => [health?.State, health?.Reason].filter(Boolean).join(' ')),
        );
      }
      const bad = states.filter((state) => state !== 'healthy');
      if (states.length > 0 && bad.length === 0) return ok(`${states.length} healthy`);
      return failed(states.length === 0 ? 'no targets' : bad.join(', '), 'See the runbook, section "No healthy task".');
    },
  },
  {
    name: 'tasks',
    async run({ config, resources }) {
      const arns = resources.get(SERVICE) ?? [];
      if (arns.length === 0) return unknown('the stack has no ECS service');
      const found = await services(config, arns);
      const texts = found.map(({ runningCount, desiredCount }) => `${runningCount} of ${desiredCount} running`);
      const short = found.filter(({ runningCount = 0, desiredCount = 0 }) => runningCount < desiredCount);
      const [event] = short.flatMap(({ events = [] }) => events.slice(0, 1));
      return short.length === 0 && found.length === arns.length
        ? ok(texts.join(', '))
        : failed(
            [texts.join(', '), event?.message].filter(Boolean).join(': '),
            'Look at the stopped tasks and at the log: see the runbook, section "No healthy task".',
          );
    },
  },
  {
    name: 'images',
    async run({ config, resources, gateImage }) {
      const found = await services(config, resources.get(SERVICE) ?? []);
      if (found.length === 0) return unknown('the stack has no ECS service');
      const sdk = await import('@aws-sdk/client-ecs');
      const client = new sdk.ECSClient(config);
      const images: string[] = [];
      for (const { taskDefinition } of found) {
        const { taskDefinition: task } = await client.send(new sdk.DescribeTaskDefinitionCommand({ taskDefinition }));
        images.push(...(task?.containerDefinitions ?? []).map(({ name, image }) => `${name} ${image}`));
      }
      const moving = images.filter(
        (image) => /:latest$/.test(image) || !/[:@]/.test(image.slice(image.lastIndexOf('/') + 1)),
      );
      if (moving.length > 0) {
        return failed(
          moving.join(', '),
          'Name a tag that does not move, or a digest: a restarted task may be another one.',
        );
      }
      const gates = images.filter((image) => image.startsWith('gate '));
      const other = gates.filter((image) => /nginx:/.test(image) && !image.endsWith(gateImage));
      return other.length === 0
        ? ok(images.join(', '))
        : failed(`${other.join(', ')}; this version pins ${gateImage}`, 'Deploy with this version of Voicegate.');
    },
  },
  {
    name: 'alarms',
    async run({ config, resources }) {
      const names = resources.get('AWS::CloudWatch::Alarm') ?? [];
      if (names.length === 0) {
        return failed('the stack has none', 'Leave monitoringEnabled on: nobody is told when nobody is served.');
      }
      const sdk = await import('@aws-sdk/client-cloudwatch');
      const client = new sdk.CloudWatchClient(config);
      const { MetricAlarms: alarms = [] } = await client.send(
        new sdk.DescribeAlarmsCommand({ AlarmNames: [...names].slice(0, 100) }),
      );
      const on = alarms.filter(({ StateValue: state }) => state === 'ALARM');
      if (on.length > 0) {
        const [first] = on;
        return failed(
          on.map(({ AlarmName: name }) => name).join(', '),
          `Read ${/https:\S+$/.exec(first?.AlarmDescription ?? '')?.[0] ?? 'docs/runbook.md'}`,
        );
      }
      return alarms.some(({ AlarmActions: actions = [] }) => actions.length > 0)
        ? ok(`${alarms.length}, none is on`)
        : failed(`${alarms.length}, none is on, and nobody is told`, 'Deploy with -c alarmEmail= or -c alarmTopicArn=');
    },
  },
  {
    name: 'certificate status',
    async run({ config, resources, now }) {
      const sdk = await import('@aws-sdk/client-acm');
      const client = new sdk.ACMClient(config);
      const arns = await certificatesOf(config, resources.get('AWS::ElasticLoadBalancingV2::Listener') ?? []);
      if (arns.length === 0) return failed('no listener has one', 'Give the HTTPS listener a certificate.');
      const texts: string[] = [];
      for (const CertificateArn of arns) {
        const { Certificate: found } = await client.send(new sdk.DescribeCertificateCommand({ CertificateArn }));
        const days = found?.NotAfter === undefined ? undefined : Math.floor((found.NotAfter.getTime() - now()) / DAY);
        const text = `${found?.Status ?? 'unknown'}, ${found?.Type ?? 'of unknown origin'}${days === undefined ? '' : `, ${days} days left`}`;
        if (found?.Status !== 'ISSUED' || (days !== undefined && days < 0)) {
          return failed(
            text,
            'A certificate that is validated by DNS needs its CNAME record; see the runbook, section "Certificate expiry".',
          );
        }
        texts.push(text);
      }
      return ok(texts.join('; '));
    },
  },
  {
    name: 'account quotas',
    // Whoever may deploy need not be allowed to read quotas, and the local cloud has none.
    run: (facts) =>
      accountQuotas(facts).catch((error: unknown) => unknown(`AWS does not tell them: ${reasonOf(error)}`)),
  },
];

/** AWS's own codes; what a default deployment needs while it replaces its tasks. */
const QUOTAS = [
  { service: 'fargate', code: 'L-3032A538', what: 'vCPUs on Fargate', least: 4 },
  { service: 'lambda', code: 'L-B99A9384', what: 'concurrent functions', least: 50 },
] as const;

async function accountQuotas({ config }: DeploymentFacts): Promise<Finding> {
  const sdk = await import('@aws-sdk/client-service-quotas');
  const client = new sdk.ServiceQuotasClient(config);
  const texts: string[] = [];
  for (const { service, code, what, least } of QUOTAS) {
    const { Quota: quota } = await client.send(
      new sdk.GetServiceQuotaCommand({ ServiceCode: service, QuotaCode: code }),
    );
    if (quota?.Value === undefined) return unknown(`AWS does not tell the quota of ${what}`);
    if (quota.Value < least) {
      return failed(
        `${what}: ${quota.Value}`,
        `Ask AWS for at least ${least} (Service Quotas, ${code}): a deployment runs twice as many for a while.`,
      );
    }
    texts.push(`${what}: ${quota.Value}`);
  }
  return ok(texts.join(', '));
}

async function services(config: ClientConfig, arns: readonly string[]) {
  const sdk = await import('@aws-sdk/client-ecs');
  const client = new sdk.ECSClient(config);
  const found = [];
  for (const arn of arns) {
    const [, cluster] = /service\/([^/]+)\//.exec(arn) ?? [];
    const { services: some = [] } = await client.send(new sdk.DescribeServicesCommand({ cluster, services: [arn] }));
    found.push(...some);
  }
  return found;
}

async function certificatesOf(config: ClientConfig, listeners: readonly string[]): Promise<readonly string[]> {
  if (listeners.length === 0) return [];
  const sdk = await import('@aws-sdk/client-elastic-load-balancing-v2');
  const client = new sdk.ElasticLoadBalancingV2Client(config);
  const { Listeners: found = [] } = await client.send(
    new sdk.DescribeListenersCommand({ ListenerArns: [...listeners] }),
  );
  return found.flatMap(({ Certificates: some = [] }) => some.flatMap(({ CertificateArn: arn }) => arn ?? []));
}

/** Physical ids of everything in a stack, by type. */
export async function resourcesOf(
  config: ClientConfig,
  stack: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const sdk = await import('@aws-sdk/client-cloudformation');
  const client = new sdk.CloudFormationClient(config);
  const found = new Map<string, string[]>();
  let token: string | undefined;
  do {
    const page: {
      StackResourceSummaries?: { ResourceType?: string; PhysicalResourceId?: string }[];
      NextToken?: string;
    } = await client.send(new sdk.ListStackResourcesCommand({ StackName: stack, NextToken: token }));
    for (const { ResourceType: type = '', PhysicalResourceId: id } of page.StackResourceSummaries ?? []) {
      if (id !== undefined) found.set(type, [...(found.get(type) ?? []), id]);
    }
    token = page.NextToken;
  } while (token !== undefined);
  return found;
}
