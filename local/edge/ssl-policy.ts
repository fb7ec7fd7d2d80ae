import type { SecureVersion } from 'node:tls';

export interface TlsVersions {
  readonly min: SecureVersion;
  readonly max: SecureVersion;
  /** What the policy permits and the edge does not do, in one sentence. */
  readonly notEmulated?: string;
}

/**
 * The TLS versions of an ELB security policy, read from its name (`ELBSecurityPolicy-TLS13-1-2-…`: 1.3 and 1.2).
 * The edge speaks 1.2 at least: today's OpenSSL has no older version without lowering its security level.
 */
export function tlsVersions(policy: string | undefined): TlsVersions {
  const name = policy ?? 'ELBSecurityPolicy-2016-08';
  const tls13 = /^ELBSecurityPolicy-TLS13-1-([0-3])-/.exec(name);
  if (tls13) {
    if (tls13[1] === '3') return { min: 'TLSv1.3', max: 'TLSv1.3' };
    return { min: 'TLSv1.2', max: 'TLSv1.3', ...(tls13[1] === '2' ? {} : { notEmulated: older(name) }) };
  }
  if (/^ELBSecurityPolicy-(TLS-1-2|FS-1-2)-/.test(name)) return { min: 'TLSv1.2', max: 'TLSv1.2' };
  if (/^ELBSecurityPolicy-(TLS-1-[01]-|FS-1-1-|FS-2018-06$|2016-08$|2015-05$)/.test(name)) {
    return { min: 'TLSv1.2', max: 'TLSv1.2', notEmulated: older(name) };
  }
  return {
    min: 'TLSv1.2',
    max: 'TLSv1.3',
    notEmulated: `Security policy ${name} is not known here; TLS 1.2 and 1.3 are served in its place.`,
  };
}

function older(name: string): string {
  return `Security policy ${name} permits TLS older than 1.2; the edge speaks 1.2 at least.`;
}
