import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as route53 from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { EdgeCertificate } from '../../../lib';
import { only, TestStack, warnings } from '../support/stack';

const ARN = 'arn:aws:acm:eu-west-1:111122223333:certificate/11111111-2222-3333-4444-555555555555';

function bound(certificate: EdgeCertificate, domainNames: string[] = [], stack = new TestStack()) {
  const scope = new Construct(stack, 'Edge');
  const config = certificate.bind(scope, { loadBalancerDnsName: 'lb.example.amazonaws.com', domainNames });
  return { stack, config };
}

describe('EdgeCertificate.fromArn', () => {
  it('uses the certificate that is there', () => {
    expect(bound(EdgeCertificate.fromArn(ARN)).config).toMatchObject({
      certificate: { certificateArn: ARN },
      publiclyTrusted: true,
    });
  });

  it('refuses what is no certificate', () => {
    expect(() => EdgeCertificate.fromArn('arn:aws:iam::111122223333:server-certificate/x')).toThrow(
      /is no certificate of AWS Certificate Manager; expected arn:PARTITION:acm/,
    );
  });

  it("refuses a certificate of another region, such as CloudFront's", () => {
    const arn = ARN.replace('eu-west-1', 'us-east-1');
    expect(() => bound(EdgeCertificate.fromArn(arn))).toThrow(
      /is in us-east-1, but its load balancer is in eu-west-1.*CloudFront/,
    );
  });

  it('trusts the ARN where the region is unknown at synthesis', () => {
    expect(() => bound(EdgeCertificate.fromArn(ARN), [], new TestStack({}))).not.toThrow();
  });
});

describe('EdgeCertificate.fromCertificate', () => {
  it('uses a construct of the consumer', () => {
    const stack = new TestStack();
    const certificate = acm.Certificate.fromCertificateArn(stack, 'Own', ARN);
    expect(bound(EdgeCertificate.fromCertificate(certificate), [], stack).config.certificate).toBe(certificate);
  });
});

describe('EdgeCertificate.dnsValidated', () => {
  const inZone = (stack: TestStack) =>
    route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.org' });

  it('requests one certificate for all names and validates them in the zone', () => {
    const stack = new TestStack();
    bound(EdgeCertificate.dnsValidated(inZone(stack)), ['tts.example.org', 'example.org'], stack);
    Template.fromStack(stack).hasResourceProperties('AWS::CertificateManager::Certificate', {
      DomainName: 'tts.example.org',
      SubjectAlternativeNames: ['example.org'],
      ValidationMethod: 'DNS',
      DomainValidationOptions: Match.arrayWith([{ DomainName: 'tts.example.org', HostedZoneId: 'Z1' }]),
    });
  });

  it('refuses a name outside the zone, and none at all', () => {
    const stack = new TestStack();
    const certificate = EdgeCertificate.dnsValidated(inZone(stack));
    expect(() => bound(certificate, ['tts.example.com'], stack)).toThrow(
      /"tts.example.com" is not in hosted zone "example.org"/,
    );
    expect(() => bound(certificate, ['notexample.org'])).toThrow(/not in hosted zone/);
    expect(() => bound(certificate)).toThrow(/domainNames must hold at least one name of zone example.org, got none/);
  });
});

describe('EdgeCertificate.selfSigned', () => {
  const template = (stack: TestStack) => Template.fromStack(stack);

  it('covers the load balancer and the domain names, for a year', () => {
    const { stack } = bound(EdgeCertificate.selfSigned(), ['tts.example.org']);
    expect(only(template(stack), 'Custom::SelfSignedCertificate')).toMatchObject({
      commonName: 'voicegate',
      domainNames: ['lb.example.amazonaws.com', 'tts.example.org'],
      validityDays: '365',
      ServiceTimeout: '840',
    });
  });

  it('warns that clients will not trust it', () => {
    const { stack, config } = bound(EdgeCertificate.selfSigned());
    expect(config.publiclyTrusted).toBe(false);
    expect(warnings(stack).join()).toContain('The certificate is self-signed');
  });

  it('is looked at every day, by the function that made it', () => {
    const { stack } = bound(EdgeCertificate.selfSigned({ validity: Duration.days(90) }));
    const rule = only(template(stack), 'AWS::Events::Rule');
    expect(rule.ScheduleExpression).toBe('rate(1 day)');
    const [target] = rule.Targets as { Input: unknown }[];
    expect(JSON.stringify(target?.Input)).toMatch(/renew.*certificateArn.*Ref.*validityDays.*90/);
  });

  it('keeps its rights until the certificate is deleted, and never runs twice for one request', () => {
    const { stack } = bound(EdgeCertificate.selfSigned());
    const [resource] = Object.values(template(stack).findResources('Custom::SelfSignedCertificate'));
    expect(resource?.DependsOn).toContainEqual(expect.stringContaining('DefaultPolicy'));
    template(stack).hasResourceProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 });
  });

  it('may touch only certificates that carry the tag of its stack', () => {
    const { stack } = bound(EdgeCertificate.selfSigned());
    const { PolicyDocument } = only(template(stack), 'AWS::IAM::Policy') as {
      PolicyDocument: { Statement: unknown[] };
    };
    const statements = PolicyDocument.Statement.filter((entry) => JSON.stringify(entry).includes('acm:'));
    expect(statements).toEqual([
      expect.objectContaining({
        Action: ['acm:ImportCertificate', 'acm:AddTagsToCertificate'],
        Condition: { StringEquals: { 'aws:RequestTag/voicegate:stack': { Ref: 'AWS::StackId' } } },
      }),
      expect.objectContaining({
        Action: ['acm:ImportCertificate', 'acm:GetCertificate', 'acm:DeleteCertificate'],
        Condition: { StringEquals: { 'aws:ResourceTag/voicegate:stack': { Ref: 'AWS::StackId' } } },
      }),
    ]);
  });

  it.each([30, 398])('refuses %i days', (days) => {
    expect(() => bound(EdgeCertificate.selfSigned({ validity: Duration.days(days) }))).toThrow(
      `validity in days must be a whole number from 60 to 397, got ${days}`,
    );
  });
});
