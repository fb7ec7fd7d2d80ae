import { Token } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

/** An account that you already have at a certificate authority which asks for one (external account binding). */
export interface AcmeExternalAccount {
  /** The key id that the authority gave you. */
  readonly keyId: string;
  /** Secret whose whole text is the HMAC key that the authority gave you, in base64url. */
  readonly hmacKey: secretsmanager.ISecret;
}

/** Options of a certificate by Let's Encrypt, or by any other authority that speaks ACME (RFC 8555). */
export interface LetsEncryptOptions {
  /**
   * Address to which the authority may write.
   * @default - none
   */
  readonly email?: string;
  /**
   * The authority's directory, an https URL.
   * @default - Let's Encrypt; for trials `EdgeCertificate.LETS_ENCRYPT_STAGING`
   */
  readonly directoryUrl?: string;
  /**
   * Your account at an authority that asks for one, such as ZeroSSL or Google.
   * @default - none: an account is made
   */
  readonly externalAccount?: AcmeExternalAccount;
  /**
   * One of the authority's profiles, such as `shortlived`.
   * @default - the authority's default
   */
  readonly profile?: string;
  /**
   * Root certificate (PEM) by which an authority of your own is trusted when it is called.
   * @default - the public roots only
   */
  readonly rootCertificate?: string;
}

const OWNER = 'EdgeCertificate.letsEncrypt';
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/i;

/** @throws Error naming the option, what was given and what is allowed */
export function checkLetsEncryptOptions(options: LetsEncryptOptions): void {
  check('email', options.email, /^[^\s@,]{1,64}@[^\s@,]{1,255}$/, 'an address such as ops@example.com');
  check('directoryUrl', options.directoryUrl, /^https:\/\/[^\s/?#@]+(\/[^\s#]*)?$/, 'an https URL');
  check('profile', options.profile, /^[A-Za-z0-9._-]{1,64}$/, 'a name such as shortlived');
  check('externalAccount.keyId', options.externalAccount?.keyId, /^\S{1,512}$/, 'a text without spaces');
  const { rootCertificate } = options;
  if (rootCertificate !== undefined && !Token.isUnresolved(rootCertificate) && !isOnePem(rootCertificate)) {
    throw new Error(
      `${OWNER}: rootCertificate must be one certificate in PEM, got ${rootCertificate.length} characters`,
    );
  }
}

const OTHER_WAY =
  'validate by DNS instead: EdgeCertificate.dnsValidated(zone), or "voicegate certificate request" and EdgeCertificate.fromArn';

/** A load balancer that an authority can ask. */
export interface Reachable {
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  readonly httpListener: elbv2.IApplicationListener;
}

/** @throws Error when no authority could ask it */
export function checkReachable({ loadBalancer, httpListener }: Partial<Reachable>): Reachable {
  if (loadBalancer === undefined || httpListener === undefined) {
    throw new Error(
      `${OWNER}: the load balancer must have a listener on port 80, on which challenges are answered, got none; ${OTHER_WAY}`,
    );
  }
  const resource = loadBalancer.node.defaultChild;
  if (resource instanceof elbv2.CfnLoadBalancer && resource.scheme === 'internal') {
    throw new Error(
      `${OWNER}: the load balancer is internal, so no authority on the internet can ask it; ${OTHER_WAY}`,
    );
  }
  const listener = httpListener.node.defaultChild;
  if (listener instanceof elbv2.CfnListener && listener.port !== undefined && listener.port !== 80) {
    throw new Error(
      `${OWNER}: httpListener must be the one on port 80, where challenges are asked, got port ${listener.port}; ${OTHER_WAY}`,
    );
  }
  return { loadBalancer, httpListener };
}

/** @throws Error when HTTP-01 cannot validate one of the names */
export function checkLetsEncryptNames(domainNames: readonly string[]): void {
  if (domainNames.length === 0) {
    throw new Error(
      `${OWNER}: domainNames must hold at least one name, got none; nobody gives a certificate for a load balancer's own name`,
    );
  }
  for (const name of domainNames) {
    if (Token.isUnresolved(name)) continue;
    if (name.includes('*')) {
      throw new Error(
        `${OWNER}: "${name}" is a wildcard, which cannot be validated over HTTP; list the names one by one, or ${OTHER_WAY}`,
      );
    }
    if (!DOMAIN.test(name) || name.length > 253) {
      throw new Error(`${OWNER}: "${name}" is not a domain name; domainNames must be names such as tts.example.com`);
    }
  }
}

function check(name: string, value: string | undefined, pattern: RegExp, allowed: string): void {
  if (value === undefined || Token.isUnresolved(value) || pattern.test(value)) return;
  throw new Error(`${OWNER}: ${name} must be ${allowed}, got "${value}"`);
}

function isOnePem(text: string): boolean {
  const trimmed = text.trim();
  return (
    trimmed.startsWith('-----BEGIN CERTIFICATE-----') &&
    trimmed.endsWith('-----END CERTIFICATE-----') &&
    trimmed.split('-----BEGIN ').length === 2
  );
}
