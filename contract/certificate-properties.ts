/** Between the self-signed certificate's construct and its Lambda. */

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

/** Days before expiry at which the daily schedule re-imports. */
export const RENEW_BEFORE_DAYS = 30;

/** The input of the daily schedule: the same function, another event. */
export interface RenewalEvent {
  readonly renew: { readonly certificateArn: string; readonly properties: CertificateProperties };
}

/** Tag by which a certificate belongs to a stack; its value is the stack's id. The function's rights follow it. */
export const CERTIFICATE_STACK_TAG = 'voicegate:stack';
