import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as patterns from 'aws-cdk-lib/aws-ecs-patterns';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { GATE_ENV } from '../../../contract/names';
import { AuthorizerGate, GateImage, RequestAuthorizer } from '../../../lib';
import type { AuthorizerGateOptions } from '../../../lib/gate/authorizer-gate-props';
import { containers, only, someFunction, TestStack, taskWithApp, vpc, warnings } from '../support/stack';

function gated(options: Partial<AuthorizerGateOptions> = {}) {
  const stack = new TestStack();
  const task = taskWithApp(stack);
  const handler = someFunction(stack);
  const gate = AuthorizerGate.addTo(task, { authorizer: RequestAuthorizer.fromFunction(handler), ...options });
  return { stack, task, gate, handler };
}

function service(stack: TestStack, taskDefinition: ecs.FargateTaskDefinition): ecs.FargateService {
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: vpc(stack) });
  return new ecs.FargateService(stack, 'Service', { cluster, taskDefinition });
}

/** Two values of an environment list. */
function environment(container: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> {
  const list = (container?.Environment ?? []) as { Name: string; Value: unknown }[];
  return Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]));
}

function capabilities(container: Readonly<Record<string, unknown>> | undefined): { Drop: string[]; Add?: string[] } {
  const linux = container?.LinuxParameters as { Capabilities: { Drop: string[]; Add?: string[] } } | undefined;
  return linux?.Capabilities ?? { Drop: [] };
}

const DOCKER_DEFAULTS =
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT';

describe('AuthorizerGate', () => {
  it('prepares its volume as root with no capability but CHOWN, before the gate starts', () => {
    const { stack } = gated();
    const { 'gate-init': init, gate } = containers(Template.fromStack(stack));
    expect(init).toMatchObject({ Essential: false, User: '0', ReadonlyRootFilesystem: true });
    const { Drop: dropped, Add: added } = capabilities(init);
    expect(DOCKER_DEFAULTS.split(' ').filter((name) => !dropped.includes(name))).toEqual(['CHOWN']);
    expect(added ?? []).toEqual([]);
    expect(gate?.DependsOn).toContainEqual({ ContainerName: 'gate-init', Condition: 'SUCCESS' });
  });

  it('runs the gate as nobody in particular, without capabilities and on a read-only file system', () => {
    const { stack } = gated();
    const { gate } = containers(Template.fromStack(stack));
    expect(gate).toMatchObject({
      User: '101',
      ReadonlyRootFilesystem: true,
      Essential: true,
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
    });
  });

  it('stops before the app, with time for the longest request and its own drain', () => {
    const { stack } = gated({ longestRequest: Duration.seconds(40) });
    const { gate } = containers(Template.fromStack(stack));
    expect(gate?.DependsOn).toContainEqual({ ContainerName: 'app', Condition: 'START' });
    expect(gate?.StopTimeout).toBe(45);
  });

  it('tells the gate where the app and the authorizer are, and only the init container its configuration', () => {
    const { stack, handler } = gated({ upstreamPort: 9000 });
    const { 'gate-init': init, gate } = containers(Template.fromStack(stack));
    expect(environment(gate)).toEqual({
      [GATE_ENV.directory]: '/run/voicegate',
      [GATE_ENV.listen]: '0.0.0.0:8080',
      [GATE_ENV.healthListen]: '0.0.0.0:8081',
      [GATE_ENV.upstream]: '127.0.0.1:9000',
      [GATE_ENV.authorizer]: stack.resolve(handler.functionArn),
      AWS_REGION: 'eu-west-1',
    });
    expect(environment(init)[GATE_ENV.bundle]).toMatch(/^[A-Za-z0-9+/=]{1000,}$/);
    expect(environment(init)).not.toHaveProperty(GATE_ENV.authorizer);
  });

  it('lets the task invoke that one function and nothing else', () => {
    const { stack, handler } = gated();
    const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')).filter((policy) =>
      JSON.stringify(policy.Properties.Roles).includes('TaskTaskRole'),
    );
    expect(policies.map((policy) => policy.Properties.PolicyDocument.Statement)).toEqual([
      [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: stack.resolve(handler.functionArn) }],
    ]);
  });

  it('is what a load balancer gets, when a service is attached after it', () => {
    const { stack, task } = gated();
    new patterns.ApplicationLoadBalancedFargateService(stack, 'Pattern', { vpc: vpc(stack), taskDefinition: task });
    Template.fromStack(stack).hasResourceProperties('AWS::ECS::Service', {
      LoadBalancers: [Match.objectLike({ ContainerName: 'gate', ContainerPort: 8080 })],
    });
  });

  it('makes a target group check the gate, on its own port', () => {
    const { stack, task, gate } = gated();
    const pattern = new patterns.ApplicationLoadBalancedFargateService(stack, 'Pattern', {
      vpc: vpc(stack),
      taskDefinition: task,
    });
    gate.configureTargetGroup(pattern.targetGroup, pattern.service);
    Template.fromStack(stack).hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      HealthCheckPort: '8081',
      Matcher: { HttpCode: '200' },
    });
  });

  it('lets the load balancer reach the health port, where it configures the target group', () => {
    const { stack, task, gate } = gated();
    const pattern = new patterns.ApplicationLoadBalancedFargateService(stack, 'Pattern', {
      vpc: vpc(stack),
      taskDefinition: task,
    });
    gate.configureTargetGroup(pattern.targetGroup, pattern.service);
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 8081, ToPort: 8081 });
  });

  it('runs the image it is given', () => {
    const { stack } = gated({ image: GateImage.publicEcr('1.31.6') });
    const { gate, 'gate-init': init } = containers(Template.fromStack(stack));
    expect([gate?.Image, init?.Image]).toEqual([
      'public.ecr.aws/nginx/nginx:1.31.6',
      'public.ecr.aws/nginx/nginx:1.31.6',
    ]);
  });

  it('lets Fargate restart a task whose gate dies, by being essential, and logs without blocking', () => {
    const { stack } = gated();
    const { gate } = containers(Template.fromStack(stack));
    expect(gate?.LogConfiguration).toMatchObject({ LogDriver: 'awslogs', Options: { mode: 'non-blocking' } });
    expect(only(Template.fromStack(stack), 'AWS::Logs::LogGroup').RetentionInDays).toBe(30);
  });

  describe('fails synthesis', () => {
    const bypass = /around the gate/;

    it('when the service registers the app with a load balancer', () => {
      const { stack, task } = gated();
      const network = vpc(stack);
      const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: network });
      const around = new ecs.FargateService(stack, 'Service', { cluster, taskDefinition: task });
      const pattern = new patterns.ApplicationLoadBalancedFargateService(stack, 'Other', {
        vpc: network,
        taskDefinition: task,
      });
      pattern.listener.addTargets('Around', {
        port: 5000,
        protocol: elbv2.ApplicationProtocol.HTTP,
        priority: 1,
        conditions: [elbv2.ListenerCondition.pathPatterns(['/x'])],
        targets: [around.loadBalancerTarget({ containerName: 'app', containerPort: 5000 })],
      });
      expect(() => Template.fromStack(stack)).toThrow(/registers container "app"/);
    });

    it("when a security group rule admits the app's port", () => {
      const { stack, task } = gated();
      service(stack, task).connections.allowFromAnyIpv4(ec2.Port.tcp(5000));
      expect(() => Template.fromStack(stack)).toThrow(bypass);
    });

    it("when a range of ports holds the app's", () => {
      const { stack, task } = gated();
      service(stack, task).connections.allowFrom(ec2.Peer.ipv4('10.0.0.0/8'), ec2.Port.tcpRange(4000, 6000));
      expect(() => Template.fromStack(stack)).toThrow(bypass);
    });

    it('when all traffic from another group is admitted', () => {
      const { stack, task } = gated();
      const running = service(stack, task);
      const other = new ec2.SecurityGroup(stack, 'Other', { vpc: running.cluster.vpc });
      running.connections.allowFrom(other, ec2.Port.allTraffic());
      expect(() => Template.fromStack(stack)).toThrow(bypass);
    });

    it('when Service Connect offers the app', () => {
      const { stack, task } = gated();
      const cluster = new ecs.Cluster(stack, 'Cluster', {
        vpc: vpc(stack),
        defaultCloudMapNamespace: { name: 'internal' },
      });
      new ecs.FargateService(stack, 'Service', {
        cluster,
        taskDefinition: task,
        serviceConnectConfiguration: { services: [{ portMappingName: 'app' }] },
      });
      expect(() => Template.fromStack(stack)).toThrow(/offers port "app" by Service Connect/);
    });

    it('when the task definition outgrows what ECS takes', () => {
      const { stack, task } = gated();
      task.findContainer('app')?.addEnvironment('LARGE', 'x'.repeat(40_000));
      expect(() => Template.fromStack(stack)).toThrow(/more than 49152/);
    });
  });

  it('passes synthesis when only the gate is reachable', () => {
    const { stack, task } = gated();
    const running = service(stack, task);
    running.connections.allowFromAnyIpv4(ec2.Port.tcp(8080));
    running.connections.allowFromAnyIpv4(ec2.Port.udp(5000));
    expect(() => Template.fromStack(stack)).not.toThrow();
  });

  it('refuses a place where it would not guard anything', () => {
    const stack = new TestStack();
    const authorizer = RequestAuthorizer.fromFunction(someFunction(stack));
    const bridge = new ecs.Ec2TaskDefinition(stack, 'Bridge');
    expect(() => AuthorizerGate.addTo(bridge, { authorizer })).toThrow(/network mode must be awsvpc, got bridge/);
    const empty = new ecs.FargateTaskDefinition(stack, 'Empty');
    expect(() => AuthorizerGate.addTo(empty, { authorizer })).toThrow(/no container yet/);
    const task = taskWithApp(stack);
    AuthorizerGate.addTo(task, { authorizer });
    expect(() => new AuthorizerGate(stack, 'Second', { taskDefinition: task, authorizer })).toThrow(/one gate a task/);
  });

  it.each<[Partial<AuthorizerGateOptions>, RegExp]>([
    [{ upstreamPort: 8080 }, /upstreamPort 8080 is the gate's own/],
    [{ upstreamPort: 70_000 }, /upstreamPort must be a whole number from 1 to 65535, got 70000/],
    [{ publicPaths: ['static'] }, /publicPaths: "static" is not allowed/],
    [{ publicPaths: ['/a*b'] }, /"\/a\*b" is not allowed/],
    [{ synthesisPaths: ['tts'] }, /synthesisPaths: "tts" is not allowed/],
    [{ longestRequest: Duration.hours(2) }, /longestRequest must be whole seconds from 1 to 3600, got 7200 s/],
    [{ staleGrace: Duration.days(1) }, /staleGrace must be whole seconds from 0 to 3600/],
    [{ limits: { requestsPerMinute: 0 } }, /limits.requestsPerMinute must be a whole number from 1 to 1000000, got 0/],
    [{ readinessPath: 'ready' }, /readinessPath must begin with "\/", got "ready"/],
    [{ workers: 0 }, /workers must be a whole number from 1 to 32, got 0/],
  ])('refuses %o, saying what is allowed', (options, message) => {
    expect(() => gated(options)).toThrow(message);
  });

  it('warns of requests that a stopping task may cut off', () => {
    const { stack } = gated({ longestRequest: Duration.minutes(5) });
    expect(warnings(stack).join()).toContain('ECS gives a stopping task at most 120 s');
    expect(warnings(gated().stack)).toEqual([]);
  });

  it('warns of keys in the query, since access logs then hold them', () => {
    expect(warnings(gated({ allowQueryKey: true }).stack).join()).toContain('hold API keys');
  });

  it('uses an existing role without touching other rights', () => {
    const stack = new TestStack();
    const taskRole = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    const task = new ecs.FargateTaskDefinition(stack, 'Task', { taskRole });
    task.addContainer('App', { image: ecs.ContainerImage.fromRegistry('example.com/app:1') });
    AuthorizerGate.addTo(task, { authorizer: RequestAuthorizer.fromFunction(someFunction(stack)) });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [Match.objectLike({ Action: 'lambda:InvokeFunction' })] },
      Roles: [{ Ref: Match.stringLikeRegexp('^Role') }],
    });
  });
});
