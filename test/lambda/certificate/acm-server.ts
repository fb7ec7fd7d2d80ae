import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Stored {
  readonly certificate: X509Certificate;
  readonly chain: string;
  tags: readonly { Key: string; Value: string }[];
  imports: number;
}

/**
 * AWS Certificate Manager's JSON protocol on loopback, over a store in memory. It checks what ACM checks on import (the
 * key belongs to the certificate) and keeps no key. Failures can be ordered by error code.
 */
export class AcmServer {
  readonly certificates = new Map<string, Stored>();
  readonly calls: string[] = [];
  /** Errors for the next calls of an operation. */
  readonly failures: { operation: string; code: string; times: number }[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      void body(request).then((text) => {
        const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
        this.calls.push(operation);
        const failure = this.failures.find((entry) => entry.operation === operation && entry.times > 0);
        if (failure) failure.times -= 1;
        const answer = failure
          ? { __type: failure.code, message: 'ordered' }
          : this.answer(operation, JSON.parse(text));
        response.writeHead('__type' in answer ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify(answer));
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(operation: string, input: Record<string, unknown>): Record<string, unknown> {
    const arn = input.CertificateArn as string | undefined;
    const stored = arn === undefined ? undefined : this.certificates.get(arn);
    if (arn !== undefined && !stored) return { __type: 'ResourceNotFoundException', message: `no ${arn}` };
    switch (operation) {
      case 'ImportCertificate':
        return this.import(input, arn, stored);
      case 'GetCertificate':
        return { Certificate: stored?.certificate.toString(), CertificateChain: stored?.chain };
      case 'ListTagsForCertificate':
        return { Tags: stored?.tags };
      case 'AddTagsToCertificate':
        return this.tag(input, stored);
      case 'DeleteCertificate':
        this.certificates.delete(String(arn));
        return {};
      default:
        return { __type: 'UnknownOperationException' };
    }
  }

  private import(input: Record<string, unknown>, arn: string | undefined, stored: Stored | undefined) {
    const pem = (name: string) => Buffer.from(String(input[name]), 'base64').toString();
    const certificate = new X509Certificate(pem('Certificate'));
    if (!certificate.checkPrivateKey(createPrivateKey(pem('PrivateKey')))) {
      return { __type: 'ValidationException', message: 'the key does not belong to the certificate' };
    }
    // ACM refuses tags when a certificate is imported again, and another kind of key.
    if (stored && input.Tags) return { __type: 'ValidationException', message: 'tags on reimport' };
    if (stored && kindOf(stored.certificate) !== kindOf(certificate)) {
      return { __type: 'ValidationException', message: 'the key type or size changed' };
    }
    const lost = (stored?.certificate.keyUsage ?? []).filter((usage) => !certificate.keyUsage?.includes(usage));
    if (lost.length > 0) return { __type: 'ValidationException', message: `extended key usages dropped: ${lost}` };
    const name = arn ?? `arn:aws:acm:eu-west-1:111122223333:certificate/${randomUUID()}`;
    const tags = stored?.tags ?? ((input.Tags ?? []) as Stored['tags']);
    const chain = input.CertificateChain === undefined ? '' : pem('CertificateChain');
    this.certificates.set(name, { certificate, chain, tags, imports: (stored?.imports ?? 0) + 1 });
    return { CertificateArn: name };
  }

  private tag(input: Record<string, unknown>, stored: Stored | undefined) {
    const given = input.Tags as Stored['tags'];
    const wrong = given.find(({ Value }) => Value.length > 256 || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(Value));
    if (wrong) return { __type: 'InvalidTagException', message: wrong.Key };
    const others = (stored?.tags ?? []).filter(({ Key }) => !given.some((one) => one.Key === Key));
    if (stored) stored.tags = [...others, ...given];
    return {};
  }
}

function kindOf({ publicKey }: X509Certificate): string {
  return `${publicKey.asymmetricKeyType} ${JSON.stringify(publicKey.asymmetricKeyDetails)}`;
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
