import type { CfnResource, Stack } from 'aws-cdk-lib';
import * as appscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';

/** What something costs a month before the first request. */
export interface PriceLine {
  readonly what: string;
  /** US dollars. */
  readonly monthly: number;
}

const HOURS = 730;
/** List prices of us-east-1 in US dollars, 2026; other regions differ by up to a third. */
const PRICE = {
  natGateway: 0.045 * HOURS,
  publicAddress: 0.005 * HOURS,
  loadBalancer: 0.0225 * HOURS,
  interfaceEndpoint: 0.01 * HOURS,
  webAcl: 5,
  webAclRule: 1,
  alarm: 0.1,
  secret: 0.4,
  vcpu: { X86_64: 0.04048 * HOURS, ARM64: 0.03238 * HOURS },
  gigabyte: { X86_64: 0.004445 * HOURS, ARM64: 0.00356 * HOURS },
  storage: 0.000111 * HOURS,
} as const;
/** What Fargate costs on spare capacity, as a part of the list price: it varies, AWS names up to 70 % off. */
const SPOT = 0.3;
/** Ephemeral storage that Fargate includes. */
const FREE_STORAGE = 20;

/** The lines of a stack's price while nobody calls. What grows with use (data, requests, logs) is not in it. */
export function idlePrice(stack: Stack): PriceLine[] {
  const all = <T extends CfnResource>(test: (construct: unknown) => construct is T): T[] =>
    stack.node.findAll().filter((construct): construct is T & typeof construct => test(construct));
  const natGateways = all((item) => item instanceof ec2.CfnNatGateway).length;
  const loadBalancers = all((item) => item instanceof elbv2.CfnLoadBalancer);
  const zones = stack.availabilityZones.length;
  const endpoints = all((item) => item instanceof ec2.CfnVPCEndpoint).filter(
    (endpoint) => endpoint.vpcEndpointType === 'Interface',
  ).length;
  const acls = all((item) => item instanceof wafv2.CfnWebACL);
  const rules = acls.reduce((sum, acl) => sum + (resolved(stack, acl.rules) as unknown[]).length, 0);
  const services = fargateServices(stack);
  const publicTasks = services.reduce((sum, { count, isPublic }) => sum + (isPublic ? count : 0), 0);
  const addresses = natGateways + loadBalancers.length * zones + publicTasks;
  const lines: readonly (readonly [number, string, number])[] = [
    [natGateways, 'NAT gateway', PRICE.natGateway],
    [loadBalancers.length, 'load balancer', PRICE.loadBalancer],
    [addresses, 'public IPv4 address', PRICE.publicAddress],
    [endpoints * zones, 'interface endpoint', PRICE.interfaceEndpoint],
    [acls.length, 'web ACL', PRICE.webAcl],
    [rules, 'rule of the web ACL', PRICE.webAclRule],
    [all((item) => item instanceof cloudwatch.CfnAlarm).length, 'alarm', PRICE.alarm],
    [all((item) => item instanceof secretsmanager.CfnSecret).length, 'secret', PRICE.secret],
  ];
  return [
    ...services.flatMap(({ lines: ofTasks }) => ofTasks),
    ...lines
      .filter(([count]) => count > 0)
      .map(([count, what, price]) => ({ what: `${count} × ${what}`, monthly: count * price })),
  ];
}

/** The sum and its lines in one sentence. */
export function describePrice(lines: readonly PriceLine[]): string {
  const sum = lines.reduce((total, { monthly }) => total + monthly, 0);
  const parts = [...lines]
    .sort((a, b) => b.monthly - a.monthly)
    .map(({ what, monthly }) => `${what} ${monthly.toFixed(monthly < 10 ? 2 : 0)}`);
  return `About ${Math.round(sum)} USD a month before the first request, at list prices of us-east-1: ${parts.join(', ')}.`;
}

interface PricedService {
  readonly count: number;
  /** Whether each task has a public address. */
  readonly isPublic: boolean;
  readonly lines: readonly PriceLine[];
}

function fargateServices(stack: Stack): readonly PricedService[] {
  const services = stack.node.findAll().filter((item) => item instanceof ecs.FargateService);
  return services.flatMap((service) => {
    const definition = service.taskDefinition.node.defaultChild;
    const resource = service.node.findAll().find((item) => item instanceof ecs.CfnService);
    if (!(definition instanceof ecs.CfnTaskDefinition)) return [];
    const count = Number(resolved(stack, resource?.desiredCount) ?? leastTasks(service) ?? 1);
    const { cpuArchitecture } = (resolved(stack, definition.runtimePlatform) ?? {}) as { cpuArchitecture?: string };
    const kind = cpuArchitecture === 'ARM64' ? 'ARM64' : 'X86_64';
    const { sizeInGiB = FREE_STORAGE } = (resolved(stack, definition.ephemeralStorage) ?? {}) as { sizeInGiB?: number };
    const vcpu = Number(definition.cpu) / 1024;
    const gigabytes = Number(definition.memory) / 1024;
    const size = vcpu * PRICE.vcpu[kind] + gigabytes * PRICE.gigabyte[kind];
    const storage = Math.max(0, sizeInGiB - FREE_STORAGE) * PRICE.storage;
    const onDemand = Math.min(count, onDemandTasks(resolved(stack, resource?.capacityProviderStrategy)));
    const task = `task of ${vcpu} vCPU and ${gigabytes} GB`;
    const lines = [
      { tasks: onDemand, what: task, monthly: size + storage },
      { tasks: count - onDemand, what: `${task} on spare capacity`, monthly: SPOT * size + storage },
    ];
    const network = resolved(stack, resource?.networkConfiguration) as
      | { awsvpcConfiguration?: { assignPublicIp?: string } }
      | undefined;
    return [
      {
        count,
        isPublic: network?.awsvpcConfiguration?.assignPublicIp === 'ENABLED',
        lines: lines
          .filter(({ tasks }) => tasks > 0)
          .map(({ tasks, what, monthly }) => ({ what: `${tasks} × ${what}`, monthly: tasks * monthly })),
      },
    ];
  });
}

/** Tasks that run on demand before any runs on spare capacity; all of them where there is no strategy. */
function onDemandTasks(strategy: unknown): number {
  const providers = (strategy ?? []) as readonly { capacityProvider: string; base?: number }[];
  if (!providers.some(({ capacityProvider }) => capacityProvider === 'FARGATE_SPOT')) return Number.POSITIVE_INFINITY;
  return providers.find(({ capacityProvider }) => capacityProvider === 'FARGATE')?.base ?? 0;
}

/** Tasks at least, where scaling decides. */
function leastTasks(service: ecs.FargateService): number | undefined {
  const targets = service.node.findAll().filter((item) => item instanceof appscaling.CfnScalableTarget);
  return targets[0]?.minCapacity;
}

function resolved(stack: Stack, value: unknown): unknown {
  return stack.resolve(value);
}
