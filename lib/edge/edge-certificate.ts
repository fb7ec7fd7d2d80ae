import { Annotations, ArnFormat, type Duration, Stack, Token } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as route53 from 'aws-cdk-lib/aws-route53';
import type { Construct } from 'constructs';
import { LETS_ENCRYPT } from '../../contract/acme';
import { checkKinds } from '../shared/kinds';
import { type LogOptions, logOptions } from '../shared/log-options';
import { AcmeOrders } from './acme-orders';
import {
  checkLetsEncryptNames,
  checkLetsEncryptOptions,
  checkReachable,
  type LetsEncryptOptions,
} from './lets-encrypt-options';
import { SelfSignedCertificate } from './self-signed-certificate';

/** What a certificate is for. */
export interface EdgeCertificateBindOptions extends LogOptions {
  /** DNS name of the load balancer that shows the certificate. */
  readonly loadBalancerDnsName: string;
  /** Names under which clients reach it. */
  readonly domainNames: string[];
  /**
   * The load balancer itself.
   * @default - not told: `letsEncrypt` needs it
   */
  readonly loadBalancer?: elbv2.IApplicationLoadBalancer;
  /**
   * Its listener on port 80, to which a rule for challenges may be added.
   * @default - none: `letsEncrypt` needs it
   */
  readonly httpListener?: elbv2.IApplicationListener;
}

/** A certificate in AWS Certificate Manager, ready for a listener. */
export interface EdgeCertificateConfig {
  /** The certificate. */
  readonly certificate: acm.ICertificate;
  /** Whether clients can verify it by the certificate authorities they already trust. */
  readonly publiclyTrusted: boolean;
  /**
   * Whether AWS Certificate Manager renews it by itself, and tells by events when it cannot.
   * @default false
   */
  readonly managedRenewal?: boolean;
  /**
   * The functions that look after it. What they tell are metrics of the namespace `Voicegate` by the dimension
   * `Certificate`, its ARN.
   * @default - none
   */
  readonly functions?: lambda.IFunction[];
  /**
   * Whether nobody has signed it but itself, for good.
   * @default false
   */
  readonly selfSigned?: boolean;
  /**
   * Days before its end on which it should have been renewed.
   * @default 7
   */
  readonly expiryAlarmDays?: number;
}

/** Options of a self-signed certificate. */
export interface SelfSignedCertificateOptions {
  /**
   * Days for which the certificate is valid, from 60 to 397. It is renewed 30 days before its end.
   * @default 365
   */
  readonly validity?: Duration;
}

/** Where the certificate of the load balancer comes from. */
export abstract class EdgeCertificate {
  /** Directory of Let's Encrypt's staging environment: nobody trusts its certificates, and its limits are wide. */
  public static readonly LETS_ENCRYPT_STAGING: string = LETS_ENCRYPT.staging;

  /** A certificate that AWS Certificate Manager already holds, in the load balancer's region. */
  public static fromArn(certificateArn: string): EdgeCertificate {
    checkKinds('EdgeCertificate.fromArn', { certificateArn }, { certificateArn: 'text' }, ['certificateArn']);
    if (
      !Token.isUnresolved(certificateArn) &&
      !/^arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate\/.+$/.test(certificateArn)
    ) {
      throw new Error(
        `EdgeCertificate.fromArn: "${certificateArn}" is no certificate of AWS Certificate Manager; ` +
          'expected arn:PARTITION:acm:REGION:ACCOUNT:certificate/ID',
      );
    }
    return new ArnCertificate(certificateArn);
  }

  /** A certificate construct of your own. */
  public static fromCertificate(certificate: acm.ICertificate): EdgeCertificate {
    return new GivenCertificate(certificate);
  }

  /**
   * A public certificate for the domain names, validated through a Route 53 hosted zone. Deployment waits until it is
   * issued, some minutes.
   */
  public static dnsValidated(hostedZone: route53.IHostedZone): EdgeCertificate {
    return new DnsValidatedCertificate(hostedZone);
  }

  /**
   * A certificate that nobody signed but itself, for the load balancer's own DNS name and the domain names: encrypted,
   * but clients must be told to trust it. For trials and closed groups.
   */
  public static selfSigned(options: SelfSignedCertificateOptions = {}): EdgeCertificate {
    return new OwnCertificate(options);
  }

  /**
   * A public certificate for the domain names by Let's Encrypt, or by another authority that speaks ACME: no hosted
   * zone is needed. The stack deploys at once with a self-signed certificate. A function looks every hour, after two
   * days every six hours, whether the names lead to the load balancer, orders the certificate then, and renews it.
   */
  public static letsEncrypt(options: LetsEncryptOptions = {}): EdgeCertificate {
    checkLetsEncryptOptions(options);
    return new LetsEncryptCertificate(options);
  }

  /** Called by the load balancer when it needs its certificate. */
  public abstract bind(scope: Construct, options: EdgeCertificateBindOptions): EdgeCertificateConfig;
}

class ArnCertificate extends EdgeCertificate {
  constructor(private readonly certificateArn: string) {
    super();
  }

  public bind(scope: Construct, _options: EdgeCertificateBindOptions): EdgeCertificateConfig {
    const stack = Stack.of(scope);
    if (!Token.isUnresolved(this.certificateArn) && !Token.isUnresolved(stack.region)) {
      const { region } = stack.splitArn(this.certificateArn, ArnFormat.SLASH_RESOURCE_NAME);
      if (region !== stack.region) {
        throw new Error(
          `EdgeCertificate.fromArn: the certificate is in ${region}, but its load balancer is in ${stack.region}; ` +
            'a load balancer needs a certificate of its own region (one made for CloudFront is always in us-east-1): ' +
            `request or import it in ${stack.region}`,
        );
      }
    }
    const certificate = acm.Certificate.fromCertificateArn(scope, 'Certificate', this.certificateArn);
    return { certificate, publiclyTrusted: true, managedRenewal: true };
  }
}

class GivenCertificate extends EdgeCertificate {
  constructor(private readonly certificate: acm.ICertificate) {
    super();
  }

  public bind(_scope: Construct, _options: EdgeCertificateBindOptions): EdgeCertificateConfig {
    return { certificate: this.certificate, publiclyTrusted: true, managedRenewal: true };
  }
}

class DnsValidatedCertificate extends EdgeCertificate {
  constructor(private readonly hostedZone: route53.IHostedZone) {
    super();
  }

  public bind(scope: Construct, options: EdgeCertificateBindOptions): EdgeCertificateConfig {
    const [domainName, ...subjectAlternativeNames] = options.domainNames;
    if (domainName === undefined) {
      throw new Error(
        `EdgeCertificate.dnsValidated: domainNames must hold at least one name of zone ${this.hostedZone.zoneName}, got none`,
      );
    }
    for (const name of options.domainNames) this.checkInZone(name);
    const certificate = new acm.Certificate(scope, 'Certificate', {
      domainName,
      subjectAlternativeNames,
      validation: acm.CertificateValidation.fromDns(this.hostedZone),
      keyAlgorithm: acm.KeyAlgorithm.EC_PRIME256V1,
    });
    return { certificate, publiclyTrusted: true, managedRenewal: true };
  }

  private checkInZone(name: string): void {
    const zone = this.hostedZone.zoneName;
    if (Token.isUnresolved(name) || Token.isUnresolved(zone)) return;
    if (name !== zone && !name.endsWith(`.${zone}`)) {
      throw new Error(
        `EdgeCertificate.dnsValidated: domain name "${name}" is not in hosted zone "${zone}", so it cannot be validated there`,
      );
    }
  }
}

class OwnCertificate extends EdgeCertificate {
  constructor(private readonly options: SelfSignedCertificateOptions) {
    super();
  }

  public bind(scope: Construct, options: EdgeCertificateBindOptions): EdgeCertificateConfig {
    const { certificate, handler } = new SelfSignedCertificate(scope, 'Certificate', {
      domainNames: [options.loadBalancerDnsName, ...options.domainNames],
      validity: this.options.validity,
      ...logOptions(options),
    });
    Annotations.of(scope).addWarningV2(
      'voicegate:selfSigned',
      'The certificate is self-signed: traffic is encrypted, but browsers warn and clients must be told to trust it. ' +
        'For a public service give a certificate of your domain: EdgeCertificate.letsEncrypt, .dnsValidated or .fromArn.',
    );
    return { certificate, publiclyTrusted: false, functions: [handler], selfSigned: true };
  }
}

/** Let's Encrypt's profile for certificates of 160 hours; a fifth of that in days. */
const SHORT_LIVED = { profile: 'shortlived', alarmDays: 160 / 24 / 5 };

class LetsEncryptCertificate extends EdgeCertificate {
  constructor(private readonly options: LetsEncryptOptions) {
    super();
  }

  public bind(scope: Construct, options: EdgeCertificateBindOptions): EdgeCertificateConfig {
    checkLetsEncryptNames(options.domainNames);
    const { loadBalancer, httpListener } = checkReachable(options);
    // The same place in the tree as the self-signed one's: a stack that changes between the two keeps its certificate.
    const selfSigned = new SelfSignedCertificate(scope, 'Certificate', {
      domainNames: [options.loadBalancerDnsName, ...options.domainNames],
      ...logOptions(options),
    });
    const { domainNames } = options;
    const orders = new AcmeOrders(scope, 'Acme', {
      ...this.options,
      selfSigned,
      domainNames,
      loadBalancer,
      httpListener,
      ...logOptions(options),
    });
    Annotations.of(scope).addInfo(
      `The certificate is self-signed until the names lead to the load balancer: point ${domainNames.join(', ')} to its DNS name by CNAME (or alias) records.`,
    );
    return {
      certificate: selfSigned.certificate,
      publiclyTrusted: true,
      functions: [orders.handler, selfSigned.handler],
      ...(this.options.profile === SHORT_LIVED.profile && { expiryAlarmDays: SHORT_LIVED.alarmDays }),
    };
  }
}
