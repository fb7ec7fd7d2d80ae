import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { EdgeCertificate, Firewall, HttpsLoadBalancer, type LetsEncryptOptions } from '../../../lib';
import { bundlePath } from '../../../lib/shared/package-root';
import { only, TestStack } from '../support/stack';

const NAME = 'tts.example.com';

function balanced(options: LetsEncryptOptions = {}, domainNames: string[] = [NAME]) {
  const stack = new TestStack();
  const edge = new HttpsLoadBalancer(stack, 'Edge', {
    vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 }),
    certificate: EdgeCertificate.letsEncrypt(options),
    domainNames,
  });
  return { stack, edge };
}

/** The settings of the ordering function, with references in angle brackets. */
function settings(template: Template): Record<string, unknown> {
  const [found] = Object.values(template.findResources('AWS::Lambda::Function'))
    .map(({ Properties }) => Properties.Environment?.Variables?.ORDER_SETTINGS)
    .filter(Boolean);
  const parts = found['Fn::Join'][1] as (string | object)[];
  return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : '<reference>')).join('')) as Record<
    string,
    unknown
  >;
}

describe('EdgeCertificate.letsEncrypt', () => {
  it('deploys at once with a self-signed certificate, under whose ARN every other one is imported', () => {
    const { stack, edge } = balanced();
    const template = Template.fromStack(stack);
    const [id] = Object.keys(template.findResources('Custom::SelfSignedCertificate'));
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 443,
      Certificates: [{ CertificateArn: { Ref: id } }],
    });
    expect(stack.resolve(edge.certificateArn)).toEqual({ Ref: id });
    expect(settings(template)).toMatchObject({
      domainNames: [NAME],
      directoryUrl: 'https://acme-v02.api.letsencrypt.org/directory',
    });
  });

  it('keeps that certificate where a stack changes from and to selfSigned', () => {
    const ids = [EdgeCertificate.letsEncrypt(), EdgeCertificate.selfSigned()].map((certificate) => {
      const stack = new TestStack();
      new HttpsLoadBalancer(stack, 'Edge', {
        vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 }),
        certificate,
        domainNames: [NAME],
      });
      return Object.keys(Template.fromStack(stack).findResources('Custom::SelfSignedCertificate'));
    });
    expect(ids[0]).toEqual(ids[1]);
  });

  it('answers challenges on port 80 before the redirect, by GET and on their path alone', () => {
    const template = Template.fromStack(balanced().stack);
    const rules = Object.values(template.findResources('AWS::ElasticLoadBalancingV2::ListenerRule')).map(
      ({ Properties }) => Properties,
    );
    const challenge = rules.find(({ Actions }) => Actions[0].Type === 'forward');
    const redirect = rules.find(({ Actions }) => Actions[0].Type === 'redirect');
    expect(challenge?.Priority).toBeLessThan(redirect?.Priority);
    expect(challenge?.ListenerArn).toEqual(redirect?.ListenerArn);
    expect(challenge?.Conditions).toEqual([
      { Field: 'path-pattern', PathPatternConfig: { Values: ['/.well-known/acme-challenge/*'] } },
      { Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['GET'] } },
    ]);
  });

  it('lets the load balancer, and no other, call the function that answers; that one has no rights', () => {
    const template = Template.fromStack(balanced().stack);
    const [[permissionId, permission]] = Object.entries(template.findResources('AWS::Lambda::Permission')).filter(
      ([, { Properties }]) => Properties.Principal === 'elasticloadbalancing.amazonaws.com',
    ) as [[string, { Properties: Record<string, unknown> }]];
    expect(permission.Properties.SourceAccount).toBe('111122223333');
    const [group] = Object.values(template.findResources('AWS::ElasticLoadBalancingV2::TargetGroup')).filter(
      ({ Properties }) => Properties.TargetType === 'lambda',
    );
    expect(group?.DependsOn).toContain(permissionId);
    // One and the same name, made of the load balancer's id.
    const name = JSON.stringify(group?.Properties.Name);
    expect(name).toContain('["acme",{"Fn::Select":[3,');
    expect(JSON.stringify(permission.Properties.SourceArn)).toContain(`targetgroup/",${name},"/*"`);
    const [answering] = Object.values(template.findResources('AWS::Lambda::Function')).filter(
      ({ Properties }) => Properties.Environment?.Variables?.ACCOUNT_THUMBPRINT,
    );
    const role = answering?.Properties.Role['Fn::GetAtt'][0];
    const policies = Object.values(template.findResources('AWS::IAM::Policy')).filter(({ Properties }) =>
      JSON.stringify(Properties.Roles).includes(role),
    );
    const actions = policies.flatMap(({ Properties }) =>
      Properties.PolicyDocument.Statement.flatMap(({ Action }: { Action: unknown }) => Action),
    );
    expect(actions).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);
  });

  it('looks every hour, and is not run twice for one hour', () => {
    const template = Template.fromStack(balanced().stack);
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 hour)' });
    template.resourcePropertiesCountIs('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 }, 2);
  });

  it('has the key of its account made into a secret without a value, once', () => {
    const template = Template.fromStack(balanced().stack);
    const secret = only(template, 'AWS::SecretsManager::Secret');
    expect(secret).not.toHaveProperty('GenerateSecretString');
    expect(secret).not.toHaveProperty('SecretString');
    const [id] = Object.keys(template.findResources('AWS::SecretsManager::Secret'));
    expect(only(template, 'Custom::AcmeAccountKey')).toMatchObject({
      accountKeySecretArn: { Ref: id },
      domainNames: [NAME],
    });
  });

  it('orders elsewhere, with an account that the authority knows, a profile and a root of its own', () => {
    const stack = new TestStack();
    const hmacKey = secretsmanager.Secret.fromSecretCompleteArn(
      stack,
      'Hmac',
      'arn:aws:secretsmanager:eu-west-1:111122223333:secret:hmac-AbCdEf',
    );
    const root = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    const template = Template.fromStack(
      balanced({
        email: 'ops@example.com',
        directoryUrl: 'https://acme.internal:14000/dir',
        profile: 'shortlived',
        rootCertificate: root,
        externalAccount: { keyId: 'kid-1', hmacKey },
      }).stack,
    );
    expect(settings(template)).toMatchObject({
      email: 'ops@example.com',
      directoryUrl: 'https://acme.internal:14000/dir',
      profile: 'shortlived',
      rootCertificate: root,
      externalAccount: { keyId: 'kid-1', hmacKeySecretArn: hmacKey.secretArn },
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: Match.arrayWith(['secretsmanager:GetSecretValue']), Resource: hmacKey.secretArn }),
        ]),
      },
    });
  });

  it("names Let's Encrypt's staging environment", () => {
    expect(EdgeCertificate.LETS_ENCRYPT_STAGING).toBe('https://acme-staging-v02.api.letsencrypt.org/directory');
  });

  it.each<[LetsEncryptOptions, string[], RegExp]>([
    [{}, [], /domainNames must hold at least one name, got none/],
    [{}, ['*.example.com'], /"\*\.example\.com" is a wildcard.*list the names one by one, or validate by DNS/],
    [{}, ['localhost'], /"localhost" is not a domain name/],
    [{}, ['192.0.2.1'], /"192.0.2.1" is no(t a)? domain name/],
    [{ email: 'ops' }, [NAME], /email must be an address such as ops@example.com, got "ops"/],
    [{ directoryUrl: 'http://a.example' }, [NAME], /directoryUrl must be an https URL, got "http:\/\/a.example"/],
    [{ profile: 'a b' }, [NAME], /profile must be a name such as shortlived, got "a b"/],
    [{ rootCertificate: 'nonsense' }, [NAME], /rootCertificate must be one certificate in PEM, got 8 characters/],
    [
      {},
      Array.from({ length: 100 }, (_, i) => `${'a'.repeat(40)}${i}.example.com`),
      /take \d+ characters together, at most 3500/,
    ],
  ])('refuses %j for %j', (options, names, message) => {
    expect(() => balanced(options, names)).toThrow(message);
  });

  it('refuses a load balancer that no authority can ask, and says what to do instead', () => {
    const stack = new TestStack();
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
    const bind = (internetFacing: boolean, port?: number) => {
      const scope = new Construct(stack, `Balancer${internetFacing}${port}`);
      const loadBalancer = new elbv2.ApplicationLoadBalancer(scope, 'Alb', { vpc, internetFacing });
      const action = elbv2.ListenerAction.fixedResponse(404);
      const httpListener =
        port === undefined
          ? undefined
          : loadBalancer.addListener('L', { port, protocol: elbv2.ApplicationProtocol.HTTP, defaultAction: action });
      const options = { loadBalancerDnsName: 'lb.example', domainNames: [NAME], loadBalancer, httpListener };
      return () => EdgeCertificate.letsEncrypt().bind(scope, options);
    };
    const instead = 'validate by DNS instead: EdgeCertificate.dnsValidated(zone), or "voicegate certificate request"';
    expect(bind(false, 80)).toThrow(`is internal, so no authority on the internet can ask it; ${instead}`);
    expect(bind(true)).toThrow(
      `must have a listener on port 80, on which challenges are answered, got none; ${instead}`,
    );
    expect(bind(true, 8080)).toThrow(
      `must be the one on port 80, where challenges are asked, got port 8080; ${instead}`,
    );
    expect(bind(true, 80)).not.toThrow();
  });
});

describe('the firewall before it', () => {
  const rules = (stack: TestStack): { Name: string; Priority: number; Action: object; Statement: object }[] =>
    only(Template.fromStack(stack), 'AWS::WAFv2::WebACL').Rules as never;

  it('lets challenges pass before all other rules, exactly as they are answered', () => {
    const { stack, edge } = balanced();
    const firewall = new Firewall(stack, 'Firewall', { blockedCidrs: ['192.0.2.0/24'] });
    const before = firewall.capacity;
    firewall.protect(edge.loadBalancer);
    const [first, second] = rules(stack).sort((a, b) => a.Priority - b.Priority);
    expect(first).toMatchObject({ Name: 'AcmeChallenge', Priority: 0, Action: { Allow: {} } });
    expect(second?.Name).toBe('BlockedCidrs');
    expect(JSON.stringify(first?.Statement)).toContain('^/\\\\.well-known/acme-challenge/[A-Za-z0-9_-]{16,256}$');
    expect(firewall.capacity).toBe(before + 5);
  });

  it('has no such rule where nobody asks for challenges', () => {
    const stack = new TestStack();
    const edge = new HttpsLoadBalancer(stack, 'Edge', {
      vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 }),
      certificate: EdgeCertificate.selfSigned(),
    });
    new Firewall(stack, 'Firewall').protect(edge.loadBalancer);
    expect(rules(stack).map(({ Name }) => Name)).not.toContain('AcmeChallenge');
  });
});

describe('the bundles', () => {
  it('are there', () => {
    for (const name of ['acme-order', 'acme-challenge']) expect(() => bundlePath(`lambda/${name}`)).not.toThrow();
  });
});
