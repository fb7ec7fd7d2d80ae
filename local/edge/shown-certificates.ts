import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import {
  type CertificateAuthority,
  certificateAuthority,
  dnsIdentity,
  machineIdentity,
  soonEnds,
  type TlsIdentity,
  writeTrust,
} from './certificate-authority.js';
import type { EdgeModel, ListenerCertificate } from './model.js';

export interface ShownCertificatesOptions {
  /** Folder that keeps the local CA between starts. */
  readonly caDirectory: string;
  /** Folder in which the emulated ACM leaves the private keys of imported certificates. */
  readonly certificateKeys?: string | undefined;
}

/** A certificate that ACM holds, with its key. */
interface Held {
  readonly chain: string;
  readonly context: SecureContext;
  readonly certificate: X509Certificate;
}

/**
 * The certificates that clients see: for the names of a certificate that ACM holds that one; for this machine's own
 * names, and for load balancers without such a certificate, one of our own, made again before it ends.
 */
export class ShownCertificates {
  private held: ReadonlyMap<string, Held> = new Map();
  private dns?: { readonly identity: TlsIdentity; readonly context: SecureContext };
  private trusted = '';

  private constructor(
    private readonly options: ShownCertificatesOptions,
    private readonly authority: CertificateAuthority,
    private current: TlsIdentity,
    readonly trustFile: string,
  ) {}

  static async create(options: ShownCertificatesOptions): Promise<ShownCertificates> {
    const authority = await certificateAuthority(options.caDirectory);
    const machine = await machineIdentity(authority);
    return new ShownCertificates(options, authority, machine, await writeTrust(options.caDirectory, authority, []));
  }

  get machine(): TlsIdentity {
    return this.current;
  }

  /** Whether clients see a certificate of ACM. */
  readonly isShown = (arn: string): boolean => this.held.has(arn);

  contextFor(name: string): SecureContext | undefined {
    const held = this.heldFor(name);
    if (held !== undefined) return held.context;
    return this.dns?.identity.dnsNames.includes(name.toLowerCase()) ? this.dns.context : undefined;
  }

  async update({ loadBalancers }: EdgeModel): Promise<void> {
    if (soonEnds(this.current)) this.current = await machineIdentity(this.authority);
    const certificates = loadBalancers.flatMap(({ listeners }) => listeners.flatMap((one) => one.certificates));
    this.held = await this.read(certificates);
    const names = loadBalancers.map(({ dnsName }) => dnsName).filter((name) => this.heldFor(name) === undefined);
    await this.makeDns(names.sort());
    // Who trusts this file may call every name under which a certificate is shown that nobody else has signed.
    const others = [...this.held.values()].filter(({ certificate }) => signedByItself(certificate));
    const trusted = [
      ...(this.dns ? [this.dns.identity.certificate] : []),
      ...others.map(({ certificate }) => certificate.toString()),
    ];
    if (trusted.join() === this.trusted) return;
    await writeTrust(this.options.caDirectory, this.authority, trusted);
    this.trusted = trusted.join();
  }

  private heldFor(name: string): Held | undefined {
    return [...this.held.values()].find(({ certificate }) => certificate.checkHost(name) !== undefined);
  }

  private async read(certificates: readonly ListenerCertificate[]): Promise<ReadonlyMap<string, Held>> {
    const held = new Map<string, Held>();
    for (const { arn, chain } of certificates) {
      const known = this.held.get(arn);
      const now = known?.chain === chain ? known : await this.withKey(arn, chain);
      // While ACM is between two certificates, the one before is shown.
      if (now ?? known) held.set(arn, (now ?? known) as Held);
    }
    return held;
  }

  private async withKey(arn: string, chain: string | undefined): Promise<Held | undefined> {
    const { certificateKeys } = this.options;
    if (certificateKeys === undefined || chain === undefined) return undefined;
    try {
      const key = await readFile(join(certificateKeys, `${arn.split('/').at(-1)}.key`), 'utf8');
      const certificate = new X509Certificate(chain);
      return { chain, certificate, context: createSecureContext({ cert: chain, key }) };
    } catch {
      // ACM has no key for it, or one that belongs to what it held a moment ago.
      return undefined;
    }
  }

  private async makeDns(names: readonly string[]): Promise<void> {
    const known = this.dns?.identity;
    if (known && known.dnsNames.join() === names.join() && !soonEnds(known)) return;
    if (names.length === 0) {
      this.dns = undefined;
      return;
    }
    const identity = await dnsIdentity(names);
    this.dns = { identity, context: createSecureContext({ cert: identity.certificate, key: identity.key }) };
  }
}

/** `checkIssued` would ask for a key usage that a server's certificate has not. */
function signedByItself(certificate: X509Certificate): boolean {
  return certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey);
}
