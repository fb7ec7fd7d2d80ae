import { Annotations, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { acknowledge } from '../shared/acknowledge';
import { checkDomainNames, checkInteger, checkSeconds } from '../shared/checks';
import { checkKinds } from '../shared/kinds';
import { LOG_KINDS, logOptions } from '../shared/log-options';
import { checkAccessLogBucket, createAccessLogBucket } from './access-log-bucket';
import { addAliasRecords, hasOnlyIpv6 } from './alias-records';
import type { EdgeCertificateConfig } from './edge-certificate';
import { type ExistingListenerProps, ExistingLoadBalancer } from './existing-load-balancer';
import type { HttpsLoadBalancerProps } from './https-load-balancer-props';
import { type ForwardProps, forward, type IHttpsLoadBalancer, RulePriorities } from './listener-rules';
import { originCondition } from './origin-header';
import { addSecurityHeaders, hideServer } from './security-headers';

/** Rules of our own by their priority; those of targets begin far behind. */
const PRIORITY = { redirect: 10, robots: 10 } as const;
const HTTPS_PORT = 443;
const HTTP_PORT = 80;

/**
 * A load balancer, internet-facing unless told otherwise, that speaks HTTPS only: port 80 redirects GET and HEAD and tells everything else to
 * use https; port 443 has a strong TLS policy and puts security headers on every answer.
 */
export class HttpsLoadBalancer extends Construct implements IHttpsLoadBalancer {
  /**
   * A load balancer that exists already, in this app or elsewhere: services are added to its HTTPS listener as rules.
   * Its own settings (TLS policy, headers, timeouts, logs) stay as they are.
   */
  public static fromListener(props: ExistingListenerProps): IHttpsLoadBalancer {
    return new ExistingLoadBalancer(props);
  }

  /** The load balancer. */
  public readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /** The same load balancer, for changing what this construct does not. */
  public readonly applicationLoadBalancer: elbv2.ApplicationLoadBalancer;
  /** The HTTPS listener, on port 443 unless told otherwise. */
  public readonly httpsListener: elbv2.ApplicationListener;
  /** The listener on port 80, unless it is switched off. */
  public readonly httpListener?: elbv2.ApplicationListener;
  /** The certificate in use, and who looks after it. */
  public readonly certificate: EdgeCertificateConfig;
  /** ARN of the certificate in use. */
  public readonly certificateArn: string;
  /** Where clients find the service: `https://` and the first domain name, or the load balancer's DNS name. */
  public readonly url: string;
  /** How long a connection may be silent. */
  public readonly idleTimeout?: Duration;
  /** Whether access is logged. */
  public readonly logsAccess: boolean;
  /** Proxies up to the load balancer: 2 where `originHeader` says that one stands before it. */
  public readonly trustedHops?: number;
  private readonly priorities = new RulePriorities();
  /** What every request must meet. */
  private readonly required: readonly elbv2.ListenerCondition[];

  constructor(scope: Construct, id: string, props: HttpsLoadBalancerProps) {
    super(scope, id);
    checkKinds(
      'HttpsLoadBalancer',
      props,
      {
        vpc: 'vpc',
        certificate: 'certificate',
        domainNames: 'texts',
        hostedZone: 'object',
        idleTimeout: 'duration',
        securityHeaders: 'object',
        accessLogs: 'boolean',
        accessLogBucket: 'object',
        deletionProtection: 'boolean',
        securityGroup: 'object',
        vpcSubnets: 'object',
        internetFacing: 'boolean',
        httpsPort: 'number',
        redirectHttp: 'boolean',
        allowedPeers: 'list',
        additionalCertificates: 'list',
        mutualAuthentication: 'object',
        originHeader: 'object',
        ...LOG_KINDS,
      },
      ['vpc', 'certificate'],
    );
    const idleTimeout = props.idleTimeout ?? Duration.seconds(125);
    checkSeconds('HttpsLoadBalancer: idleTimeout', idleTimeout, 1, 4000);
    this.idleTimeout = idleTimeout;
    const { internetFacing = true, httpsPort = HTTPS_PORT } = props;
    checkInteger('HttpsLoadBalancer: httpsPort', httpsPort, 1, 65_535);
    if (httpsPort === HTTP_PORT && props.redirectHttp !== false) {
      throw new Error(
        'HttpsLoadBalancer: httpsPort 80 is where redirectHttp answers; switch that off or choose another',
      );
    }
    if (props.allowedPeers?.length === 0) {
      throw new Error('HttpsLoadBalancer: allowedPeers must name at least one, got none; leave it out to admit anyone');
    }
    this.required = props.originHeader ? [originCondition(props.originHeader)] : [];
    // The proxy writes the client's address, the load balancer the proxy's.
    this.trustedHops = props.originHeader ? 2 : 1;
    this.applicationLoadBalancer = new elbv2.ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc: props.vpc,
      internetFacing,
      securityGroup: props.securityGroup,
      ipAddressType: props.ipAddressType,
      idleTimeout,
      dropInvalidHeaderFields: true,
      // Networks may have two public subnets a zone; a load balancer takes one.
      vpcSubnets: props.vpcSubnets ?? { onePerAz: true, ...(internetFacing && { subnetType: ec2.SubnetType.PUBLIC }) },
      desyncMitigationMode: props.desyncMitigationMode ?? elbv2.DesyncMitigationMode.DEFENSIVE,
      deletionProtection: props.deletionProtection ?? false,
    });
    this.loadBalancer = this.applicationLoadBalancer;
    acknowledge(this.applicationLoadBalancer, {
      'AwsSolutions-EC23': 'A public service: ports 80 and 443 are open to the world on purpose, 80 only to say so.',
    });
    this.logsAccess = this.logAccess(props);

    const domainNames = checkDomainNames('HttpsLoadBalancer: domainNames', props.domainNames ?? []);
    if (props.redirectHttp !== false) this.httpListener = this.createHttpListener(props, httpsPort);
    this.certificate = props.certificate.bind(new Construct(this, 'Certificate'), {
      loadBalancerDnsName: this.applicationLoadBalancer.loadBalancerDnsName,
      domainNames,
      loadBalancer: this.applicationLoadBalancer,
      httpListener: this.httpListener,
      ...logOptions(props),
    });
    const { certificate } = this.certificate;
    this.certificateArn = certificate.certificateArn;
    const host = domainNames[0] ?? this.applicationLoadBalancer.loadBalancerDnsName;
    this.url = `https://${host}${httpsPort === HTTPS_PORT ? '' : `:${httpsPort}`}`;
    this.httpsListener = this.createHttpsListener(props, httpsPort, certificate);
    if (props.hostedZone) addAliasRecords(this, props.hostedZone, domainNames, this.applicationLoadBalancer);
  }

  /** Forwards requests to targets: those that meet the conditions, or all that no other rule took. */
  public forward(scope: Construct, id: string, props: ForwardProps): elbv2.ApplicationTargetGroup {
    return forward(scope, id, this.httpsListener, this.priorities, props, this.required);
  }

  private createHttpListener(props: HttpsLoadBalancerProps, httpsPort: number): elbv2.ApplicationListener {
    const listener = this.applicationLoadBalancer.addListener('Http', {
      port: HTTP_PORT,
      protocol: elbv2.ApplicationProtocol.HTTP,
      open: props.allowedPeers === undefined,
      // A redirect would turn a POST into a GET and lose its body: better to say what is wrong.
      defaultAction: jsonResponse(403, 'This service speaks HTTPS only: use https:// instead of http://'),
    });
    listener.addAction('Redirect', {
      priority: PRIORITY.redirect,
      conditions: [elbv2.ListenerCondition.httpRequestMethods(['GET', 'HEAD'])],
      action: elbv2.ListenerAction.redirect({ protocol: 'HTTPS', port: String(httpsPort), permanent: true }),
    });
    this.admit(listener, props.allowedPeers);
    hideServer(listener);
    return listener;
  }

  private createHttpsListener(
    props: HttpsLoadBalancerProps,
    port: number,
    certificate: elbv2.IListenerCertificate,
  ): elbv2.ApplicationListener {
    const listener = this.applicationLoadBalancer.addListener('Https', {
      port,
      protocol: elbv2.ApplicationProtocol.HTTPS,
      open: props.allowedPeers === undefined,
      certificates: [certificate, ...(props.additionalCertificates ?? [])],
      mutualAuthentication: props.mutualAuthentication,
      sslPolicy: props.sslPolicy ?? elbv2.SslPolicy.TLS13_12_RES_PQ,
      defaultAction: props.originHeader ? jsonResponse(403, 'Forbidden') : jsonResponse(404, 'Not Found'),
    });
    listener.addAction('Robots', {
      priority: PRIORITY.robots,
      conditions: [elbv2.ListenerCondition.pathPatterns(['/robots.txt'])],
      action: elbv2.ListenerAction.fixedResponse(200, {
        contentType: 'text/plain',
        messageBody: 'User-agent: *\nDisallow: /\n',
      }),
    });
    this.admit(listener, props.allowedPeers);
    addSecurityHeaders(listener, props.securityHeaders);
    return listener;
  }

  /** Without a feature flag of aws-cdk-lib, a load balancer that has no public IPv4 admits IPv4 alone. */
  private admit(listener: elbv2.ApplicationListener, peers: ec2.IPeer[] | undefined): void {
    for (const peer of peers ?? []) listener.connections.allowDefaultPortFrom(peer);
    if (peers || !hasOnlyIpv6(this.applicationLoadBalancer)) return;
    listener.connections.allowDefaultPortFrom(ec2.Peer.anyIpv6(), `Allow from anyone on port ${listener.port}`);
  }

  private logAccess(props: HttpsLoadBalancerProps): boolean {
    if (props.accessLogs === false) {
      acknowledge(this.applicationLoadBalancer, {
        'AwsSolutions-ELB2': 'Access logs are switched off by the prop accessLogs.',
      });
      return false;
    }
    if (Token.isUnresolved(Stack.of(this).region)) {
      Annotations.of(this).addWarningV2(
        'voicegate:accessLogs',
        "Access is not logged: the region is unknown at synthesis, and the log bucket's policy depends on it. Give the stack an env with a region.",
      );
      acknowledge(this.applicationLoadBalancer, { 'AwsSolutions-ELB2': 'Needs a region that is known at synthesis.' });
      return false;
    }
    if (props.accessLogBucket) checkAccessLogBucket(this, props.accessLogBucket);
    const bucket =
      props.accessLogBucket ?? createAccessLogBucket(this, 'AccessLogs', props.removalPolicy ?? RemovalPolicy.DESTROY);
    this.applicationLoadBalancer.logAccessLogs(bucket, 'access');
    this.applicationLoadBalancer.logConnectionLogs(bucket, 'connections');
    // Deletion goes the other way: the load balancer stops logging before its bucket is emptied.
    const emptying = bucket.node.tryFindChild('AutoDeleteObjectsCustomResource');
    if (emptying) this.applicationLoadBalancer.node.addDependency(emptying);
    return true;
  }
}

/** An answer of the load balancer itself, in the form of the gate's. */
function jsonResponse(status: number, error: string): elbv2.ListenerAction {
  return elbv2.ListenerAction.fixedResponse(status, {
    contentType: 'application/json',
    messageBody: JSON.stringify({ error }),
  });
}
