import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as route53 from 'aws-cdk-lib/aws-route53';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { LogOptions } from '../shared/log-options';
import type { EdgeCertificate } from './edge-certificate';
import type { OriginHeader } from './origin-header';
import type { SecurityHeaders } from './security-headers';

/** Options of a load balancer that have safe defaults. */
export interface LoadBalancerOptions {
  /**
   * Whether the load balancer has public addresses. An internal one is reached from its network and what is connected to
   * it alone; it stands in private subnets.
   * @default true
   */
  readonly internetFacing?: boolean;
  /**
   * Port on which HTTPS is served, from 1 to 65535.
   * @default 443
   */
  readonly httpsPort?: number;
  /**
   * Whether port 80 answers: GET and HEAD with a redirect to HTTPS, all else with a refusal. `EdgeCertificate.letsEncrypt`
   * needs it.
   * @default true
   */
  readonly redirectHttp?: boolean;
  /**
   * Who may connect: networks, prefix lists such as that of CloudFront's origins, security groups.
   * @default - anyone
   */
  readonly allowedPeers?: ec2.IPeer[];
  /**
   * Further certificates of the HTTPS listener, which chooses by the name that a client asks for. AWS allows 25.
   * @default - only `certificate`
   */
  readonly additionalCertificates?: elbv2.IListenerCertificate[];
  /**
   * Certificates that clients must show, and the trust store against which they are verified. The gate wants a credential
   * besides.
   * @default - clients need no certificate
   */
  readonly mutualAuthentication?: elbv2.MutualAuthentication;
  /**
   * A header with a secret that a proxy in front, such as CloudFront, puts on every request: others are refused with 403.
   * The client's address is then the one that the proxy reports.
   * @default - none: clients connect directly
   */
  readonly originHeader?: OriginHeader;
  /**
   * TLS policy.
   * @default SslPolicy.TLS13_12_RES_PQ: TLS 1.3 and 1.2, forward secrecy, post-quantum key exchange
   */
  readonly sslPolicy?: elbv2.SslPolicy;
  /**
   * Headers on every answer.
   * @default - HSTS, a strict content security policy, nosniff, no framing
   */
  readonly securityHeaders?: SecurityHeaders;
  /**
   * Whether access and connections are logged. Access logs hold full URLs: with synthesis by GET also the text.
   * @default true, except where the region is unknown at synthesis
   */
  readonly accessLogs?: boolean;
  /**
   * Your own bucket for access logs, encrypted with keys of S3.
   * @default - a new bucket, whose objects expire after 14 days
   */
  readonly accessLogBucket?: s3.IBucket;
  /**
   * What becomes of a new log bucket and its objects when the stack is destroyed.
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * Whether AWS refuses to delete the load balancer.
   * @default false
   */
  readonly deletionProtection?: boolean;
  /**
   * Security group of the load balancer; its ports (80 and 443) are opened in it.
   * @default - a new one
   */
  readonly securityGroup?: ec2.ISecurityGroup;
  /**
   * IPv4, or IPv4 and IPv6 (the network must then have IPv6), or IPv6 alone for clients.
   * @default elbv2.IpAddressType.IPV4
   */
  readonly ipAddressType?: elbv2.IpAddressType;
  /**
   * Subnets of the load balancer, one a zone, in at least two zones.
   * @default - one public subnet of each zone; a private one where it is internal
   */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /**
   * What becomes of requests that two servers might read differently. `STRICTEST` also refuses what honest clients send:
   * a GET with `Content-Length: 0`, spaces in a path.
   * @default elbv2.DesyncMitigationMode.DEFENSIVE
   */
  readonly desyncMitigationMode?: elbv2.DesyncMitigationMode;
}

/** Options of the load balancer. */
export interface HttpsLoadBalancerProps extends LoadBalancerOptions, LogOptions {
  /** Network with public subnets (private ones, where it is internal) in at least two availability zones. */
  readonly vpc: ec2.IVpc;
  /** The certificate that clients see. */
  readonly certificate: EdgeCertificate;
  /**
   * Names under which clients reach the service.
   * @default - none: the load balancer's own DNS name
   */
  readonly domainNames?: string[];
  /**
   * A Route 53 hosted zone in which the domain names become alias records of the load balancer.
   * @default - none: their DNS records are yours
   */
  readonly hostedZone?: route53.IHostedZone;
  /**
   * How long a connection may be silent, from 1 to 4000 seconds. It must exceed the longest request.
   * @default Duration.seconds(125)
   */
  readonly idleTimeout?: Duration;
}
