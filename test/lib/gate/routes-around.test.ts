import { Aspects, CfnOutput, CfnResource, Fn, type IAspect, NestedStack, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as patterns from 'aws-cdk-lib/aws-ecs-patterns';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { IConstruct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { AuthorizerGate, RequestAuthorizer } from '../../../lib';
import type { AuthorizerGateOptions } from '../../../lib/gate/authorizer-gate-props';
import { quietApp, someFunction, TestStack, vpc, warnings } from '../support/stack';

const IMAGE = ecs.ContainerImage.fromRegistry('example.com/app:1');
const AROUND = /around the gate/;

/** Containers of a task and the TCP ports that they map; the first is the app. */
type Containers = Readonly<Record<string, readonly number[]>>;

function gated(
  containers: Containers = { app: [5000] },
  options: Partial<AuthorizerGateOptions> = {},
  stack = new TestStack(),
) {
  const network = vpc(stack);
  const task = new ecs.FargateTaskDefinition(stack, 'Task');
  const [app] = Object.entries(containers).map(([name, ports]) =>
    task.addContainer(name, {
      image: IMAGE,
      portMappings: ports.map((containerPort) => ({ containerPort, name: `${name}-${containerPort}` })),
    }),
  );
  const authorizer = RequestAuthorizer.fromFunction(someFunction(stack));
  const gate = AuthorizerGate.addTo(task, { authorizer, upstreamPort: 5000, upstreamContainer: app, ...options });
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: network });
  return { stack, network, task, gate, cluster };
}

/** With a service in a security group of its own. */
function running(containers?: Containers, options?: Partial<AuthorizerGateOptions>) {
  const parts = gated(containers, options);
  const group = new ec2.SecurityGroup(parts.stack, 'Group', { vpc: parts.network });
  const service = new ecs.FargateService(parts.stack, 'Service', {
    cluster: parts.cluster,
    taskDefinition: parts.task,
    securityGroups: [group],
  });
  return { ...parts, group, service };
}

function balanced(options?: Partial<AuthorizerGateOptions>, props: Partial<elbv2.ApplicationLoadBalancerProps> = {}) {
  const parts = running(undefined, options);
  const balancer = new elbv2.ApplicationLoadBalancer(parts.stack, 'Balancer', {
    vpc: parts.network,
    internetFacing: true,
    ...props,
  });
  const listener = balancer.addListener('Listener', {
    port: 443,
    certificates: [elbv2.ListenerCertificate.fromArn('arn:aws:acm:eu-west-1:111122223333:certificate/1')],
  });
  const group = listener.addTargets('Gate', {
    port: 8080,
    protocol: elbv2.ApplicationProtocol.HTTP,
    targets: [parts.gate.loadBalancerTarget(parts.service)],
  });
  return { ...parts, balancer, listener, targetGroup: group };
}

function synth(stack: Stack): () => unknown {
  return () => Template.fromStack(stack);
}

/** Changes a resource when all constructs are made, as the aspects of a company do. */
class Late implements IAspect {
  constructor(
    private readonly type: string,
    private readonly change: (resource: CfnResource) => void,
  ) {}

  public visit(node: IConstruct): void {
    if (CfnResource.isCfnResource(node) && node.cfnResourceType === this.type) this.change(node);
  }
}

describe('a gate fails synthesis', () => {
  it('when the service registers the app with a load balancer', () => {
    const { stack, network, task, service } = running();
    const other = new patterns.ApplicationLoadBalancedFargateService(stack, 'Other', {
      vpc: network,
      taskDefinition: task,
    });
    other.listener.addTargets('Around', {
      port: 5000,
      protocol: elbv2.ApplicationProtocol.HTTP,
      priority: 1,
      conditions: [elbv2.ListenerCondition.pathPatterns(['/x'])],
      targets: [service.loadBalancerTarget({ containerName: 'app', containerPort: 5000 })],
    });
    expect(synth(stack)).toThrow(/registers container "app"/);
  });

  it.each<[string, ec2.Port]>([
    ["the app's port", ec2.Port.tcp(5000)],
    ["a range of ports with the app's in it", ec2.Port.tcpRange(4000, 6000)],
    ['all TCP', ec2.Port.allTcp()],
    ['all traffic', ec2.Port.allTraffic()],
    ['a port that only the deployment knows', ec2.Port.tcp(Fn.ref('Port') as unknown as number)],
  ])('when a rule admits %s', (_, port) => {
    const { stack, group } = running();
    if (String(port).includes('Port')) new CfnResource(stack, 'Port', { type: 'Test::Port' });
    group.addIngressRule(ec2.Peer.ipv4('10.0.0.0/8'), port);
    expect(synth(stack)).toThrow(AROUND);
  });

  it('when a rule admits a second port of the app, but not for what another container serves', () => {
    const second = running({ app: [5000, 9000] });
    second.group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(9000));
    expect(synth(second.stack)).toThrow(/admits port 9000 .*around the gate/);
    const sidecar = running({ app: [5000], metrics: [9090] });
    sidecar.group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(9090));
    sidecar.group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcpRange(8080, 8081));
    sidecar.group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.udp(5000));
    sidecar.group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.allIcmp());
    expect(synth(sidecar.stack)).not.toThrow();
  });

  it('when the group belongs to another stack', () => {
    const app = quietApp();
    const base = new TestStack(undefined, app, 'Base');
    const network = new ec2.Vpc(base, 'Net', { maxAzs: 2 });
    const group = new ec2.SecurityGroup(base, 'Group', { vpc: network });
    group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(5000));
    const { stack, task } = gated(undefined, {}, new TestStack(undefined, app, 'App'));
    const cluster = new ecs.Cluster(stack, 'Theirs', { vpc: network });
    new ecs.FargateService(stack, 'Service', { cluster, taskDefinition: task, securityGroups: [group] });
    expect(synth(stack)).toThrow(/Base\/Group.*admits port 5000 .*around the gate/);
  });

  it('when a group of another stack is let in', () => {
    const app = quietApp();
    const { stack, task, cluster } = gated(undefined, {}, new TestStack(undefined, app, 'App'));
    const service = new ecs.FargateService(stack, 'Service', { cluster, taskDefinition: task });
    const other = new TestStack(undefined, app, 'Other');
    const client = new ec2.SecurityGroup(other, 'Client', { vpc: new ec2.Vpc(other, 'Net', { maxAzs: 1 }) });
    client.connections.allowTo(service, ec2.Port.tcp(5000));
    expect(synth(stack)).toThrow(AROUND);
  });

  it('when the service stands in a nested stack and its group in the parent', () => {
    const { stack, task, network } = gated();
    const group = new ec2.SecurityGroup(stack, 'Group', { vpc: network });
    group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(5000));
    const nested = new NestedStack(stack, 'Nested');
    const cluster = new ecs.Cluster(nested, 'Cluster', { vpc: network });
    new ecs.FargateService(nested, 'Service', { cluster, taskDefinition: task, securityGroups: [group] });
    expect(synth(stack)).toThrow(AROUND);
  });

  it('when the group comes by the name of an export', () => {
    const { stack, task, cluster, network } = gated();
    const group = new ec2.SecurityGroup(stack, 'Group', { vpc: network });
    group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(5000));
    new CfnOutput(stack, 'GroupId', { value: group.securityGroupId, exportName: 'the-group' });
    const imported = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Imported', Fn.importValue('the-group'));
    new ecs.FargateService(stack, 'Service', { cluster, taskDefinition: task, securityGroups: [imported] });
    expect(synth(stack)).toThrow(AROUND);
  });

  it('when a rule of this app opens a group that was made outside it', () => {
    const { stack, task, cluster } = gated();
    const theirs = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Theirs', 'sg-0123456789abcdef0');
    new ecs.FargateService(stack, 'Service', { cluster, taskDefinition: task, securityGroups: [theirs] });
    theirs.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(5000));
    expect(synth(stack)).toThrow(AROUND);
  });

  it('when the service is a plain resource, even one that names the family alone', () => {
    for (const byFamily of [false, true]) {
      const { stack, task, cluster, network } = gated();
      (task.node.defaultChild as ecs.CfnTaskDefinition).addPropertyOverride('Family', 'speech');
      new ecs.CfnService(stack, 'Plain', {
        cluster: cluster.clusterName,
        taskDefinition: byFamily ? 'speech' : task.taskDefinitionArn,
        loadBalancers: [{ containerName: 'app', containerPort: 5000, targetGroupArn: 'arn:aws:x' }],
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: network.publicSubnets.map(({ subnetId }) => subnetId),
            securityGroups: [new ec2.SecurityGroup(stack, 'Group', { vpc: network }).securityGroupId],
          },
        },
      });
      expect(synth(stack)).toThrow(/Plain registers container "app"/);
    }
  });

  it('when an override or an aspect opens it in the end', () => {
    const first = running();
    (first.service.node.findChild('Service') as ecs.CfnService).addPropertyOverride('LoadBalancers', [
      { ContainerName: 'app', ContainerPort: 5000, TargetGroupArn: 'arn:aws:x' },
    ]);
    expect(synth(first.stack)).toThrow(/registers container "app"/);

    const second = running();
    Aspects.of(second.stack).add(
      new Late('AWS::EC2::SecurityGroup', (group) =>
        group.addPropertyOverride('SecurityGroupIngress', [
          { IpProtocol: 'tcp', FromPort: 5000, ToPort: 5000, CidrIp: '0.0.0.0/0' },
        ]),
      ),
    );
    expect(synth(second.stack)).toThrow(AROUND);

    const third = running();
    const rule = new CfnResource(third.stack, 'Rule', { type: 'AWS::EC2::SecurityGroupIngress', properties: {} });
    const name = third.stack.getLogicalId(third.group.node.defaultChild as ec2.CfnSecurityGroup);
    rule.addPropertyOverride('GroupId', { 'Fn::GetAtt': [name, 'GroupId'] });
    rule.addPropertyOverride('IpProtocol', '-1');
    expect(synth(third.stack)).toThrow(/admits every port/);
  });

  it('when Service Connect or VPC Lattice offers the app', () => {
    const { stack, task, network } = gated();
    const cluster = new ecs.Cluster(stack, 'Named', { vpc: network, defaultCloudMapNamespace: { name: 'internal' } });
    new ecs.FargateService(stack, 'Service', {
      cluster,
      taskDefinition: task,
      serviceConnectConfiguration: { services: [{ portMappingName: 'app-5000' }] },
    });
    expect(synth(stack)).toThrow(/offers port "app-5000" by Service Connect/);

    const lattice = running();
    (lattice.service.node.findChild('Service') as ecs.CfnService).vpcLatticeConfigurations = [
      { portName: 'app-5000', roleArn: 'arn:aws:x', targetGroupArn: 'arn:aws:y' },
    ];
    expect(synth(lattice.stack)).toThrow(/offers port "app-5000" by VPC Lattice/);
  });

  it('unless the route is acknowledged, by what opens it and the reason', () => {
    const { stack, group, gate } = running();
    group.addIngressRule(ec2.Peer.ipv4('10.1.0.0/16'), ec2.Port.tcp(5000));
    expect(() => gate.acknowledgeRoute(group, ' ')).toThrow(/give the reason why Test\/Group leads past the gate/);
    gate.acknowledgeRoute(group, 'the batch jobs of the same team');
    expect(synth(stack)).not.toThrow();
    const other = running();
    other.group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(5000));
    other.gate.acknowledgeRoute(other.service, 'not what opens it');
    expect(synth(other.stack)).toThrow(AROUND);
  });

  it('when a network load balancer sends to it, which would let a client choose its own address', () => {
    const build = (trustedHops: number) => {
      const { stack, network, gate, service } = running(undefined, { trustedHops });
      const balancer = new elbv2.NetworkLoadBalancer(stack, 'Balancer', { vpc: network });
      balancer
        .addListener('Listener', { port: 443 })
        .addTargets('Gate', { port: 8080, targets: [gate.loadBalancerTarget(service)] });
      return stack;
    };
    expect(synth(build(1))).toThrow(/target of a network load balancer .*with trustedHops 1/);
    expect(synth(build(0))).not.toThrow();
  });

  it("when a container takes the gate's port, or the app is told another one", () => {
    expect(synth(running({ app: [5000], proxy: [8080] }).stack)).toThrow(
      /container "proxy" of Test\/Task maps port 8080, which is the gate's/,
    );
    const { stack, task } = running();
    task.findContainer('app')?.addEnvironment('PORT', '8000');
    expect(synth(stack)).toThrow(/says PORT=8000, but upstreamPort is 5000/);
  });

  it('when containers reserve more memory than the task has, with the sum', () => {
    const { stack, task } = running();
    task.addContainer('model', { image: IMAGE, memoryReservationMiB: 400 });
    expect(synth(stack)).toThrow(
      /reserve 592 MiB \(app 0, gate-init 64, gate 128, model 400\), but the task has 512 MiB/,
    );
  });

  it('when the hard limits of app and gate together are above the memory of the task, with the sum', () => {
    const limited = (memoryLimitMiB: number) => {
      const { stack, task } = running();
      task.addContainer('model', { image: IMAGE, memoryReservationMiB: 128, memoryLimitMiB });
      return synth(stack);
    };
    expect(limited(400)).toThrow(
      /may take up to 656 MiB \(gate 256, model 400\), but the task has 512 MiB: .* lower memoryLimitMiB of the app/,
    );
    expect(limited(256)).not.toThrow();
  });

  it('when the task definition outgrows what ECS takes', () => {
    const { stack, task } = running();
    task.findContainer('app')?.addEnvironment('LARGE', 'x'.repeat(40_000));
    expect(synth(stack)).toThrow(/more than 61440/);
  });
});

describe('a gate warns', () => {
  it('of security groups whose rules it cannot see', () => {
    const { stack, task, cluster } = gated();
    const theirs = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Theirs', 'sg-0123456789abcdef1');
    new ecs.FargateService(stack, 'Service', { cluster, taskDefinition: task, securityGroups: [theirs] });
    expect(warnings(stack).join()).toMatch(
      /security group sg-0123456789abcdef1 .* was made outside this app.* ports 8080 and 8081/,
    );
  });

  it('of a target group that does not check its health, and not of one that does', () => {
    const own = ({ stack, balancer }: ReturnType<typeof balanced>) => {
      balancer.setAttribute('idle_timeout.timeout_seconds', '125');
      return warnings(stack).filter((text) => text.includes('voicegate:'));
    };
    expect(own(balanced())).toEqual([expect.stringContaining('Call gate.configureTargetGroup(targetGroup, service)')]);
    const good = balanced();
    good.gate.configureTargetGroup(good.targetGroup, good.service);
    expect(own(good)).toEqual([]);
  });

  it.each<[number | undefined, string]>([
    [undefined, 'silent for 60 s, but longestRequest is 120 s'],
    [100, 'silent for 100 s, but longestRequest is 120 s'],
    [300, 'keeps idle connections for 300 s, but the gate was told 125 s'],
  ])('of a load balancer with an idle timeout of %s', (seconds, message) => {
    const { stack, balancer } = balanced();
    if (seconds) balancer.setAttribute('idle_timeout.timeout_seconds', String(seconds));
    expect(warnings(stack).join()).toContain(message);
  });

  it('of a listener without encryption', () => {
    const { stack, network, task, gate } = gated();
    const pattern = new patterns.ApplicationLoadBalancedFargateService(stack, 'Plain', {
      vpc: network,
      taskDefinition: task,
    });
    gate.configureTargetGroup(pattern.targetGroup, pattern.service);
    expect(warnings(stack).join()).toMatch(/listener Test\/Plain\/LB\/PublicListener sends plain HTTP to the gate/);
  });
});
