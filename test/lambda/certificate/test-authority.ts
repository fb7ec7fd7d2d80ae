import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { KeyAndCertificate } from '../../../lambda/certificate/self-signed';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface Issue {
  readonly names: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly serialNumber?: string;
}

/** A certificate as an authority issues it: signed by another key, with that key's identifier. */
export async function issueCertificate({ names, from, to, serialNumber = '2a' }: Issue): Promise<KeyAndCertificate> {
  const [root, leaf] = await Promise.all([
    webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']),
    webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']),
  ]);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber,
      subject: '',
      issuer: 'CN=Test authority',
      notBefore: new Date(from),
      notAfter: new Date(to),
      publicKey: leaf.publicKey,
      signingKey: root.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
        await x509.AuthorityKeyIdentifierExtension.create(root.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', leaf.privateKey);
  return { certificate: certificate.toString('pem'), privateKey: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}
