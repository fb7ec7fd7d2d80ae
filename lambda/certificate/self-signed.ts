// @peculiar/x509 registers its parts through decorators and needs this loaded first.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import type { CertificateProperties } from '../../contract/certificate-properties';

const DAY = 24 * 3600 * 1000;
/** A client's clock may be behind ours. */
const BACKDATED = 3600 * 1000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A certificate and its key, as PEM. The key must go nowhere but to ImportCertificate. */
export interface KeyAndCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  /** The certificates of those who signed it, if somebody did. */
  readonly chain?: string;
}

/** Makes an ECDSA P-256 key pair and a server certificate that it signs itself. */
export async function createSelfSigned(properties: CertificateProperties, now: number): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: [{ CN: [properties.commonName] }],
      notBefore: new Date(now - BACKDATED),
      notAfter: new Date(now + validityDays(properties) * DAY),
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(alternativeNames(properties.domainNames)),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: certificate.toString('pem'), privateKey: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}

/** @throws Error when the days are no whole number from 1 to 825. */
export function validityDays(properties: CertificateProperties): number {
  const days = Number(properties.validityDays);
  if (!Number.isInteger(days) || days < 1 || days > 825) {
    throw new Error(`validityDays must be a whole number from 1 to 825, got "${properties.validityDays}"`);
  }
  return days;
}

function alternativeNames(domainNames: readonly string[]): x509.JsonGeneralNames {
  if (domainNames.length === 0) throw new Error('domainNames must hold at least one name, got none');
  // The names of load balancers have capitals; some clients compare byte by byte.
  const names = [...new Set(domainNames.map((name) => name.toLowerCase()))];
  return names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value }));
}

/** 127 random bits, positive and never zero. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
