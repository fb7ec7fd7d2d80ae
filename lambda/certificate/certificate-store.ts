import {
  type ACMClient,
  AddTagsToCertificateCommand,
  DeleteCertificateCommand,
  GetCertificateCommand,
  ImportCertificateCommand,
  ListTagsForCertificateCommand,
} from '@aws-sdk/client-acm';
import type { KeyAndCertificate } from './self-signed';

/** Where certificates live. */
export interface CertificateStore {
  /** Stores a new certificate and returns its ARN. */
  importNew(certificate: KeyAndCertificate, tags: Readonly<Record<string, string>>): Promise<string>;
  /** Puts another certificate under an ARN; false when there is none any more. */
  replace(arn: string, certificate: KeyAndCertificate): Promise<boolean>;
  /** The certificate itself (PEM), without its chain; undefined when there is none. */
  read(arn: string): Promise<string | undefined>;
  /** Deletes it. `in-use` when a listener still holds it; `deleted` also when there is none. */
  delete(arn: string): Promise<'deleted' | 'in-use'>;
}

/** What is remembered beside a certificate, as its tags. */
export interface CertificateNotes {
  readNotes(arn: string): Promise<Readonly<Record<string, string>>>;
  note(arn: string, tags: Readonly<Record<string, string>>): Promise<void>;
}

/** AWS Certificate Manager. */
export class AcmCertificateStore implements CertificateStore, CertificateNotes {
  constructor(private readonly client: ACMClient) {}

  async importNew(certificate: KeyAndCertificate, tags: Readonly<Record<string, string>>): Promise<string> {
    const { CertificateArn } = await this.client.send(
      new ImportCertificateCommand({ ...pem(certificate), Tags: tagList(tags) }),
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

  async read(arn: string): Promise<string | undefined> {
    return (await this.unlessMissing(this.client.send(new GetCertificateCommand({ CertificateArn: arn }))))
      ?.Certificate;
  }

  async readNotes(arn: string): Promise<Readonly<Record<string, string>>> {
    const { Tags = [] } = await this.client.send(new ListTagsForCertificateCommand({ CertificateArn: arn }));
    return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value ?? '']));
  }

  async note(arn: string, tags: Readonly<Record<string, string>>): Promise<void> {
    await this.client.send(new AddTagsToCertificateCommand({ CertificateArn: arn, Tags: tagList(tags) }));
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

function tagList(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

function pem({ certificate, privateKey, chain }: KeyAndCertificate) {
  return {
    Certificate: Buffer.from(certificate),
    PrivateKey: Buffer.from(privateKey),
    ...(chain !== undefined && { CertificateChain: Buffer.from(chain) }),
  };
}
