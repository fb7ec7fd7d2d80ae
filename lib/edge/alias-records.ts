import { Token } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';

/** Points domain names at a load balancer, for IPv4 and, where it has it, IPv6. */
export function addAliasRecords(
  scope: Construct,
  zone: route53.IHostedZone,
  domainNames: readonly string[],
  loadBalancer: elbv2.ApplicationLoadBalancer,
): void {
  if (domainNames.length === 0) {
    throw new Error(
      'HttpsLoadBalancer: hostedZone is given but domainNames is not; name at least one domain of the zone',
    );
  }
  const target = route53.RecordTarget.fromAlias(new LoadBalancerTarget(loadBalancer));
  const dualStack = loadBalancer.ipAddressType !== undefined && loadBalancer.ipAddressType !== elbv2.IpAddressType.IPV4;
  domainNames.forEach((recordName, index) => {
    checkInZone(recordName, zone);
    const suffix = index === 0 ? '' : String(index + 1);
    if (!hasOnlyIpv6(loadBalancer)) {
      new route53.ARecord(scope, `Alias${suffix}`, { zone, recordName: `${recordName}.`, target });
    }
    if (dualStack) new route53.AaaaRecord(scope, `AliasIpv6${suffix}`, { zone, recordName: `${recordName}.`, target });
  });
}

/** Whether clients reach it by IPv6 alone. */
export function hasOnlyIpv6({ ipAddressType }: elbv2.ApplicationLoadBalancer): boolean {
  return ipAddressType === elbv2.IpAddressType.DUAL_STACK_WITHOUT_PUBLIC_IPV4;
}

function checkInZone(name: string, zone: route53.IHostedZone): void {
  if (Token.isUnresolved(name) || Token.isUnresolved(zone.zoneName)) return;
  if (name !== zone.zoneName && !name.endsWith(`.${zone.zoneName}`)) {
    throw new Error(`HttpsLoadBalancer: domain name "${name}" is not in hosted zone "${zone.zoneName}"`);
  }
}
