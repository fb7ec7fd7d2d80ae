import { SecretValue } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { describe, expect, it } from 'vitest';
import { EdgeCertificate, HttpsLoadBalancer, type LoadBalancerOptions } from '../../../lib';
import { CERTIFICATE_ARN, containers, only, rules, service, TestStack, warnings } from '../support/stack';

const LISTENER = 'AWS::ElasticLoadBalancingV2::Listener';
const BALANCER = 'AWS::ElasticLoadBalancingV2::LoadBalancer';
const INGRESS = 'SecurityGroupIngress';

function edge(options: LoadBalancerOptions, stack = new TestStack()) {
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
  const certificate = EdgeCertificate.fromArn(CERTIFICATE_ARN);
  const construct = new HttpsLoadBalancer(stack, 'Edge', { vpc, certificate, ...options });
  return { construct, vpc, template: Template.fromStack(stack) };
}

describe('an internal load balancer on a port of its own', () => {
  const stack = new TestStack();
  const { construct, template } = edge(
    {
      internetFacing: false,
      httpsPort: 8443,
      redirectHttp: false,
      allowedPeers: [ec2.Peer.ipv4('10.0.0.0/8'), ec2.Peer.prefixList('pl-12345678')],
      additionalCertificates: [elbv2.ListenerCertificate.fromArn(`${CERTIFICATE_ARN}-2`)],
      mutualAuthentication: {
        mutualAuthenticationMode: elbv2.MutualAuthenticationMode.VERIFY,
        trustStore: elbv2.TrustStore.fromTrustStoreArn(
          stack,
          'Trust',
          'arn:aws:elasticloadbalancing:eu-west-1:111122223333:truststore/mine/0123456789abcdef',
        ),
      },
    },
    stack,
  );

  it('stands in private subnets', () => {
    const { Scheme, Subnets } = only(template, BALANCER);
    expect(Scheme).toBe('internal');
    expect(JSON.stringify(Subnets)).toContain('Private');
    expect(JSON.stringify(Subnets)).not.toContain('Public');
  });

  it('has one listener, with both certificates and the trust store of clients', () => {
    expect(only(template, LISTENER)).toMatchObject({
      Port: 8443,
      Protocol: 'HTTPS',
      Certificates: [{ CertificateArn: CERTIFICATE_ARN }],
      MutualAuthentication: { Mode: 'verify', TrustStoreArn: expect.stringContaining('truststore/mine') },
    });
    expect(only(template, 'AWS::ElasticLoadBalancingV2::ListenerCertificate').Certificates).toEqual([
      { CertificateArn: `${CERTIFICATE_ARN}-2` },
    ]);
    expect(construct.httpListener).toBeUndefined();
    expect(construct.url).toMatch(/^https:\/\/.*:8443$/);
  });

  it('admits those who are named, and nobody else', () => {
    const group = Object.values(template.findResources('AWS::EC2::SecurityGroup')).find(
      ({ Properties }) => Properties[INGRESS] !== undefined,
    );
    const inline = (group?.Properties[INGRESS] ?? []) as { CidrIp: string }[];
    expect(inline.map(({ CidrIp }) => CidrIp)).toEqual(['10.0.0.0/8']);
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      SourcePrefixListId: 'pl-12345678',
      FromPort: 8443,
    });
    expect(JSON.stringify(template.toJSON())).not.toContain('0.0.0.0/0","Description":"Allow from anyone');
  });
});

describe('a proxy in front', () => {
  const secret = SecretValue.secretsManager('origin');
  const { template, stack } = (() => {
    const found = service({ loadBalancerOptions: { originHeader: { value: secret, previousValue: secret } } });
    return { ...found, template: found.template() };
  })();

  it('is told by its header, without which nothing is forwarded', () => {
    const [rule, ...others] = rules(template);
    expect(others).toEqual([]);
    expect(rule?.properties.Conditions).toEqual([
      {
        Field: 'http-header',
        HttpHeaderConfig: {
          HttpHeaderName: 'X-Origin-Verify',
          Values: [
            '{{resolve:secretsmanager:origin:SecretString:::}}',
            '{{resolve:secretsmanager:origin:SecretString:::}}',
          ],
        },
      },
    ]);
    const https = Object.values(template.findResources(LISTENER)).find(({ Properties }) => Properties.Port === 443);
    expect(JSON.stringify(https?.Properties.DefaultActions)).toContain('"StatusCode":"403"');
  });

  it('has the gate look for the client one hop further, and the firewall without rates', () => {
    const other = service().template();
    const bundle = (found: Template) => JSON.stringify(containers(found)['gate-init']?.Environment);
    expect(bundle(template)).not.toBe(bundle(other));
    expect(JSON.stringify(only(template, 'AWS::WAFv2::WebACL'))).not.toContain('RateBasedStatement');
    expect(warnings(stack).join()).toContain('stands behind a proxy');
  });

  it('is a condition of rules that have others, too', () => {
    const stack2 = new TestStack();
    const found = service(
      {
        loadBalancerOptions: { originHeader: { value: secret, name: 'X-Secret' } },
        routing: [elbv2.ListenerCondition.hostHeaders(['tts.example.com'])],
        firewallEnabled: false,
      },
      stack2,
    ).template();
    expect(rules(found)[0]?.properties.Conditions).toMatchObject([
      { HttpHeaderConfig: { HttpHeaderName: 'X-Secret' } },
      { HostHeaderConfig: { Values: ['tts.example.com'] } },
    ]);
  });
});

it("Let's Encrypt needs port 80, and a load balancer that the internet reaches", () => {
  const certificate = EdgeCertificate.letsEncrypt({ email: 'ops@example.com' });
  const stack = new TestStack();
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
  const domainNames = ['tts.example.com'];
  expect(() => new HttpsLoadBalancer(stack, 'A', { vpc, certificate, domainNames, redirectHttp: false })).toThrow(
    'the load balancer must have a listener on port 80',
  );
  expect(() => new HttpsLoadBalancer(stack, 'B', { vpc, certificate, domainNames, internetFacing: false })).toThrow(
    'the load balancer is internal',
  );
});
