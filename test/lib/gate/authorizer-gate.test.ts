import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as patterns from 'aws-cdk-lib/aws-ecs-patterns';
import * as iam from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { GATE_ENV } from '../../../contract/names';
import { AuthorizerGate, GateImage, RequestAuthorizer } from '../../../lib';
import type { AuthorizerGateOptions } from '../../../lib/gate/authorizer-gate-props';
import { containers, only, someFunction, TestStack, taskWithApp, vpc, warnings } from '../support/stack';

function gated(options: Partial<AuthorizerGateOptions> = {}, port = 5000) {
  const stack = new TestStack();
  const task = taskWithApp(stack, port);
  const handler = someFunction(stack);
  const gate = AuthorizerGate.addTo(task, { authorizer: RequestAuthorizer.fromFunction(handler), ...options });
  return { stack, task, gate, handler };
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
      Memory: 256,
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
    const { stack, handler } = gated({}, 9000);
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
    expect(only(Template.fromStack(stack), 'AWS::Logs::LogGroup').RetentionInDays).toBe(365);
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

  describe('finds the app', () => {
    function found(
      containers: readonly (readonly [string, ...number[]])[],
      options: Partial<AuthorizerGateOptions> = {},
    ) {
      const stack = new TestStack();
      const task = new ecs.FargateTaskDefinition(stack, 'Task');
      for (const [name, ...ports] of containers) {
        task.addContainer(name, {
          image: ecs.ContainerImage.fromRegistry('example.com/app:1'),
          portMappings: ports.map((containerPort) => ({ containerPort, name: `p${containerPort}` })),
        });
      }
      const authorizer = RequestAuthorizer.fromFunction(someFunction(stack));
      const gate = AuthorizerGate.addTo(task, { authorizer, ...options });
      const { gate: container } = containersOf(stack);
      const [, behind] = (container?.DependsOn ?? []) as { ContainerName: string }[];
      return { gate, at: `${behind?.ContainerName} ${environment(container)[GATE_ENV.upstream]}` };
    }
    const containersOf = (stack: TestStack) => containers(Template.fromStack(stack));

    it('by the only port that is mapped, whichever container maps it', () => {
      expect(found([['app', 8000]]).at).toBe('app 127.0.0.1:8000');
      expect(found([['logs'], ['app', 8000]]).at).toBe('app 127.0.0.1:8000');
    });

    it('by the port that is said, where several are mapped', () => {
      expect(
        found(
          [
            ['admin', 9000],
            ['app', 8000],
          ],
          { upstreamPort: 8000 },
        ).at,
      ).toBe('app 127.0.0.1:8000');
      expect(found([['app', 8000, 9000]], { upstreamPort: 9000 }).at).toBe('app 127.0.0.1:9000');
    });

    it('or asks, naming what there is', () => {
      expect(() => found([['app', 8000, 9000]])).toThrow(
        /give upstreamPort, .*: several are mapped, 8000 \(container "app"\), 9000 \(container "app"\)/,
      );
      expect(() => found([['app']])).toThrow(/give upstreamPort, .*: "app" maps none/);
    });

    it('on a port that the gate leaves to it, when the gate takes others', () => {
      const { at, gate } = found([['app', 8080]], { gatePort: 18_080, gateHealthPort: 18_081 });
      expect(at).toBe('app 127.0.0.1:8080');
      expect([gate.port, gate.healthPort, gate.healthCheck.port]).toEqual([18_080, 18_081, '18081']);
    });
  });

  it('refuses a Windows task, for which there is no such nginx', () => {
    const stack = new TestStack();
    const task = new ecs.FargateTaskDefinition(stack, 'Task', {
      cpu: 1024,
      memoryLimitMiB: 2048,
      runtimePlatform: { operatingSystemFamily: ecs.OperatingSystemFamily.WINDOWS_SERVER_2022_CORE },
    });
    task.addContainer('app', { image: ecs.ContainerImage.fromRegistry('example.com/app:1') });
    const authorizer = RequestAuthorizer.fromFunction(someFunction(stack));
    expect(() => AuthorizerGate.addTo(task, { authorizer, upstreamPort: 5000 })).toThrow(
      /runs on WINDOWS_SERVER_2022_CORE, but the gate is an nginx for Linux/,
    );
  });

  it.each<[Partial<AuthorizerGateOptions>, RegExp]>([
    [{ gatePort: 80 }, /gatePort must be a whole number from 1024 to 65535, got 80/],
    [{ gateHealthPort: 8080 }, /gatePort and gateHealthPort must differ, got 8080 for both/],
    [{ gatePort: 5000 }, /upstreamPort 5000 is the gate's own; .* give the gate others by gatePort and gateHealthPort/],
    [{ upstreamPort: 5001 }, /no container maps upstreamPort 5001; mapped are 5000 \(container "app"\)/],
    [{ upstreamPort: 70_000 }, /upstreamPort must be a whole number from 1 to 65535, got 70000/],
    [{ publicPaths: ['static'] }, /publicPaths: "static" is not allowed/],
    [{ publicPaths: ['/a*b'] }, /"\/a\*b" is not allowed/],
    [{ synthesisPaths: ['tts'] }, /synthesisPaths: "tts" is not allowed/],
    [{ longestRequest: Duration.hours(2) }, /longestRequest must be whole seconds from 1 to 3600, got 7200 s/],
    [{ staleGrace: Duration.days(1) }, /staleGrace must be whole seconds from 0 to 3600/],
    [{ limits: { requestsPerMinute: 0 } }, /limits.requestsPerMinute must be a whole number from 1 to 1000000, got 0/],
    [{ readinessPath: 'ready' }, /readinessPath must begin with "\/" .*got "ready"/],
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
    AuthorizerGate.addTo(task, {
      authorizer: RequestAuthorizer.fromFunction(someFunction(stack)),
      upstreamPort: 5000,
    });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [Match.objectLike({ Action: 'lambda:InvokeFunction' })] },
      Roles: [{ Ref: Match.stringLikeRegexp('^Role') }],
    });
  });
});
