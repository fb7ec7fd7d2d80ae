import type { CfnResource } from 'aws-cdk-lib';
import { type FinalResource, type Properties, record, records } from '../shared/final-template';
import { containersOf, type GatedTask, mappedPorts } from './gated-task';

/** A way to the app that does not lead through its gate. */
export interface Route {
  /** The construct that opens it: acknowledging this one, or one around it, takes the route for meant. */
  readonly through: CfnResource;
  readonly message: string;
}

/** Resources that run tasks, and accept connections for them. */
const RUNNERS = ['AWS::ECS::Service', 'AWS::ECS::TaskSet'];

/** The ways around the gate, and what cannot be seen from here. */
export function routesAround(task: GatedTask): { readonly around: Route[]; readonly unseen: string[] } {
  const runners = runnersOf(task);
  return {
    around: [
      ...runners.flatMap((runner) => [
        ...otherTargets(task, runner),
        ...otherNames(task, runner),
        ...openGroups(task, runner),
      ]),
    ],
    unseen: runners.flatMap((runner) => unseenGroups(task, runner)),
  };
}

/** Services and task sets that run the task, however they name it. */
export function runnersOf({ app, definition }: GatedTask): FinalResource[] {
  const { Family: family } = definition.properties;
  return app.ofType(...RUNNERS).filter(({ properties: { TaskDefinition: named } }) => {
    if (app.target(named)?.construct === definition.construct) return true;
    return typeof named === 'string' && typeof family === 'string' && named.split(':')[0] === family;
  });
}

/** Target groups and registries that are given another container than the gate. */
function otherTargets({ gateContainer }: GatedTask, runner: FinalResource): Route[] {
  const registries = records(runner.properties.ServiceRegistries).filter(({ ContainerName }) => ContainerName);
  return [...records(runner.properties.LoadBalancers), ...registries]
    .filter(({ ContainerName }) => ContainerName !== gateContainer)
    .map(({ ContainerName }) => ({
      through: runner.construct,
      message:
        `service ${pathOf(runner)} registers container "${ContainerName}" with a load balancer or Cloud Map, around the gate; ` +
        'register the gate instead: AuthorizerGate.loadBalancerTarget(service), or attach the service after adding the gate',
    }));
}

/** Names of Service Connect and targets of VPC Lattice that lead to another port than the gate's. */
function otherNames(task: GatedTask, runner: FinalResource): Route[] {
  const gate = containersOf(task).find(({ Name }) => Name === task.gateContainer);
  const open = records(gate?.PortMappings)
    .filter(({ ContainerPort }) => Number(ContainerPort) === task.gatePort)
    .map(({ Name }) => Name);
  const ways: readonly (readonly [string, unknown])[] = [
    ['Service Connect', record(runner.properties.ServiceConnectConfiguration)?.Services],
    ['VPC Lattice', runner.properties.VpcLatticeConfigurations],
  ];
  return ways.flatMap(([way, entries]) =>
    records(entries)
      .filter(({ PortName }) => !open.includes(PortName))
      .map(({ PortName }) => ({
        through: runner.construct,
        message: `service ${pathOf(runner)} offers port "${PortName}" by ${way}, around the gate; offer port "${open[0] ?? 'gate'}" instead`,
      })),
  );
}

/** Rules of the service's security groups that admit more than the gate. */
function openGroups(task: GatedTask, runner: FinalResource): Route[] {
  const groups = new Set(groupsOf(runner).map((group) => JSON.stringify(group)));
  const rules = task.app.ofType('AWS::EC2::SecurityGroupIngress', 'AWS::EC2::SecurityGroup').flatMap((resource) => {
    const { construct, properties } = resource;
    if (resource.type === 'AWS::EC2::SecurityGroupIngress') {
      return groups.has(JSON.stringify(properties.GroupId)) ? [{ construct, rule: properties }] : [];
    }
    const mine = groupsOf(runner).some((group) => task.app.target(group)?.construct === construct);
    return mine ? records(properties.SecurityGroupIngress).map((rule) => ({ construct, rule })) : [];
  });
  const sidecars = containersOf(task)
    .filter(({ Name }) => Name !== task.gateContainer && Name !== task.upstreamContainer)
    .flatMap((container) => mappedPorts(container));
  const allowed = new Set([task.gatePort, task.healthPort, ...sidecars]);
  allowed.delete(task.upstreamPort);
  const app = containersOf(task).find(({ Name }) => Name === task.upstreamContainer) ?? {};
  return rules.flatMap(({ construct, rule }) => {
    const ports = admitted(rule, allowed, mappedPorts(app, 'udp'));
    if (ports === undefined) return [];
    return [
      {
        through: construct,
        message:
          `security group rule ${construct.node.path} admits ${ports} of service ${pathOf(runner)}, around the gate; ` +
          `remove it: only the gate, in the same task, needs the app's port ${task.upstreamPort}`,
      },
    ];
  });
}

/** What a rule admits beside the ports that may be open, in words; undefined: nothing. */
function admitted(rule: Properties, allowed: ReadonlySet<number>, udpPorts: readonly number[]): string | undefined {
  const protocol = String(rule.IpProtocol).toLowerCase();
  if (protocol === '-1') return 'every port';
  const from = Number(rule.FromPort ?? 0);
  const to = Number(rule.ToPort ?? 65_535);
  if (protocol === 'udp' || protocol === '17') {
    const port = udpPorts.find((candidate) => Number.isNaN(from + to) || (from <= candidate && candidate <= to));
    return port === undefined ? undefined : `UDP port ${port}`;
  }
  if (protocol !== 'tcp' && protocol !== '6')
    return rule.IpProtocol instanceof Object ? 'an unknown protocol' : undefined;
  // A port that is known only at deployment might be the app's.
  if (Number.isNaN(from) || Number.isNaN(to)) return 'a port that is known only at deployment';
  if (from === -1) return 'every port';
  for (let port = from; port <= to; port++) {
    if (!allowed.has(port)) return from === to ? `port ${from}` : `ports ${from} to ${to}`;
  }
  return undefined;
}

/** Groups whose rules stand elsewhere. */
function unseenGroups(task: GatedTask, runner: FinalResource): string[] {
  const groups = groupsOf(runner);
  const ports = `ports ${task.gatePort} and ${task.healthPort}`;
  if (groups.length === 0) {
    return [
      `service ${pathOf(runner)} names no security group, so its tasks are in the network's default one, whose rules cannot be seen here: give it a group of its own that admits the load balancer to ${ports}`,
    ];
  }
  return groups
    .filter((group) => task.app.target(group)?.type !== 'AWS::EC2::SecurityGroup')
    .map(
      (group) =>
        `security group ${typeof group === 'string' ? group : JSON.stringify(group)} of service ${pathOf(runner)} was made outside this app, so its rules cannot be seen here: see that it admits the load balancer to ${ports}, and nobody to any other`,
    );
}

function groupsOf({ properties }: FinalResource): readonly unknown[] {
  const configuration = record(record(properties.NetworkConfiguration)?.AwsvpcConfiguration);
  const groups = configuration?.SecurityGroups;
  return Array.isArray(groups) ? groups : groups === undefined ? [] : [groups];
}

/** Path of what the user wrote: of the L2 construct, where there is one. */
export function pathOf({ construct }: FinalResource): string {
  return construct.node.path.replace(/\/(Resource|Service)$/, '');
}
