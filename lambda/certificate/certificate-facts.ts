// @peculiar/x509 registers its parts through decorators and needs this loaded first.
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const DAY = 24 * 3600 * 1000;

/** What a certificate says of itself. Times are milliseconds since the epoch. */
export interface CertificateFacts {
  readonly selfSigned: boolean;
  /** DNS names, in lower case. */
  readonly names: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** By which a renewal is asked for (RFC 9773, 4.1); a certificate without an authority key identifier has none. */
  readonly renewalId?: string;
}

/** @throws Error when the text is no certificate. */
export function certificateFacts(pem: string): CertificateFacts {
  const certificate = new x509.X509Certificate(pem);
  const own = new X509Certificate(pem);
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const renewalId = renewalIdOf(certificate);
  return {
    selfSigned: own.issuer === own.subject && own.verify(own.publicKey),
    names: names.filter(({ type }) => type === 'dns').map(({ value }) => value.toLowerCase()),
    notBefore: certificate.notBefore.getTime(),
    notAfter: certificate.notAfter.getTime(),
    serialNumber: certificate.serialNumber,
    ...(renewalId !== undefined && { renewalId }),
  };
}

/** Whether somebody else signed it and it has not ended: such a one is never replaced by a self-signed one. */
export function isIssued({ selfSigned, notAfter }: CertificateFacts, now: number): boolean {
  return !selfSigned && notAfter > now;
}

/** Whether nobody has renewed it in time: 7 days are left, or a fifth of its lifetime where that is less. */
export function endsSoon({ notBefore, notAfter }: CertificateFacts, now: number): boolean {
  return notAfter - now < Math.min(7 * DAY, (notAfter - notBefore) / 5);
}

function renewalIdOf(certificate: x509.X509Certificate): string | undefined {
  const issuerKey = certificate.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId;
  if (issuerKey === undefined) return undefined;
  const serial = Buffer.from(certificate.serialNumber, 'hex');
  // As DER has it: a leading zero where the number would look negative.
  const der = (serial[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), serial]) : serial;
  return `${Buffer.from(issuerKey, 'hex').toString('base64url')}.${der.toString('base64url')}`;
}
