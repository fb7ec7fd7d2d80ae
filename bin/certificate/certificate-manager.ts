/** What the commands ask of AWS Certificate Manager. */

import { createHash } from 'node:crypto';
import type { ACMClient, CertificateDetail, KeyAlgorithm } from '@aws-sdk/client-acm';
import type { ClientConfig } from '../aws-target';
import { NotFoundError } from '../command-error';

/** A record by which a name is validated. */
export interface ValidationRecord {
  readonly domain: string;
  readonly name: string;
  readonly type: string;
  readonly value: string;
  /** `PENDING_VALIDATION`, `SUCCESS` or `FAILED`. */
  readonly status: string;
}

/** Without them ACM lists certificates with RSA keys of 2048 bits only. */
const KEY_TYPES: KeyAlgorithm[] = [
  'RSA_1024',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'EC_prime256v1',
  'EC_secp384r1',
  'EC_secp521r1',
];

export class CertificateManager {
  private constructor(
    private readonly client: ACMClient,
    private readonly sdk: typeof import('@aws-sdk/client-acm'),
  ) {}

  static async open(config: ClientConfig): Promise<CertificateManager> {
    const sdk = await import('@aws-sdk/client-acm');
    return new CertificateManager(new sdk.ACMClient(config), sdk);
  }

  /** A certificate of ACM's own for exactly these names, issued or still to be validated. */
  async find(names: readonly string[]): Promise<CertificateDetail | undefined> {
    const pages = this.sdk.paginateListCertificates(
      { client: this.client },
      { CertificateStatuses: ['PENDING_VALIDATION', 'ISSUED'], Includes: { keyTypes: KEY_TYPES } },
    );
    for await (const { CertificateSummaryList = [] } of pages) {
      for (const { CertificateArn, DomainName } of CertificateSummaryList) {
        if (CertificateArn === undefined || DomainName === undefined || !names.includes(DomainName)) continue;
        const found = await this.describe(CertificateArn);
        const [theirs, ours] = [found.SubjectAlternativeNames ?? [], names].map((list) => [...list].sort().join());
        if (found.Type === 'AMAZON_ISSUED' && theirs === ours) return found;
      }
    }
    return undefined;
  }

  async request(names: readonly string[]): Promise<string> {
    const { CertificateArn } = await this.client.send(
      new this.sdk.RequestCertificateCommand({
        DomainName: names[0],
        SubjectAlternativeNames: [...names],
        ValidationMethod: 'DNS',
        KeyAlgorithm: 'EC_prime256v1',
        // A request that is sent twice within an hour is one request.
        IdempotencyToken: createHash('sha256').update(names.join()).digest('hex').slice(0, 32),
      }),
    );
    if (CertificateArn === undefined) throw new Error('AWS Certificate Manager answered without an ARN');
    return CertificateArn;
  }

  async describe(arn: string): Promise<CertificateDetail> {
    const { Certificate } = await this.known(
      arn,
      this.client.send(new this.sdk.DescribeCertificateCommand({ CertificateArn: arn })),
    );
    if (Certificate === undefined) throw new NotFoundError(`there is no certificate ${arn}`);
    return Certificate;
  }

  /** The certificate and those that signed it, PEM. */
  async read(arn: string): Promise<{ readonly certificate: string; readonly chain: string }> {
    const { Certificate = '', CertificateChain = '' } = await this.known(
      arn,
      this.client.send(new this.sdk.GetCertificateCommand({ CertificateArn: arn })),
    );
    return { certificate: Certificate, chain: CertificateChain };
  }

  async tags(arn: string): Promise<Readonly<Record<string, string>>> {
    const { Tags = [] } = await this.known(
      arn,
      this.client.send(new this.sdk.ListTagsForCertificateCommand({ CertificateArn: arn })),
    );
    return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value ?? '']));
  }

  private async known<T>(arn: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof this.sdk.ResourceNotFoundException)) throw error;
      throw new NotFoundError(
        `there is no certificate ${arn} in this account and region; check --profile and --region`,
      );
    }
  }
}

/** The records by which the names are validated: one for each, though a name and its wildcard share theirs. */
export function validationRecords({ DomainValidationOptions: options = [] }: CertificateDetail): ValidationRecord[] {
  return options.flatMap(({ DomainName: domain = '', ResourceRecord: record, ValidationStatus: status = '' }) =>
    record?.Name && record.Value
      ? [{ domain, name: record.Name, type: record.Type ?? 'CNAME', value: record.Value, status }]
      : [],
  );
}
