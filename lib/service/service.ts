import { type Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { forwardRuleId, type IHttpsLoadBalancer } from '../edge/listener-rules';
import type { AuthorizerGate } from '../gate/authorizer-gate';
import { acknowledge } from '../shared/acknowledge';
import { acknowledgeNoBreaker, deploymentOptions, shiftsTraffic } from './deployment';
import type { DeploymentProps } from './deployment-props';
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
  readonly deployment: DeploymentProps;
}

/** The ECS service of gated tasks behind a load balancer. */
export function createService(
  scope: Construct,
  options: ServiceOptions,
): {
  service: ecs.BaseService;
  targetGroup: elbv2.ApplicationTargetGroup;
  alternateTargetGroup?: elbv2.ApplicationTargetGroup;
} {
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
    ...deploymentOptions(options.deployment),
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
  const common: elbv2.ApplicationTargetGroupProps = {
    vpc: network.vpc,
    protocol: elbv2.ApplicationProtocol.HTTP,
    port: gate.port,
    // Speech takes seconds to minutes: the task with the fewest requests is the next one free.
    loadBalancingAlgorithmType: elbv2.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
    deregistrationDelay: options.deregistrationDelay,
  };
  if (!shiftsTraffic(options.deployment)) {
    const targetGroup = edge.forward(scope, TARGETS, {
      ...common,
      targets: [gate.loadBalancerTarget(service)],
      ...options.rules,
    });
    gate.configureTargetGroup(targetGroup, service);
    return { service, targetGroup };
  }
  acknowledgeNoBreaker(service);
  const alternateTargetGroup = new elbv2.ApplicationTargetGroup(scope, 'AlternateTargets', {
    ...common,
    targetType: elbv2.TargetType.IP,
  });
  const targetGroup = edge.forward(scope, TARGETS, {
    ...common,
    targetType: elbv2.TargetType.IP,
    alternateTargetGroup,
    ...options.rules,
  });
  const alternateTarget = new ecs.AlternateTarget('AlternateTarget', {
    alternateTargetGroup,
    productionListener: ecs.ListenerRuleConfiguration.applicationListenerRule(ruleOf(scope)),
  });
  targetGroup.addTarget(gate.loadBalancerTarget(service, alternateTarget));
  for (const group of [targetGroup, alternateTargetGroup]) gate.configureTargetGroup(group, service);
  const role = service.node
    .findAll()
    .find((child) => child instanceof iam.Role && child.node.path.includes('AlternateTarget'));
  if (role) {
    acknowledge(role, {
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers]':
        'The policy that AWS keeps for this very role: ECS changes weights of rules and registers targets by it.',
    });
  }
  return { service, targetGroup, alternateTargetGroup };
}

const TARGETS = 'Targets';

/** The rule by which the service gets its requests. */
function ruleOf(scope: Construct): elbv2.ApplicationListenerRule {
  const rule = scope.node.tryFindChild(forwardRuleId(TARGETS));
  if (rule instanceof elbv2.ApplicationListenerRule) return rule;
  throw new Error(
    'SecureTtsService: deploymentStrategy other than ROLLING needs a loadBalancer that HttpsLoadBalancer makes or joins (fromListener)',
  );
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
