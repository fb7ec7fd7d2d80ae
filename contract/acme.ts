/** Between the constructs of a certificate by ACME (RFC 8555), its functions, and the command line. */

/** Directories of Let's Encrypt. */
export const LETS_ENCRYPT = {
  production: 'https://acme-v02.api.letsencrypt.org/directory',
  /** Its certificates are trusted by nobody, and its limits are wide: for trials. */
  staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
} as const;

/** Where a certificate authority asks for the answer of an HTTP-01 challenge (RFC 8555, 8.3); a token follows. */
export const CHALLENGE_PATH = '/.well-known/acme-challenge/';

/** Environment of the function that answers challenges. */
export const CHALLENGE_ENV = { thumbprint: 'ACCOUNT_THUMBPRINT' } as const;

/** Environment of the function that orders: one text of JSON, {@link OrderSettings}. */
export const ORDER_ENV = { settings: 'ORDER_SETTINGS' } as const;

/** What is ordered, and where. */
export interface OrderSettings {
  /** The certificate in ACM under whose ARN every new one is imported. */
  readonly certificateArn: string;
  /** Secret that holds the account's private key (PEM). */
  readonly accountKeySecretArn: string;
  readonly domainNames: readonly string[];
  /** Of the load balancer to which every name must lead. */
  readonly loadBalancerDnsName: string;
  readonly directoryUrl: string;
  readonly email?: string;
  /** One of the profiles that the directory offers. */
  readonly profile?: string;
  readonly externalAccount?: { readonly keyId: string; readonly hmacKeySecretArn: string };
  /** PEM of the root by which the directory itself is trusted, beside the public ones. */
  readonly rootCertificate?: string;
  /** When these names were deployed: milliseconds since the epoch. A string, as CloudFormation passes every number. */
  readonly wantedSince: string;
}

/** Properties of the custom resource that makes the account's key. It has two attributes: `Thumbprint` and `Since`. */
export interface AccountKeyProperties {
  readonly accountKeySecretArn: string;
  /** A change of them is a reason to look every hour again. */
  readonly domainNames: readonly string[];
}

export const ACCOUNT_KEY_RESOURCE = 'Custom::AcmeAccountKey';

/**
 * Tags of the certificate in ACM that the ordering function writes: what it must remember between two runs, and what
 * `voicegate certificate show` tells.
 */
export const ORDER_TAGS = {
  /** When an order was last finalized, whatever became of it: ISO 8601. */
  orderedAt: 'voicegate:ordered-at',
  /** Until when the authority wants to hear nothing: ISO 8601. */
  waitUntil: 'voicegate:wait-until',
  /** Until when the authority need not be asked whether it is time to renew, as its last word holds: ISO 8601. */
  renewalKnownUntil: 'voicegate:renewal-known-until',
  /** When the last run that came to a result was, and the result: `2026-11-29T12:00:00Z issued`. */
  result: 'voicegate:last-result',
} as const;

/**
 * Hours between two orders, at least: Let's Encrypt issues five certificates for the same names in 168 hours, and the
 * fifth of these falls into the 136th.
 */
export const HOURS_BETWEEN_ORDERS = 34;
