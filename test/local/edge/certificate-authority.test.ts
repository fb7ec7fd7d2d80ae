import 'reflect-metadata';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { afterAll, describe, expect, it } from 'vitest';
import {
  certificateAuthority,
  dnsIdentity,
  machineIdentity,
  soonEnds,
  type TlsIdentity,
  writeTrust,
} from '../../../local/edge/certificate-authority.js';

const directory = mkdtempSync(join(tmpdir(), 'voicegate-ca-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Undefined when OpenSSL accepts the certificate for the name, otherwise its reason as a code: its wording is Node's. */
async function refusal(identity: TlsIdentity, ca: string, host: string): Promise<string | undefined> {
  const server = createServer({ cert: identity.certificate, key: identity.key }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      ca,
      servername: /[a-z]/.test(host) ? host : '',
      checkServerIdentity: (_, cert) => {
        const ok = new NodeCertificate(cert.raw);
        const named = /^[\d.:]+$/.test(host) ? ok.checkIP(host) : ok.checkHost(host);
        return named ? undefined : Object.assign(new Error('not for this name'), { code: 'OTHER_NAME' });
      },
    });
    socket.once('secureConnect', () => resolve(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    socket.once('close', () => resolve('closed'));
    socket.once('secureConnect', () => socket.destroy());
  });
  server.close();
  return code;
}

describe('the local certificate authority', () => {
  it('is made once, and its key is for its owner only', async () => {
    const first = await certificateAuthority(directory);
    const again = await certificateAuthority(directory);
    expect(again.certificate.serialNumber).toBe(first.certificate.serialNumber);
    expect(statSync(join(directory, 'root-key.pem')).mode & 0o777).toBe(0o600);
  });

  it('signs for localhost and the loopback addresses, as OpenSSL verifies', async () => {
    const authority = await certificateAuthority(directory);
    const ca = readFileSync(await writeTrust(directory, authority, []), 'utf8');
    const identity = await machineIdentity(authority);
    for (const host of ['localhost', '127.0.0.1', '::1']) expect(await refusal(identity, ca, host)).toBeUndefined();
    expect(await refusal(identity, ca, 'example.com')).toBe('OTHER_NAME');
    expect(soonEnds(identity)).toBe(false);
    expect(soonEnds(identity, new Date(Date.now() + 70 * 24 * 60 * 60 * 1000))).toBe(true);
  });

  it('is of no use for other names, even to who has its key', async () => {
    const { certificate, keys } = await certificateAuthority(directory);
    const signedFor = async (name: string): Promise<TlsIdentity> => {
      const leaf = await x509.X509CertificateGenerator.create({
        serialNumber: '01',
        subject: `CN=${name}`,
        issuer: certificate.subject,
        publicKey: keys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
      });
      const key = readFileSync(join(directory, 'root-key.pem'), 'utf8');
      return { certificate: leaf.toString('pem'), key, notAfter: leaf.notAfter, dnsNames: [] };
    };
    const pem = certificate.toString('pem');
    // Two certificates that differ by their name alone.
    expect(await refusal(await signedFor('localhost'), pem, 'localhost')).toBeUndefined();
    expect(await refusal(await signedFor('bank.example.com'), pem, 'bank.example.com')).toBeDefined();
  });

  it('trusts the certificate of the DNS names besides', async () => {
    const authority = await certificateAuthority(directory);
    const identity = await dnsIdentity(['alb.us-east-1.elb.amazonaws.com']);
    const ca = readFileSync(await writeTrust(directory, authority, [identity.certificate]), 'utf8');
    expect(await refusal(identity, ca, 'alb.us-east-1.elb.amazonaws.com')).toBeUndefined();
    expect(await refusal(identity, authority.certificate.toString('pem'), 'alb.us-east-1.elb.amazonaws.com')).toBe(
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    );
  });

  it('is made anew when its files are damaged', async () => {
    const before = await certificateAuthority(directory);
    writeFileSync(join(directory, 'root-key.pem'), 'nonsense');
    const after = await certificateAuthority(directory);
    expect(after.certificate.serialNumber).not.toBe(before.certificate.serialNumber);
    expect((await certificateAuthority(directory)).certificate.serialNumber).toBe(after.certificate.serialNumber);
  });
});
