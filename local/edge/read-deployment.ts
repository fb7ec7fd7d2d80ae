import { DescribeCertificateCommand, GetCertificateCommand, ResourceNotFoundException } from '@aws-sdk/client-acm';
import {
  type Listener as AwsListener,
  type LoadBalancer as AwsLoadBalancer,
  type TargetGroup as AwsTargetGroup,
  DescribeListenerAttributesCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetHealthCommand,
  paginateDescribeListeners,
  paginateDescribeLoadBalancers,
  paginateDescribeTargetGroups,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Clients } from './clients.js';
import type { Attributes, EdgeModel, Listener, ListenerCertificate, LoadBalancer, TargetGroup } from './model.js';
import { healthCheckOf, ruleOf } from './read-rules.js';
import { readWebAcl } from './read-web-acl.js';

const STACK_TAG = 'aws:cloudformation:stack-name';

/** Reads the load balancers of the stacks, oldest first, and all that hangs on them. Rejects if AWS does not answer. */
export async function readDeployment(clients: Clients, stackNames: readonly string[]): Promise<EdgeModel> {
  const found = await loadBalancersOf(clients, stackNames);
  const loadBalancers = await Promise.all(found.map((loadBalancer) => readLoadBalancer(clients, loadBalancer)));
  const wanted = new Set(loadBalancers.flatMap(targetGroupArns));
  return { loadBalancers, targetGroups: await readTargetGroups(clients, wanted) };
}

/** Target groups that some rule of the load balancer forwards to. */
export function targetGroupArns(loadBalancer: LoadBalancer): readonly string[] {
  return loadBalancer.listeners
    .flatMap((listener) => listener.rules)
    .flatMap((rule) => rule.actions)
    .flatMap((action) => (action.type === 'forward' ? action.targetGroups.map((group) => group.arn) : []));
}

async function loadBalancersOf({ elb }: Clients, stackNames: readonly string[]): Promise<readonly AwsLoadBalancer[]> {
  const all: AwsLoadBalancer[] = [];
  for await (const page of paginateDescribeLoadBalancers({ client: elb }, {})) {
    all.push(...(page.LoadBalancers ?? []).filter((one) => one.Type === 'application'));
  }
  const arns = all.flatMap((one) => one.LoadBalancerArn ?? []);
  const stackOf = new Map<string, string>();
  // DescribeTags takes 20 resources at a time.
  for (let i = 0; i < arns.length; i += 20) {
    const { TagDescriptions = [] } = await elb.send(new DescribeTagsCommand({ ResourceArns: arns.slice(i, i + 20) }));
    for (const { ResourceArn = '', Tags = [] } of TagDescriptions) {
      stackOf.set(ResourceArn, Tags.find((tag) => tag.Key === STACK_TAG)?.Value ?? '');
    }
  }
  const created = (one: AwsLoadBalancer) => one.CreatedTime?.getTime() ?? 0;
  return all
    .filter((one) => stackNames.includes(stackOf.get(one.LoadBalancerArn ?? '') ?? ''))
    .sort((a, b) => created(a) - created(b));
}

async function readLoadBalancer(clients: Clients, found: AwsLoadBalancer): Promise<LoadBalancer> {
  const arn = found.LoadBalancerArn ?? '';
  const listeners: AwsListener[] = [];
  for await (const page of paginateDescribeListeners({ client: clients.elb }, { LoadBalancerArn: arn })) {
    listeners.push(...(page.Listeners ?? []));
  }
  const [attributes, webAcl, read] = await Promise.all([
    clients.elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn })),
    readWebAcl(clients.waf, arn),
    Promise.all(listeners.map((listener) => readListener(clients, listener))),
  ]);
  return {
    arn,
    name: found.LoadBalancerName ?? '',
    dnsName: (found.DNSName ?? '').toLowerCase(),
    listeners: read,
    attributes: attributesOf(attributes.Attributes),
    ...(webAcl === undefined ? {} : { webAcl }),
  };
}

async function readListener(clients: Clients, listener: AwsListener): Promise<Listener> {
  const arn = listener.ListenerArn ?? '';
  const [attributes, rules, certificates] = await Promise.all([
    clients.elb.send(new DescribeListenerAttributesCommand({ ListenerArn: arn })),
    readRules(clients, arn),
    Promise.all((listener.Certificates ?? []).map((one) => readCertificate(clients, one.CertificateArn ?? ''))),
  ]);
  return {
    arn,
    port: listener.Port ?? 0,
    protocol: listener.Protocol ?? 'HTTP',
    ...(listener.SslPolicy === undefined ? {} : { sslPolicy: listener.SslPolicy }),
    certificates,
    attributes: attributesOf(attributes.Attributes),
    rules,
  };
}

async function readRules({ elb }: Clients, listenerArn: string): Promise<Listener['rules']> {
  const rules: Listener['rules'][number][] = [];
  let Marker: string | undefined;
  do {
    const page = await elb.send(new DescribeRulesCommand({ ListenerArn: listenerArn, Marker }));
    rules.push(...(page.Rules ?? []).map(ruleOf));
    Marker = page.NextMarker || undefined;
  } while (Marker !== undefined);
  const order = (priority: string) => (priority === 'default' ? Number.POSITIVE_INFINITY : Number(priority));
  return rules.sort((a, b) => order(a.priority) - order(b.priority));
}

async function readCertificate({ acm }: Clients, arn: string): Promise<ListenerCertificate> {
  try {
    const { Certificate: described } = await acm.send(new DescribeCertificateCommand({ CertificateArn: arn }));
    const status = described?.Status;
    if (status !== 'ISSUED') return { arn, ...(status === undefined ? {} : { status }) };
    const { Certificate = '', CertificateChain = '' } = await acm.send(
      new GetCertificateCommand({ CertificateArn: arn }),
    );
    return { arn, status, chain: `${Certificate.trim()}\n${CertificateChain}` };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return { arn };
    throw error;
  }
}

async function readTargetGroups(
  clients: Clients,
  wanted: ReadonlySet<string>,
): Promise<ReadonlyMap<string, TargetGroup>> {
  const found: AwsTargetGroup[] = [];
  for await (const page of paginateDescribeTargetGroups({ client: clients.elb }, {})) {
    found.push(...(page.TargetGroups ?? []).filter((group) => wanted.has(group.TargetGroupArn ?? '')));
  }
  const read = await Promise.all(found.map((group) => readTargetGroup(clients, group)));
  return new Map(read.map((group) => [group.arn, group]));
}

async function readTargetGroup({ elb }: Clients, group: AwsTargetGroup): Promise<TargetGroup> {
  const arn = group.TargetGroupArn ?? '';
  const [attributes, health] = await Promise.all([
    elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn })),
    elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn })),
  ]);
  const port = group.Port ?? 80;
  return {
    arn,
    name: group.TargetGroupName ?? '',
    protocol: group.Protocol ?? 'HTTP',
    protocolVersion: group.ProtocolVersion ?? 'HTTP1',
    port,
    targetType: group.TargetType ?? 'instance',
    healthCheck: healthCheckOf(group),
    attributes: attributesOf(attributes.Attributes),
    targets: (health.TargetHealthDescriptions ?? [])
      .filter((one) => !one.TargetHealth?.State?.startsWith('draining'))
      .map(({ Target }) => ({ id: Target?.Id ?? '', port: Target?.Port ?? port })),
  };
}

function attributesOf(list: readonly { Key?: string | undefined; Value?: string | undefined }[] = []): Attributes {
  return new Map(list.map(({ Key = '', Value = '' }) => [Key, Value]));
}
