import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { loopbackConstraints } from './name-constraints.js';

/** The local certificate authority: signs for this machine's own names, and for no other, even if its key is stolen. */
export interface CertificateAuthority {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

export interface TlsIdentity {
  /** PEM. */
  readonly certificate: string;
  /** PEM. In memory only. */
  readonly key: string;
  readonly notAfter: Date;
  /** DNS names other than the machine's own. */
  readonly dnsNames: readonly string[];
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 24 * 60 * 60 * 1000;
const ROOT_DAYS = 5 * 365;
/** A root that ends within this many days is made anew. */
const ROOT_LEFT_DAYS = 180;
const LEAF_DAYS = 90;
/** A leaf that ends within this many days is made anew. */
const LEAF_LEFT_DAYS = 30;

/** The authority of a folder; made there, with a key only its owner reads, when there is none or it soon ends. */
export async function certificateAuthority(directory: string): Promise<CertificateAuthority> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return (await readAuthority(directory)) ?? (await createAuthority(directory));
}

export async function machineIdentity(authority: CertificateAuthority): Promise<TlsIdentity> {
  const names: x509.JsonGeneralNames = [
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '127.0.0.1' },
    { type: 'ip', value: '::1' },
  ];
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(LEAF_DAYS),
    serialNumber: serialNumber(),
    subject: 'CN=localhost',
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      ...leafExtensions(names),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return identity(certificate, keys, []);
}

/**
 * For the load balancers' own DNS names, signed by itself: the authority's name constraints keep it to this machine, so
 * that who trusts it need not trust it for names at AWS.
 */
export async function dnsIdentity(dnsNames: readonly string[]): Promise<TlsIdentity> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(LEAF_DAYS),
    serialNumber: serialNumber(),
    name: 'CN=Local load balancer',
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: leafExtensions(dnsNames.map((value) => ({ type: 'dns', value }))),
  });
  return identity(certificate, keys, dnsNames);
}

export function soonEnds({ notAfter }: TlsIdentity, now: Date = new Date()): boolean {
  return notAfter.getTime() - now.getTime() < LEAF_LEFT_DAYS * DAY;
}

/** Writes the file that clients trust: the authority, and certificates (PEM) that stand for themselves. @returns its path */
export async function writeTrust(
  directory: string,
  authority: CertificateAuthority,
  others: readonly string[],
): Promise<string> {
  const file = join(directory, 'ca.pem');
  const pem = [authority.certificate.toString('pem'), ...others.map((one) => one.trim())];
  await writeWhole(file, `${pem.join('\n')}\n`, 0o644);
  return file;
}

async function readAuthority(directory: string): Promise<CertificateAuthority | undefined> {
  try {
    const certificate = new x509.X509Certificate(await readFile(join(directory, 'root.pem'), 'utf8'));
    if (certificate.notAfter.getTime() - Date.now() < ROOT_LEFT_DAYS * DAY) return undefined;
    const pem = await readFile(join(directory, 'root-key.pem'), 'utf8');
    const privateKey = await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ALGORITHM, false, [
      'sign',
    ]);
    const publicKey = (await certificate.publicKey.export(ALGORITHM, ['verify'])) as webcrypto.CryptoKey;
    const authority = { certificate, keys: { privateKey, publicKey } };
    return (await belongTogether(authority)) ? authority : undefined;
  } catch {
    // Missing, half written or unreadable: the folder gets a new one.
    return undefined;
  }
}

async function belongTogether({ keys }: CertificateAuthority): Promise<boolean> {
  const data = Buffer.from('voicegate');
  const signature = await webcrypto.subtle.sign(ALGORITHM, keys.privateKey, data);
  return webcrypto.subtle.verify(ALGORITHM, keys.publicKey, signature, data);
}

async function createAuthority(directory: string): Promise<CertificateAuthority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(ROOT_DAYS),
    serialNumber: serialNumber(),
    name: 'CN=Local cloud on this machine',
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.Extension('2.5.29.30', true, loopbackConstraints()),
    ],
  });
  await writeWhole(join(directory, 'root-key.pem'), await privateKeyPem(keys.privateKey), 0o600);
  await writeWhole(join(directory, 'root.pem'), `${certificate.toString('pem')}\n`, 0o644);
  return { certificate, keys };
}

function leafExtensions(names: x509.JsonGeneralNames): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(names),
  ];
}

async function identity(
  certificate: x509.X509Certificate,
  keys: webcrypto.CryptoKeyPair,
  dnsNames: readonly string[],
): Promise<TlsIdentity> {
  const key = await privateKeyPem(keys.privateKey);
  return { certificate: `${certificate.toString('pem')}\n`, key, notAfter: certificate.notAfter, dnsNames };
}

function validity(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  // An hour back, for clocks that differ.
  const notBefore = new Date(Date.now() - 60 * 60 * 1000);
  return { notBefore, notAfter: new Date(notBefore.getTime() + days * DAY) };
}

function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  // Positive, without a leading zero.
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** Whole or not at all, and never readable for others in between. */
async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode });
  await chmod(temporary, mode);
  await rename(temporary, file);
}
