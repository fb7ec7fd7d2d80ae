import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import {
  EdgeCertificate,
  type ExistingListenerProps,
  HttpsLoadBalancer,
  RequestAuthorizer,
  SecureTtsService,
  type SecureTtsServiceProps,
  ServiceNetwork,
  TaskCapacity,
} from '../../../lib';
import {
  attributes,
  CERTIFICATE_ARN,
  containers,
  only,
  quietApp,
  service,
  someFunction,
  TestStack,
  vpc,
  warnings,
} from '../support/stack';

const ECS = 'AWS::ECS::Service';
const TASK = 'AWS::ECS::TaskDefinition';
const GROUP = 'AWS::ElasticLoadBalancingV2::TargetGroup';

describe('SecureTtsService', () => {
  it('needs only an image and a certificate', () => {
    const { construct, template } = service();
    expect(construct.apiKeys).toBeDefined();
    expect(construct.firewall).toBeDefined();
    expect(only(template(), TASK)).toMatchObject({
      Cpu: '2048',
      Memory: '8192',
      EphemeralStorage: { SizeInGiB: 40 },
      RuntimePlatform: { CpuArchitecture: 'X86_64' },
    });
    expect(only(template(), ECS)).toMatchObject({ DesiredCount: 2, LaunchType: 'FARGATE' });
    template().resourceCountIs('AWS::EC2::NatGateway', 1);
  });

  it('sends every request through the gate, to the task that has the fewest', () => {
    const { template } = service();
    expect(only(template(), ECS).LoadBalancers).toEqual([
      expect.objectContaining({ ContainerName: 'gate', ContainerPort: 8080 }),
    ]);
    const group = only(template(), GROUP);
    expect(group).toMatchObject({ Port: 8080, Protocol: 'HTTP', TargetType: 'ip', HealthCheckPort: '8081' });
    expect(attributes(group, 'TargetGroupAttributes')['load_balancing.algorithm.type']).toBe(
      'least_outstanding_requests',
    );
  });

  it('admits to the tasks only the load balancer, and it only to the gate', () => {
    const { template } = service();
    const rules = Object.values(template().findResources('AWS::EC2::SecurityGroupIngress')).map(
      ({ Properties }) => Properties,
    );
    expect(rules.map(({ FromPort, ToPort }) => [FromPort, ToPort]).sort()).toEqual([
      [8080, 8080],
      [8081, 8081],
    ]);
    for (const { SourceSecurityGroupId, CidrIp } of rules) {
      expect(JSON.stringify(SourceSecurityGroupId)).toContain('LoadBalancerSecurityGroup');
      expect(CidrIp).toBeUndefined();
    }
  });

  it('rolls a failing deployment back, and gives the app time to start', () => {
    const { template } = service({ startupTime: Duration.minutes(10) });
    expect(only(template(), ECS)).toMatchObject({
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
      },
      HealthCheckGracePeriodSeconds: 600,
      EnableExecuteCommand: false,
    });
  });

  it('derives every time from the longest request', () => {
    const { template } = service({ longestRequest: Duration.seconds(60) });
    const balancer = only(template(), 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    expect(attributes(balancer, 'LoadBalancerAttributes')['idle_timeout.timeout_seconds']).toBe('65');
    expect(attributes(only(template(), GROUP), 'TargetGroupAttributes')['deregistration_delay.timeout_seconds']).toBe(
      '60',
    );
    expect(containers(template()).gate?.StopTimeout).toBe(65);
  });

  it('gives the app its port, environment and secrets, and takes its capabilities', () => {
    const { template } = service({ environment: { VOICE: 'zh' }, upstreamPort: 9000 });
    const { app } = containers(template());
    expect(app).toMatchObject({
      Essential: true,
      Environment: expect.arrayContaining([
        { Name: 'PORT', Value: '9000' },
        { Name: 'VOICE', Value: 'zh' },
      ]),
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
      ReadonlyRootFilesystem: false,
    });
    expect(app).not.toHaveProperty('PortMappings');
  });

  it('leaves an image that starts as root its capabilities on request', () => {
    const { template } = service({ dropCapabilities: false, readonlyRootFilesystem: true });
    expect(containers(template()).app?.LinuxParameters ?? {}).not.toHaveProperty('Capabilities.Drop');
    expect(containers(template()).app?.ReadonlyRootFilesystem).toBe(true);
  });

  it('lives in public subnets without a NAT gateway on request', () => {
    const { template } = service({ network: ServiceNetwork.publicSubnets() });
    template().resourceCountIs('AWS::EC2::NatGateway', 0);
    expect(only(template(), ECS)).toMatchObject({
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'ENABLED' } },
    });
  });

  it('uses an existing network and cluster, and makes neither', () => {
    const stack = new TestStack();
    const network = new ec2.Vpc(stack, 'Own', { maxAzs: 2 });
    const cluster = new ecs.Cluster(stack, 'OwnCluster', { vpc: network });
    const { template } = service({ vpc: network, cluster }, stack);
    template().resourceCountIs('AWS::EC2::VPC', 1);
    template().resourceCountIs('AWS::ECS::Cluster', 1);
  });

  it('asks any authorizer function, and then has no key table', () => {
    const stack = new TestStack();
    const { template, construct } = service({ authorizer: RequestAuthorizer.fromFunction(someFunction(stack)) }, stack);
    template().resourceCountIs('AWS::DynamoDB::GlobalTable', 0);
    expect(construct.apiKeys).toBeUndefined();
  });

  it('stands behind a web ACL that is there already', () => {
    const webAclArn =
      'arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/theirs/11111111-2222-3333-4444-555555555555';
    const { template, construct } = service({ webAclArn });
    template().resourceCountIs('AWS::WAFv2::WebACL', 0);
    template().hasResourceProperties('AWS::WAFv2::WebACLAssociation', { WebACLArn: webAclArn });
    expect(construct.firewall).toBeUndefined();
    expect(() => service({ webAclArn: 'x' })).toThrow(/webAclArn must be that of a regional web ACL, .*got "x"/);
    expect(() => service({ webAclArn, firewallEnabled: false })).toThrow(
      /webAclArn is given, but firewallEnabled is false/,
    );
  });

  it('misses no task where none is asked for', () => {
    const names = (props: Partial<SecureTtsServiceProps>) =>
      Object.keys(service(props).template().findResources('AWS::CloudWatch::Alarm')).join();
    expect(names({ desiredCount: 0 })).not.toContain('NoHealthyTask');
    expect(names({ desiredCount: 1 })).toContain('NoHealthyTask');
  });

  it('stands without a firewall on request', () => {
    const { template, construct } = service({ firewallEnabled: false });
    template().resourceCountIs('AWS::WAFv2::WebACL', 0);
    expect(construct.firewall).toBeUndefined();
  });

  it('protects its load balancer by its web ACL', () => {
    const { template } = service();
    template().hasResourceProperties('AWS::WAFv2::WebACLAssociation', {
      ResourceArn: { Ref: Match.stringLikeRegexp('LoadBalancer') },
      WebACLArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('WebAcl'), 'Arn'] },
    });
  });

  it('has no alarms and no dashboard on request', () => {
    const { template } = service({ monitoringEnabled: false });
    template().resourceCountIs('AWS::CloudWatch::Alarm', 0);
    template().resourceCountIs('AWS::CloudWatch::Dashboard', 0);
  });

  it('runs on another size and architecture', () => {
    const { template } = service({
      capacity: TaskCapacity.fargate({ cpu: 4096, memoryLimitMiB: 16_384, cpuArchitecture: ecs.CpuArchitecture.ARM64 }),
      desiredCount: 5,
    });
    expect(only(template(), TASK)).toMatchObject({ Cpu: '4096', RuntimePlatform: { CpuArchitecture: 'ARM64' } });
    expect(only(template(), ECS).DesiredCount).toBe(5);
  });

  it('stands twice in one stack, and in two stacks, without a collision of names', () => {
    const app = quietApp();
    const first = new TestStack(undefined, app, 'First');
    const network = vpc(first);
    const props = {
      image: ecs.ContainerImage.fromRegistry('example.com/tts:1'),
      certificate: EdgeCertificate.fromArn(CERTIFICATE_ARN),
      vpc: network,
      network: ServiceNetwork.publicSubnets(),
    };
    new SecureTtsService(first, 'A', props);
    new SecureTtsService(first, 'B', props);
    const second = new TestStack(undefined, app, 'Second');
    new SecureTtsService(second, 'A', { ...props, vpc: undefined });
    const names = [first, second].flatMap((stack) =>
      Object.values(Template.fromStack(stack).findResources('AWS::Logs::LogGroup'))
        .map(({ Properties }) => Properties.LogGroupName)
        .filter((name) => name !== undefined),
    );
    expect(names).toHaveLength(3);
    expect(new Set(names).size).toBe(3);
  });

  it('refuses a number of tasks that ECS would', () => {
    expect(() => service({ desiredCount: -1 })).toThrow(/desiredCount must be a whole number from 0 to 1000, got -1/);
    expect(() => service({ network: ServiceNetwork.privateSubnets({ natGateways: 0 }) })).toThrow(
      /natGateways must be a whole number from 1 to 6, got 0/,
    );
  });

  it('shares a load balancer with a service of another stack, each by its host name', () => {
    const app = quietApp();
    const edgeStack = new TestStack(undefined, app, 'Edge');
    const network = new ec2.Vpc(edgeStack, 'Vpc', { maxAzs: 2 });
    const edge = new HttpsLoadBalancer(edgeStack, 'Edge', {
      vpc: network,
      certificate: EdgeCertificate.fromArn(CERTIFICATE_ARN),
    });
    const stacks = ['a', 'b'].map((name) => {
      const stack = new TestStack(undefined, app, `Service-${name}`);
      new SecureTtsService(stack, 'Service', {
        image: ecs.ContainerImage.fromRegistry('example.com/tts:1'),
        vpc: network,
        loadBalancer: edge,
        routing: [elbv2.ListenerCondition.hostHeaders([`${name}.example.org`])],
      });
      return stack;
    });
    const rules = stacks.flatMap((stack) =>
      Object.values(Template.fromStack(stack).findResources('AWS::ElasticLoadBalancingV2::ListenerRule')),
    );
    expect(rules.map(({ Properties }) => Properties.Priority)).toEqual([1000, 1010]);
    Template.fromStack(edgeStack).resourceCountIs(GROUP, 0);
    for (const stack of stacks) {
      Template.fromStack(stack).resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 0);
      Template.fromStack(stack).resourceCountIs('AWS::WAFv2::WebACL', 0);
    }
  });

  it('joins a load balancer that was made elsewhere', () => {
    const stack = new TestStack();
    const network = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
    const securityGroup = ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-1');
    const balancerArn = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1';
    const edge = HttpsLoadBalancer.fromListener({
      loadBalancer: elbv2.ApplicationLoadBalancer.fromApplicationLoadBalancerAttributes(stack, 'Theirs', {
        loadBalancerArn: balancerArn,
        securityGroupId: 'sg-1',
        loadBalancerDnsName: 'theirs.example.com',
      }),
      listener: elbv2.ApplicationListener.fromApplicationListenerAttributes(stack, 'Listener', {
        listenerArn: balancerArn.replace('loadbalancer/', 'listener/'),
        securityGroup,
      }),
      domainName: 'tts.example.org',
    });
    const { construct, template } = service({ certificate: undefined, vpc: network, loadBalancer: edge }, stack);
    expect(construct.url).toBe('https://tts.example.org');
    template().hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      FromPort: 8080,
      SourceSecurityGroupId: 'sg-1',
    });
  });

  it('refuses to have both a certificate and an existing load balancer, and neither', () => {
    expect(() => service({ certificate: undefined })).toThrow(/give certificate .* or loadBalancer, got neither/);
    const stack = new TestStack();
    const edge = new HttpsLoadBalancer(stack, 'Edge', {
      vpc: vpc(stack),
      certificate: EdgeCertificate.fromArn(CERTIFICATE_ARN),
    });
    expect(() => service({ loadBalancer: edge }, stack)).toThrow(/give only one of loadBalancer, certificate/);
  });

  it('says how an existing listener gets a certificate, as no authority can be asked for one there', () => {
    const stack = new TestStack();
    const network = vpc(stack);
    const loadBalancer = new elbv2.ApplicationLoadBalancer(stack, 'Theirs', { vpc: network, internetFacing: true });
    const listener = loadBalancer.addListener('Listener', {
      port: 443,
      certificates: [elbv2.ListenerCertificate.fromArn(CERTIFICATE_ARN)],
      defaultAction: elbv2.ListenerAction.fixedResponse(404),
    });
    const props = {
      vpc: network,
      certificate: EdgeCertificate.letsEncrypt({ email: 'ops@example.com' }),
      loadBalancer: HttpsLoadBalancer.fromListener({ loadBalancer, listener }),
    };
    expect(() => service(props, stack)).toThrow(
      'EdgeCertificate.letsEncrypt needs a load balancer that HttpsLoadBalancer makes; for an existing one request a ' +
        'certificate that is validated by DNS ("voicegate certificate request")',
    );
  });

  it('says on which port of a foreign listener it is, and takes its idle timeout', () => {
    const stack = new TestStack();
    const network = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
    const loadBalancer = new elbv2.ApplicationLoadBalancer(stack, 'Theirs', {
      vpc: network,
      idleTimeout: Duration.seconds(300),
    });
    const listener = loadBalancer.addListener('Listener', {
      port: 8443,
      certificates: [elbv2.ListenerCertificate.fromArn(CERTIFICATE_ARN)],
      defaultAction: elbv2.ListenerAction.fixedResponse(404),
    });
    const edge = HttpsLoadBalancer.fromListener({ loadBalancer, listener, domainName: 'tts.example.org' });
    const props = { certificate: undefined, vpc: network, loadBalancer: edge };
    const { construct } = service(props, stack);
    expect(construct.url).toBe('https://tts.example.org:8443');
    expect(warnings(stack).filter((text) => !text.includes('voicegate:alarmTopic'))).toEqual([]);
  });

  it('warns where neither the idle timeout nor the free places of a foreign listener are known', () => {
    const stack = new TestStack();
    const attributes = {
      listenerArn: `${CERTIFICATE_ARN}/x`,
      securityGroup: new ec2.SecurityGroup(stack, 'Group', { vpc: vpc(stack) }),
    };
    const foreign = (more: Partial<ExistingListenerProps> = {}) =>
      HttpsLoadBalancer.fromListener({
        loadBalancer: elbv2.ApplicationLoadBalancer.fromApplicationLoadBalancerAttributes(stack, `Lb${Math.random()}`, {
          loadBalancerArn: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/x/1',
          securityGroupId: 'sg-1',
          loadBalancerDnsName: 'x.example.org',
        }),
        listener: elbv2.ApplicationListener.fromApplicationListenerAttributes(stack, `Li${Math.random()}`, attributes),
        ...more,
      });
    const image = ecs.ContainerImage.fromRegistry('example.com/tts:1');
    const shared = { image, vpc: stack.node.findChild('Vpc') as ec2.Vpc, network: ServiceNetwork.publicSubnets() };
    const said = { firstPriority: 2000, idleTimeout: Duration.seconds(130), port: 444 };
    const told = new SecureTtsService(stack, 'Told', { ...shared, loadBalancer: foreign(said) });
    new SecureTtsService(stack, 'Untold', { ...shared, loadBalancer: foreign() });
    expect(told.url).toBe('https://x.example.org:444');
    expect(
      warnings(stack)
        .filter((text) => text.includes('voicegate:') && !text.includes('voicegate:alarmTopic'))
        .sort(),
    ).toEqual([
      expect.stringContaining('Give each app a firstPriority of its own'),
      expect.stringContaining('its idle timeout is unknown'),
    ]);
  });

  it.each<[string, Partial<SecureTtsServiceProps>, RegExp]>([
    [
      'a firewall that is off',
      { firewallEnabled: false, firewall: { protect: () => {} } as never },
      /firewall is given, but firewallEnabled is false/,
    ],
    [
      'a shell on a read-only file system',
      { enableExecuteCommand: true, readonlyRootFilesystem: true },
      /switch one of them off/,
    ],
    ['another PORT', { environment: { PORT: '8000' } }, /says PORT=8000, but upstreamPort is 5000/],
    [
      'too little memory for its containers',
      { capacity: TaskCapacity.fargate({ cpu: 256, memoryLimitMiB: 512 }) },
      /reserve 704 MiB \(app 512, gate-init 64, gate 128\), but the task has 512 MiB/,
    ],
  ])('refuses %s', (_, props, message) => {
    expect(() => service(props).template()).toThrow(message);
  });

  it('refuses options that the load balancer it shares has itself, and a second service for all requests', () => {
    const stack = new TestStack();
    const network = vpc(stack);
    const loadBalancer = new HttpsLoadBalancer(stack, 'Edge', {
      vpc: network,
      certificate: EdgeCertificate.fromArn(CERTIFICATE_ARN),
    });
    const shared = { certificate: undefined, vpc: network, network: ServiceNetwork.publicSubnets(), loadBalancer };
    const make = (id: string, props: Partial<SecureTtsServiceProps>) =>
      new SecureTtsService(stack, id, {
        image: ecs.ContainerImage.fromRegistry('example.com/tts:1'),
        ...shared,
        ...props,
      });
    expect(() => make('A', { loadBalancerOptions: { accessLogs: false } })).toThrow(
      /give only one of loadBalancer, loadBalancerOptions/,
    );
    expect(() => make('B', { domainNames: ['x.example.org'] })).toThrow(/give only one of loadBalancer, domainNames/);
    make('C', {});
    expect(() => make('D', {})).toThrow(/Test\/C already takes all requests .* say which are for which by routing/);
  });

  it('gives the app files of environment', () => {
    const stack = new TestStack();
    const bucket = s3.Bucket.fromBucketName(stack, 'Files', 'files');
    const { template } = service({ environmentFiles: [ecs.EnvironmentFile.fromBucket(bucket, 'tts.env')] }, stack);
    expect(containers(template()).app?.EnvironmentFiles).toHaveLength(1);
  });

  it('runs in security groups of the consumer', () => {
    const stack = new TestStack();
    const network = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
    const own = new ec2.SecurityGroup(stack, 'Own', { vpc: network });
    const { template } = service({ vpc: network, securityGroups: [own] }, stack);
    expect(only(template(), ECS)).toMatchObject({
      NetworkConfiguration: { AwsvpcConfiguration: { SecurityGroups: [stack.resolve(own.securityGroupId)] } },
    });
  });

  it("casts the firewall's net around the gate's limits, whatever these are", () => {
    const acl = only(service({ limits: { requestsPerMinute: 500 } }).template(), 'AWS::WAFv2::WebACL');
    expect(JSON.stringify(acl).match(/"Limit":\d+/g)).toEqual(['"Limit":5000', '"Limit":100']);
  });
});
