/** Between the constructs of certificates and the Lambda function that makes self-signed ones. */

/** Properties of the custom resource. */
export interface CertificateProperties {
  /** Subject common name, at most 64 characters. */
  readonly commonName: string;
  /** Subject alternative names; at least one. */
  readonly domainNames: readonly string[];
  /** Days the certificate is valid. A string, as CloudFormation passes every number. */
  readonly validityDays: string;
  /** Tags of the certificate in ACM. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Days before expiry at which the daily schedule re-imports a self-signed certificate. */
export const RENEW_BEFORE_DAYS = 30;

/** The input of the daily schedule: the same function, another event. */
export interface RenewalEvent {
  readonly renew: { readonly certificateArn: string; readonly properties: CertificateProperties };
}

/** Tag by which a certificate belongs to a stack; its value is the stack's id. The function's rights follow it. */
export const CERTIFICATE_STACK_TAG = 'voicegate:stack';

/**
 * Days before the renewal of a self-signed certificate on which it is told: each renewal is a new key, and callers who
 * trust the old file must get the new one.
 */
export const TELL_BEFORE_DAYS: readonly number[] = [60, 30];

/** CloudWatch metrics of the functions behind a certificate; their one dimension is `Certificate`, its ARN. */
export const CERTIFICATE_METRICS = {
  namespace: 'Voicegate',
  dimension: 'Certificate',
  /** An order that the certificate authority refused or did not carry out. */
  orderFailed: 'CertificateOrderFailed',
  /** A certificate that ACM did not take. */
  importFailed: 'CertificateImportFailed',
  /** Domain names that do not lead to the load balancer. */
  namesElsewhere: 'CertificateNamesElsewhere',
  /** The certificate ends within 7 days, or a fifth of its lifetime where that is less. */
  endsSoon: 'CertificateEndsSoon',
  /** A self-signed certificate is renewed in 60 or 30 days. */
  renewalAhead: 'CertificateRenewalAhead',
} as const;
