import {
  type ACMClient,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  ImportCertificateCommand,
} from '@aws-sdk/client-acm';
import type { KeyAndCertificate } from './self-signed';

/** Where certificates live. */
export interface CertificateStore {
  /** Stores a new certificate and returns its ARN. */
  importNew(certificate: KeyAndCertificate, tags: Readonly<Record<string, string>>): Promise<string>;
  /** Puts another certificate under an ARN; false when there is none any more. */
  replace(arn: string, certificate: KeyAndCertificate): Promise<boolean>;
  /** When the certificate ends, in milliseconds since the epoch; undefined when there is none. */
  expiry(arn: string): Promise<number | undefined>;
  /** Deletes it. `in-use` when a listener still holds it; `deleted` also when there is none. */
  delete(arn: string): Promise<'deleted' | 'in-use'>;
}

/** AWS Certificate Manager. */
export class AcmCertificateStore implements CertificateStore {
  constructor(private readonly client: ACMClient) {}

  async importNew(certificate: KeyAndCertificate, tags: Readonly<Record<string, string>>): Promise<string> {
    const { CertificateArn } = await this.client.send(
      new ImportCertificateCommand({
        ...pem(certificate),
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    if (CertificateArn === undefined) throw new Error('ImportCertificate answered without an ARN');
    return CertificateArn;
  }

  async replace(arn: string, certificate: KeyAndCertificate): Promise<boolean> {
    return (
      (await this.unlessMissing(
        this.client.send(new ImportCertificateCommand({ ...pem(certificate), CertificateArn: arn })),
      )) !== undefined
    );
  }

  async expiry(arn: string): Promise<number | undefined> {
    const answer = await this.unlessMissing(this.client.send(new DescribeCertificateCommand({ CertificateArn: arn })));
    return answer?.Certificate?.NotAfter?.getTime();
  }

  async delete(arn: string): Promise<'deleted' | 'in-use'> {
    try {
      await this.client.send(new DeleteCertificateCommand({ CertificateArn: arn }));
    } catch (error) {
      if (named(error, 'ResourceInUseException')) return 'in-use';
      if (!named(error, 'ResourceNotFoundException')) throw error;
    }
    return 'deleted';
  }

  private async unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (named(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  }
}

export function named(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

function pem(certificate: KeyAndCertificate): { Certificate: Uint8Array; PrivateKey: Uint8Array } {
  return { Certificate: Buffer.from(certificate.certificate), PrivateKey: Buffer.from(certificate.privateKey) };
}
