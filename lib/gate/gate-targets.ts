import { type FinalResource, record, records } from '../shared/final-template';
import { pathOf, runnersOf } from './gate-routes';
import type { GatedTask } from './gated-task';

const TARGET_GROUP = 'AWS::ElasticLoadBalancingV2::TargetGroup';
/** Protocols of network load balancers, which write no X-Forwarded-For. */
const LAYER_4: readonly unknown[] = ['TCP', 'UDP', 'TCP_UDP', 'TLS', 'QUIC', 'TCP_QUIC'];
/** Seconds, where a load balancer is told nothing. */
const DEFAULT_IDLE_TIMEOUT = 60;

export interface Warning {
  readonly id: string;
  readonly message: string;
}

/** Load balancers behind which the gate would take a client's word for its address. */
export function balancerErrors(task: GatedTask): string[] {
  if (task.trustedHops === 0) return [];
  return groupsOf(task)
    .filter(({ properties }) => LAYER_4.includes(properties.Protocol))
    .map(
      (group) =>
        `the gate is a target of a network load balancer (${pathOf(group)}), which writes no X-Forwarded-For: with trustedHops ${task.trustedHops} ` +
        'a client could write its own address there; put an application load balancer before the gate, or set trustedHops: 0 and ' +
        "preserve the client's address in the target group",
    );
}

/** Settings of the load balancers in front, as far as they are in this app, that do not fit the gate. */
export function balancerWarnings(task: GatedTask): Warning[] {
  return groupsOf(task).flatMap((group) => [...healthWarnings(task, group), ...listenerWarnings(task, group)]);
}

function healthWarnings(task: GatedTask, group: FinalResource): Warning[] {
  if (String(group.properties.HealthCheckPort) === String(task.healthPort)) return [];
  return [
    {
      id: 'voicegate:healthCheck',
      message:
        `target group ${pathOf(group)} does not check the gate's own health on port ${task.healthPort}: busy tasks may be taken for dead ones, ` +
        'and a path that needs a key for a sick one. Call gate.configureTargetGroup(targetGroup, service)',
    },
  ];
}

function listenerWarnings(task: GatedTask, group: FinalResource): Warning[] {
  return listenersOf(task, group).flatMap((listener) => {
    const balancer = task.app.target(listener.properties.LoadBalancerArn);
    const plain = listener.properties.Protocol === 'HTTP';
    return [
      ...(plain
        ? [
            {
              id: 'voicegate:plainHttp',
              message: `listener ${pathOf(listener)} sends plain HTTP to the gate: API keys and text travel unencrypted. Give it a certificate, or redirect to an HTTPS listener`,
            },
          ]
        : []),
      ...(balancer ? idleWarnings(task, balancer) : []),
    ];
  });
}

function idleWarnings(task: GatedTask, balancer: FinalResource): Warning[] {
  const attribute = records(balancer.properties.LoadBalancerAttributes).find(
    ({ Key }) => Key === 'idle_timeout.timeout_seconds',
  );
  const seconds = Number(attribute?.Value ?? DEFAULT_IDLE_TIMEOUT);
  if (LAYER_4.includes(balancer.properties.Type) || balancer.properties.Type === 'network' || Number.isNaN(seconds)) {
    return [];
  }
  const id = 'voicegate:idleTimeout';
  if (seconds <= task.longestRequest) {
    return [
      {
        id,
        message: `load balancer ${pathOf(balancer)} closes connections that are silent for ${seconds} s, but longestRequest is ${task.longestRequest} s: longer requests end in 504. Set its idle timeout above longestRequest`,
      },
    ];
  }
  if (seconds > task.loadBalancerIdleTimeout) {
    return [
      {
        id,
        message: `load balancer ${pathOf(balancer)} keeps idle connections for ${seconds} s, but the gate was told ${task.loadBalancerIdleTimeout} s and may close them first: single requests end in 502. Set loadBalancerIdleTimeout of the gate (idleTimeout of HttpsLoadBalancer.fromListener) to it`,
      },
    ];
  }
  return [];
}

/** Target groups of this app that send to the gate: of services, and of CodeDeploy's second colour. */
function groupsOf(task: GatedTask): FinalResource[] {
  const runners = runnersOf(task);
  const arns = runners.flatMap(({ properties }) =>
    records(properties.LoadBalancers).flatMap(({ TargetGroupArn, AdvancedConfiguration }) => [
      TargetGroupArn,
      record(AdvancedConfiguration)?.AlternateTargetGroupArn,
    ]),
  );
  const colours = task.app
    .ofType('AWS::CodeDeploy::DeploymentGroup')
    .filter(({ properties }) => runners.some(({ construct }) => task.app.mentions(properties.ECSServices, construct)))
    .flatMap(({ properties }) => records(record(properties.LoadBalancerInfo)?.TargetGroupPairInfoList))
    .flatMap(({ TargetGroups }) => records(TargetGroups).map(({ Name }) => Name));
  const found = [...arns, ...colours].map((value) => task.app.target(value));
  return [...new Set(found)].filter((group): group is FinalResource => group?.type === TARGET_GROUP);
}

/** Listeners of this app that forward to a target group, by default or by a rule. */
function listenersOf({ app }: GatedTask, group: FinalResource): FinalResource[] {
  const listeners = app
    .ofType('AWS::ElasticLoadBalancingV2::Listener')
    .filter(({ properties }) => app.mentions(properties.DefaultActions, group.construct));
  const byRule = app
    .ofType('AWS::ElasticLoadBalancingV2::ListenerRule')
    .filter(({ properties }) => app.mentions(properties.Actions, group.construct))
    .flatMap(({ properties }) => app.target(properties.ListenerArn) ?? []);
  return [...new Set([...listeners, ...byRule])];
}
