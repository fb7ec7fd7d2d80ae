import { type Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import type { IHttpsLoadBalancer } from '../edge/listener-rules';
import type { AuthorizerGate } from '../gate/authorizer-gate';
import type { ServiceNetworkConfig } from './service-network';
import type { ServiceRules } from './service-rules';
import type { TaskCapacity } from './task-capacity';

export interface ServiceOptions {
  readonly capacity: TaskCapacity;
  readonly taskDefinition: ecs.TaskDefinition;
  readonly cluster: ecs.ICluster;
  readonly network: ServiceNetworkConfig;
  readonly gate: AuthorizerGate;
  readonly edge: IHttpsLoadBalancer;
  readonly rules: ServiceRules;
  readonly vpcSubnets?: ec2.SubnetSelection;
  readonly securityGroups?: ec2.ISecurityGroup[];
  readonly desiredCount?: number;
  readonly startupTime: Duration;
  readonly deregistrationDelay: Duration;
  readonly enableExecuteCommand: boolean;
}

/** The ECS service of gated tasks behind a load balancer. */
export function createService(
  scope: Construct,
  options: ServiceOptions,
): { service: ecs.BaseService; targetGroup: elbv2.ApplicationTargetGroup } {
  const { network, gate, edge } = options;
  const subnets = options.vpcSubnets ?? network.subnets;
  const securityGroups = options.securityGroups?.map((group, index) => ownRules(scope, group, index)) ?? [
    new ec2.SecurityGroup(scope, 'TaskSecurityGroup', {
      vpc: network.vpc,
      description: 'Tasks: admits the load balancer to the gate, nobody to the app',
    }),
  ];
  const service = options.capacity._createService(scope, 'Service', options.taskDefinition, {
    cluster: options.cluster,
    desiredCount: options.desiredCount,
    vpcSubnets: subnets,
    assignPublicIp: network.assignPublicIp,
    securityGroups,
    circuitBreaker: { enable: true, rollback: true },
    minHealthyPercent: 100,
    maxHealthyPercent: 200,
    healthCheckGracePeriod: options.startupTime,
    enableECSManagedTags: true,
    propagateTags: ecs.PropagatedTagSource.SERVICE,
    enableExecuteCommand: options.enableExecuteCommand,
  });
  // A task that starts before it may pull its images, or before there is a way to them, fails a first deployment.
  service.node.addDependency(
    options.taskDefinition.obtainExecutionRole(),
    network.vpc.selectSubnets(subnets).internetConnectivityEstablished,
    ...network.ready,
  );
  const targetGroup = edge.forward(scope, 'Targets', {
    vpc: network.vpc,
    protocol: elbv2.ApplicationProtocol.HTTP,
    port: gate.port,
    targets: [gate.loadBalancerTarget(service)],
    ...options.rules,
    // Speech takes seconds to minutes: the task with the fewest requests is the next one free.
    loadBalancingAlgorithmType: elbv2.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
    deregistrationDelay: options.deregistrationDelay,
  });
  gate.configureTargetGroup(targetGroup, service);
  return { service, targetGroup };
}

/**
 * A group of another stack, to which rules are added from this one: otherwise its stack would refer to the load balancer
 * of this one, which refers to it.
 */
function ownRules(scope: Construct, group: ec2.ISecurityGroup, index: number): ec2.ISecurityGroup {
  if (Stack.of(group) === Stack.of(scope)) return group;
  return ec2.SecurityGroup.fromSecurityGroupId(scope, `TaskSecurityGroup${index + 1}`, group.securityGroupId, {
    allowAllOutbound: group.allowAllOutbound,
  });
}
