import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { EdgeCertificate, HttpsLoadBalancer, type HttpsLoadBalancerProps } from '../../../lib';
import { attributes, only, type Properties, TestStack, vpc, warnings } from '../support/stack';

const ARN = 'arn:aws:acm:eu-west-1:111122223333:certificate/11111111-2222-3333-4444-555555555555';
const LISTENER = 'AWS::ElasticLoadBalancingV2::Listener';
const RULE = 'AWS::ElasticLoadBalancingV2::ListenerRule';
const BALANCER = 'AWS::ElasticLoadBalancingV2::LoadBalancer';

function edge(props: Partial<HttpsLoadBalancerProps> = {}, stack = new TestStack()) {
  const construct = new HttpsLoadBalancer(stack, 'Edge', {
    vpc: vpc(stack),
    certificate: EdgeCertificate.fromArn(ARN),
    ...props,
  });
  return { stack, construct, template: () => Template.fromStack(stack) };
}

function listener(template: Template, port: number): Properties {
  const [found] = Object.values(template.findResources(LISTENER, { Properties: { Port: port } }));
  return (found?.Properties ?? {}) as Properties;
}

function rule(template: Template, field: string): Properties {
  const [found] = Object.values(template.findResources(RULE, { Properties: { Conditions: [{ Field: field }] } }));
  return (found?.Properties ?? {}) as Properties;
}

describe('HttpsLoadBalancer', () => {
  it('redirects GET and HEAD for good, keeping host, path and query', () => {
    expect(rule(edge().template(), 'http-request-method')).toMatchObject({
      Conditions: [{ HttpRequestMethodConfig: { Values: ['GET', 'HEAD'] } }],
      Actions: [{ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } }],
    });
    const [action] = rule(edge().template(), 'http-request-method').Actions as { RedirectConfig: object }[];
    // What is not named stays: host, path and query.
    expect(Object.keys(action?.RedirectConfig ?? {}).sort()).toEqual(['Port', 'Protocol', 'StatusCode']);
  });

  it('tells every other request over http to use https, instead of losing its body', () => {
    const [action] = listener(edge().template(), 80).DefaultActions as [
      { FixedResponseConfig: Properties & { MessageBody: string } },
    ];
    const { MessageBody, ...answer } = action.FixedResponseConfig;
    expect(answer).toEqual({ StatusCode: '403', ContentType: 'application/json' });
    expect(JSON.parse(MessageBody).error).toContain('use https://');
  });

  it('speaks TLS 1.2 and 1.3 with post-quantum key exchange, whatever feature flags say', () => {
    expect(listener(edge().template(), 443)).toMatchObject({
      Protocol: 'HTTPS',
      SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09',
      Certificates: [{ CertificateArn: ARN }],
    });
  });

  it('puts security headers on every answer over https, and names no server', () => {
    const headers = attributes(listener(edge().template(), 443), 'ListenerAttributes');
    expect(headers).toMatchObject({
      'routing.http.response.server.enabled': 'false',
      'routing.http.response.strict_transport_security.header_value': 'max-age=31536000; includeSubDomains',
      'routing.http.response.x_content_type_options.header_value': 'nosniff',
      'routing.http.response.x_frame_options.header_value': 'DENY',
    });
    expect(headers['routing.http.response.content_security_policy.header_value']).toMatch(
      /^default-src 'self'; media-src 'self' blob:/,
    );
    expect(attributes(listener(edge().template(), 80), 'ListenerAttributes')).toEqual({
      'routing.http.response.server.enabled': 'false',
    });
  });

  it('leaves a header to the app on request', () => {
    const { template } = edge({ securityHeaders: { contentSecurityPolicy: '', frameOptions: 'SAMEORIGIN' } });
    const headers = attributes(listener(template(), 443), 'ListenerAttributes');
    expect(headers).not.toHaveProperty('routing.http.response.content_security_policy.header_value');
    expect(headers['routing.http.response.x_frame_options.header_value']).toBe('SAMEORIGIN');
  });

  it('answers robots.txt itself, and 404 what nothing serves', () => {
    expect(rule(edge().template(), 'path-pattern')).toMatchObject({
      Conditions: [{ PathPatternConfig: { Values: ['/robots.txt'] } }],
      Actions: [{ FixedResponseConfig: { StatusCode: '200', MessageBody: 'User-agent: *\nDisallow: /\n' } }],
    });
    expect(listener(edge().template(), 443).DefaultActions).toMatchObject([
      { FixedResponseConfig: { StatusCode: '404' } },
    ]);
  });

  it('drops malformed headers, is wary of ambiguous requests and waits longer than the longest request', () => {
    expect(attributes(only(edge().template(), BALANCER), 'LoadBalancerAttributes')).toMatchObject({
      'routing.http.drop_invalid_header_fields.enabled': 'true',
      'routing.http.desync_mitigation_mode': 'defensive',
      'idle_timeout.timeout_seconds': '125',
      'deletion_protection.enabled': 'false',
    });
  });

  it('logs access for 14 days into a bucket that is encrypted, closed and emptied last', () => {
    const template = edge().template();
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Delete',
      Properties: {
        LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 14, Status: 'Enabled' })] },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      },
    });
    const [balancer] = Object.values(template.findResources(BALANCER));
    expect(attributes(balancer?.Properties, 'LoadBalancerAttributes')).toMatchObject({
      'access_logs.s3.enabled': 'true',
      'connection_logs.s3.enabled': 'true',
    });
    const [emptying] = Object.keys(template.findResources('Custom::S3AutoDeleteObjects'));
    expect(balancer?.DependsOn).toContain(emptying);
  });

  it('keeps the log bucket on request', () => {
    edge({ removalPolicy: RemovalPolicy.RETAIN })
      .template()
      .hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain' });
  });

  it('logs into an existing bucket, and makes none', () => {
    const stack = new TestStack();
    const accessLogBucket = s3.Bucket.fromBucketName(stack, 'Own', 'own-logs');
    const { template } = edge({ accessLogBucket }, stack);
    template().resourceCountIs('AWS::S3::Bucket', 0);
    expect(attributes(only(template(), BALANCER), 'LoadBalancerAttributes')['access_logs.s3.bucket']).toBe('own-logs');
  });

  it('says that it does not log where the region is unknown, instead of failing', () => {
    const { stack, template } = edge({}, new TestStack({}));
    template().resourceCountIs('AWS::S3::Bucket', 0);
    expect(warnings(stack).join()).toContain('Access is not logged');
  });

  it('refuses a bucket that load balancers cannot deliver to, and says what one of another app needs', () => {
    const stack = new TestStack();
    for (const props of [
      { encryption: s3.BucketEncryption.KMS },
      { encryption: s3.BucketEncryption.KMS_MANAGED },
      { encryptionKey: new kms.Key(stack, 'Key') },
    ]) {
      const accessLogBucket = new s3.Bucket(stack, `Kms${Math.random()}`, props);
      expect(() => edge({ accessLogBucket })).toThrow(/is encrypted with a KMS key, but load balancers deliver/);
    }
    const theirs = s3.Bucket.fromBucketName(stack, 'Theirs', 'their-logs');
    edge({ accessLogBucket: theirs }, stack);
    expect(warnings(stack).join()).toMatch(
      /must allow the principal logdelivery.elasticloadbalancing.amazonaws.com s3:PutObject/,
    );
  });

  it.each([
    'https://tts.example.com',
    'tts.example.com:443',
    'tts.example.com/tts',
    'localhost',
    'tts_1.example.com',
    `${'a'.repeat(64)}.example.com`,
    '',
  ])('refuses "%s" as a domain name', (name) => {
    expect(() => edge({ domainNames: [name] })).toThrow(`"${name}" is not a domain name; write a name such as`);
  });

  it('reads domain names as DNS does', () => {
    expect(edge({ domainNames: ['TTS.Example.Com.'] }).construct.url).toBe('https://tts.example.com');
    expect(edge({ domainNames: ['tts.example.xn--p1ai'] }).construct.url).toBe('https://tts.example.xn--p1ai');
  });

  it('is protected from deletion, dual-stack, patient or in its own group on request', () => {
    const stack = new TestStack();
    const network = new ec2.Vpc(stack, 'Dual', { ipProtocol: ec2.IpProtocol.DUAL_STACK, maxAzs: 2, natGateways: 0 });
    const securityGroup = new ec2.SecurityGroup(stack, 'Own', { vpc: network });
    const { template } = edge(
      {
        vpc: network,
        securityGroup,
        deletionProtection: true,
        desyncMitigationMode: elbv2.DesyncMitigationMode.STRICTEST,
        ipAddressType: elbv2.IpAddressType.DUAL_STACK,
        idleTimeout: Duration.seconds(600),
        sslPolicy: elbv2.SslPolicy.TLS13_13_PQ,
      },
      stack,
    );
    const balancer = only(template(), BALANCER);
    expect(attributes(balancer, 'LoadBalancerAttributes')).toMatchObject({
      'deletion_protection.enabled': 'true',
      'routing.http.desync_mitigation_mode': 'strictest',
      'idle_timeout.timeout_seconds': '600',
    });
    expect(balancer).toMatchObject({
      IpAddressType: 'dualstack',
      SecurityGroups: [stack.resolve(securityGroup.securityGroupId)],
    });
    expect(listener(template(), 443).SslPolicy).toBe('ELBSecurityPolicy-TLS13-1-3-PQ-2025-09');
  });

  it('sends what is added later to its targets, conditions before the rest', () => {
    const { construct, template, stack } = edge();
    const targets = { vpc: construct.loadBalancer.vpc, port: 8080, targetType: elbv2.TargetType.IP };
    construct.forward(stack, 'Rest', targets);
    for (const [id, path] of [
      ['First', '/a/*'],
      ['Second', '/b/*'],
    ] as const) {
      construct.forward(stack, id, { ...targets, conditions: [elbv2.ListenerCondition.pathPatterns([path])] });
    }
    const priorities = Object.values(template().findResources(RULE))
      .filter(({ Properties }) => Properties.Actions[0].Type === 'forward')
      .map(({ Properties }) => [Properties.Priority, Properties.Conditions[0].PathPatternConfig.Values]);
    expect(priorities).toEqual([
      [40_000, ['*']],
      [1000, ['/a/*']],
      [1010, ['/b/*']],
    ]);
  });

  it('points the domain names at itself, for IPv6 too where it has it', () => {
    const stack = new TestStack();
    const hostedZone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
      hostedZoneId: 'Z1',
      zoneName: 'example.org',
    });
    const network = new ec2.Vpc(stack, 'Dual', { ipProtocol: ec2.IpProtocol.DUAL_STACK, maxAzs: 2, natGateways: 0 });
    const domainNames = ['tts.example.org', 'example.org'];
    const props = { vpc: network, hostedZone, domainNames, ipAddressType: elbv2.IpAddressType.DUAL_STACK };
    const records = Object.values(edge(props, stack).template().findResources('AWS::Route53::RecordSet'));
    expect(records.map(({ Properties }) => [Properties.Type, Properties.Name])).toEqual([
      ['A', 'tts.example.org.'],
      ['AAAA', 'tts.example.org.'],
      ['A', 'example.org.'],
      ['AAAA', 'example.org.'],
    ]);
    expect(() => edge({ hostedZone, domainNames: ['tts.example.com'] })).toThrow(/is not in hosted zone "example.org"/);
    expect(() => edge({ hostedZone })).toThrow(/hostedZone is given but domainNames is not/);
  });

  it('is for IPv6 alone where it has no public IPv4: rules and records, whatever feature flags say', () => {
    const stack = new TestStack();
    const zone = { hostedZoneId: 'Z1', zoneName: 'example.org' };
    const { template } = edge(
      {
        vpc: new ec2.Vpc(stack, 'Dual', { ipProtocol: ec2.IpProtocol.DUAL_STACK, maxAzs: 2, natGateways: 0 }),
        hostedZone: route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', zone),
        domainNames: ['tts.example.org'],
        ipAddressType: elbv2.IpAddressType.DUAL_STACK_WITHOUT_PUBLIC_IPV4,
      },
      stack,
    );
    expect(only(template(), 'AWS::Route53::RecordSet').Type).toBe('AAAA');
    const group = only(template(), 'AWS::EC2::SecurityGroup').SecurityGroupIngress as Properties[];
    const open = group.filter(({ CidrIpv6 }) => CidrIpv6 === '::/0').map(({ FromPort }) => FromPort);
    expect(open).toEqual([80, 443]);
  });

  it('has the address of the first domain name, or its own', () => {
    const { construct, stack } = edge();
    expect(JSON.stringify(stack.resolve(construct.url))).toContain('DNSName');
    expect(edge({ domainNames: ['tts.example.org'] }).construct.url).toBe('https://tts.example.org');
  });

  it.each<[Partial<HttpsLoadBalancerProps>, RegExp]>([
    [{ idleTimeout: Duration.hours(2) }, /idleTimeout must be whole seconds from 1 to 4000, got 7200 s/],
    [{ securityHeaders: { frameOptions: 'ALLOW' } }, /frameOptions must be DENY or SAMEORIGIN, got "ALLOW"/],
    [{ securityHeaders: { contentSecurityPolicy: "default-src 'self'\n" } }, /printable ASCII/],
  ])('refuses %o, saying what is allowed', (props, message) => {
    expect(() => edge(props)).toThrow(message);
  });
});

describe('HttpsLoadBalancer.fromListener', () => {
  it('adds rules to a listener of this app where there is room', () => {
    const stack = new TestStack();
    const loadBalancer = new elbv2.ApplicationLoadBalancer(stack, 'Own', { vpc: vpc(stack) });
    const own = loadBalancer.addListener('Https', {
      port: 443,
      certificates: [{ certificateArn: ARN }],
      defaultAction: elbv2.ListenerAction.fixedResponse(404),
    });
    const condition = (path: string) => ({ conditions: [elbv2.ListenerCondition.pathPatterns([path])] });
    own.addAction('Theirs', { priority: 500, action: elbv2.ListenerAction.fixedResponse(200), ...condition('/x') });
    const shared = HttpsLoadBalancer.fromListener({ loadBalancer, listener: own, firstPriority: 500 });
    const targets = { vpc: loadBalancer.vpc, port: 8080, targetType: elbv2.TargetType.IP };
    shared.forward(stack, 'A', { ...targets, ...condition('/a') });
    const priorities = Object.values(Template.fromStack(stack).findResources(RULE)).map(
      ({ Properties }) => Properties.Priority,
    );
    expect(priorities).toEqual([500, 510]);
    expect(JSON.stringify(stack.resolve(shared.url))).toContain('DNSName');
  });

  it('refuses a listener without TLS', () => {
    const stack = new TestStack();
    const loadBalancer = new elbv2.ApplicationLoadBalancer(stack, 'Own', { vpc: vpc(stack) });
    const plain = loadBalancer.addListener('Http', {
      port: 80,
      defaultAction: elbv2.ListenerAction.fixedResponse(404),
    });
    expect(() => HttpsLoadBalancer.fromListener({ loadBalancer, listener: plain })).toThrow(/listener speaks HTTP/);
  });
});
