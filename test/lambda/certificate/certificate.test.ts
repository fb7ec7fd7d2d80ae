import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ACMClient } from '@aws-sdk/client-acm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CertificateProperties } from '../../../contract/certificate-properties';
import { AcmCertificateStore } from '../../../lambda/certificate/certificate-store';
import type { Clock } from '../../../lambda/certificate/clock';
import type { AccountKeyEvent, CertificateEvent } from '../../../lambda/certificate/custom-resource';
import { createHandler } from '../../../lambda/certificate/handler';
import { AcmServer } from './acm-server';
import { issueCertificate } from './test-authority';

const DAY = 24 * 3600 * 1000;
const PROPERTIES: CertificateProperties = {
  commonName: 'voicegate',
  domainNames: ['Lb-1.eu-west-1.elb.amazonaws.com', 'tts.example.org'],
  validityDays: '365',
  tags: { 'voicegate:stack': 'arn:aws:cloudformation:eu-west-1:111122223333:stack/S/1' },
};

/** Time that passes only when somebody sleeps. */
class TestClock implements Clock {
  readonly slept: number[] = [];
  constructor(private time: number) {}
  now(): number {
    return this.time;
  }
  async sleep(milliseconds: number): Promise<void> {
    this.slept.push(milliseconds);
    this.time += milliseconds;
  }
  pass(milliseconds: number): void {
    this.time += milliseconds;
  }
}

let acm: AcmServer;
let client: ACMClient;
let cloudFormation: Server;
let responses: { body: Record<string, string> & { Data?: Record<string, string> }; contentType: string | undefined }[];
let refuseResponses: number;
let lines: string[];
let counted: string[];
let secrets: Map<string, string>;
let clock: TestClock;
let handle: ReturnType<typeof createHandler>;

beforeAll(async () => {
  cloudFormation = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (refuseResponses > 0) {
        refuseResponses -= 1;
        response.writeHead(503).end();
        return;
      }
      responses.push({
        body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>,
        contentType: request.headers['content-type'],
      });
      response.end();
    });
  });
  await new Promise<void>((resolve) => cloudFormation.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  cloudFormation.closeAllConnections();
  await new Promise((resolve) => cloudFormation.close(resolve));
});

beforeEach(async () => {
  acm = new AcmServer();
  client = new ACMClient({
    endpoint: await acm.start(),
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  responses = [];
  refuseResponses = 0;
  lines = [];
  counted = [];
  secrets = new Map();
  clock = new TestClock(Date.now());
  handle = createHandler({
    store: new AcmCertificateStore(client),
    secrets: {
      read: async (arn) => secrets.get(arn),
      write: async (arn, text) => void secrets.set(arn, text),
    },
    clock,
    count: (_, metric) => counted.push(metric),
    log: (message, fields) => lines.push(JSON.stringify({ message, ...fields })),
  });
});

afterEach(async () => {
  client.destroy();
  await acm.stop();
});

function event(RequestType: CertificateEvent['RequestType'], more: Partial<CertificateEvent> = {}): CertificateEvent {
  return {
    RequestType,
    ResourceType: 'Custom::SelfSignedCertificate',
    ResponseURL: `http://127.0.0.1:${(cloudFormation.address() as AddressInfo).port}/?signature=x`,
    StackId: 'arn:aws:cloudformation:eu-west-1:111122223333:stack/S/1',
    RequestId: 'request',
    LogicalResourceId: 'Certificate',
    ResourceProperties: PROPERTIES,
    ...more,
  };
}

async function create(): Promise<string> {
  await handle(event('Create'));
  return String(responses.at(-1)?.body.PhysicalResourceId);
}

describe('creating the certificate', () => {
  it('imports an ECDSA P-256 server certificate for all names and answers with its ARN', async () => {
    const arn = await create();
    const stored = acm.certificates.get(arn);
    expect(stored?.certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(stored?.certificate.subjectAltName).toBe('DNS:lb-1.eu-west-1.elb.amazonaws.com, DNS:tts.example.org');
    expect(stored?.certificate.subject).toBe('CN=voicegate');
    expect(stored?.certificate.checkHost('tts.example.org')).toBe('tts.example.org');
    expect(stored?.certificate.ca).toBe(false);
    expect(stored?.certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(stored?.certificate.verify(stored.certificate.publicKey)).toBe(true);
    expect(stored?.tags).toEqual([{ Key: 'voicegate:stack', Value: PROPERTIES.tags?.['voicegate:stack'] }]);
    expect(responses[0]?.body).toMatchObject({ Status: 'SUCCESS', LogicalResourceId: 'Certificate' });
  });

  it('is valid from before now for the days it was asked for', async () => {
    const { certificate } = acm.certificates.get(await create()) ?? {};
    const end = Date.parse(String(certificate?.validTo));
    expect(Math.abs(end - (clock.now() + 365 * DAY))).toBeLessThan(2000);
    expect(Date.parse(String(certificate?.validFrom))).toBeLessThan(clock.now() - 3_000_000);
  });

  it('has a serial number and a key of its own each time', async () => {
    const all = [await create(), await create()].map((arn) => acm.certificates.get(arn)?.certificate);
    expect(all[0]?.serialNumber).not.toBe(all[1]?.serialNumber);
    expect(all[0]?.fingerprint256).not.toBe(all[1]?.fingerprint256);
  });

  it('covers an address as an address', async () => {
    await handle(event('Create', { ResourceProperties: { ...PROPERTIES, domainNames: ['192.0.2.1'] } }));
    const [stored] = acm.certificates.values();
    expect(stored?.certificate.subjectAltName).toBe('IP Address:192.0.2.1');
  });

  it('waits for rights that were granted a moment ago', async () => {
    acm.failures.push({ operation: 'ImportCertificate', code: 'AccessDeniedException', times: 3 });
    await create();
    expect(responses[0]?.body.Status).toBe('SUCCESS');
    expect(clock.slept).toEqual([5000, 5000, 5000]);
  });

  it('fails with the reason when the rights never come, and then leaves nothing to delete', async () => {
    acm.failures.push({ operation: 'ImportCertificate', code: 'AccessDeniedException', times: 100 });
    await handle(event('Create'));
    expect(responses[0]?.body).toMatchObject({ Status: 'FAILED', Reason: 'AccessDeniedException: ordered' });
    const calls = acm.calls.length;
    await handle(event('Delete', { PhysicalResourceId: String(responses[0]?.body.PhysicalResourceId) }));
    expect(responses[1]?.body.Status).toBe('SUCCESS');
    expect(acm.calls.length).toBe(calls);
  });

  it.each([
    [{ ...PROPERTIES, domainNames: [] }, /domainNames must hold at least one name/],
    [{ ...PROPERTIES, validityDays: 'ever' }, /validityDays must be a whole number from 1 to 825, got "ever"/],
  ])('fails on properties that make no certificate (%#)', async (ResourceProperties, reason) => {
    await handle(event('Create', { ResourceProperties }));
    expect(responses[0]?.body.Status).toBe('FAILED');
    expect(responses[0]?.body.Reason).toMatch(reason);
  });

  it('answers without a content type, as the address is signed, and again when the answer is lost', async () => {
    refuseResponses = 2;
    await create();
    expect(responses).toHaveLength(1);
    expect(responses[0]?.contentType).toBeUndefined();
  });
});

describe('changing the certificate', () => {
  it('replaces it under the same ARN, so that no listener changes', async () => {
    const arn = await create();
    const changed = { ...PROPERTIES, domainNames: ['new.example.org'] };
    await handle(
      event('Update', { PhysicalResourceId: arn, ResourceProperties: changed, OldResourceProperties: PROPERTIES }),
    );
    expect(responses.at(-1)?.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: arn });
    expect(acm.certificates.get(arn)?.certificate.subjectAltName).toBe('DNS:new.example.org');
    expect(acm.certificates.size).toBe(1);
  });

  it('leaves it alone when only its tags would change', async () => {
    const arn = await create();
    const changed = { ...PROPERTIES, tags: {} };
    await handle(
      event('Update', { PhysicalResourceId: arn, ResourceProperties: changed, OldResourceProperties: PROPERTIES }),
    );
    expect(acm.certificates.get(arn)?.imports).toBe(1);
  });

  it('imports a new one where somebody deleted it', async () => {
    const arn = await create();
    acm.certificates.clear();
    const changed = { ...PROPERTIES, validityDays: '90' };
    await handle(
      event('Update', { PhysicalResourceId: arn, ResourceProperties: changed, OldResourceProperties: PROPERTIES }),
    );
    expect(responses.at(-1)?.body.PhysicalResourceId).not.toBe(arn);
    expect([...acm.certificates.keys()]).toEqual([responses.at(-1)?.body.PhysicalResourceId]);
  });
});

describe('renewing the certificate', () => {
  const renew = (certificateArn: string) => handle({ renew: { certificateArn, properties: PROPERTIES } });

  it('does nothing until 30 days before the end', async () => {
    const arn = await create();
    clock.pass(334 * DAY);
    await renew(arn);
    expect(acm.certificates.get(arn)?.imports).toBe(1);
  });

  it('replaces it from then on, for another year', async () => {
    const arn = await create();
    clock.pass(336 * DAY);
    await renew(arn);
    const stored = acm.certificates.get(arn);
    expect(stored?.imports).toBe(2);
    expect(Date.parse(String(stored?.certificate.validTo))).toBeGreaterThan(clock.now() + 360 * DAY);
  });

  it('fails loudly, for the alarm, where the certificate is gone', async () => {
    await expect(renew('arn:aws:acm:eu-west-1:111122223333:certificate/gone')).rejects.toThrow('does not exist');
  });
});

describe('a certificate that an authority has issued', () => {
  const daily = (certificateArn: string) => handle({ renew: { certificateArn, properties: PROPERTIES } });

  async function issued(days: number): Promise<string> {
    const arn = await create();
    const to = clock.now() + days * DAY;
    const certificate = await issueCertificate({ names: ['tts.example.org'], from: clock.now(), to });
    await new AcmCertificateStore(client).replace(arn, certificate);
    return arn;
  }

  it('is never replaced by a self-signed one while it is valid, neither by the schedule nor by a change', async () => {
    const arn = await issued(6);
    await daily(arn);
    const changed = { ...PROPERTIES, domainNames: ['new.example.org'] };
    await handle(
      event('Update', { PhysicalResourceId: arn, ResourceProperties: changed, OldResourceProperties: PROPERTIES }),
    );
    expect(responses.at(-1)?.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: arn });
    expect(acm.certificates.get(arn)?.certificate.issuer).toBe('CN=Test authority');
    expect(acm.certificates.get(arn)?.imports).toBe(2);
  });

  it('is replaced once it has ended', async () => {
    const arn = await issued(6);
    clock.pass(7 * DAY);
    await daily(arn);
    expect(acm.certificates.get(arn)?.certificate.issuer).toBe('CN=voicegate');
  });
});

describe('the renewal of a self-signed certificate', () => {
  const daily = (certificateArn: string) => handle({ renew: { certificateArn, properties: PROPERTIES } });

  it('is told 60 and 30 days before, each for three days, and on no other day', async () => {
    const arn = await create();
    const told: number[] = [];
    clock.pass(272 * DAY);
    for (let day = 272; day < 335; day += 1) {
      counted = [];
      await daily(arn);
      if (counted.includes('CertificateRenewalAhead')) told.push(335 - day);
      clock.pass(DAY);
    }
    expect(told).toEqual([60, 59, 58, 30, 29, 28]);
    expect(lines.some((line) => line.includes('gets a new key in 60 days: callers who trust its file'))).toBe(true);
  });

  it('that ACM refuses is counted, and soon that the certificate ends', async () => {
    const arn = await create();
    const refuse = () =>
      acm.failures.push({ operation: 'ImportCertificate', code: 'LimitExceededException', times: 1 });
    clock.pass(336 * DAY);
    refuse();
    await expect(daily(arn)).rejects.toThrow('ordered');
    expect(counted).toEqual(['CertificateImportFailed']);
    clock.pass(23 * DAY);
    refuse();
    await expect(daily(arn)).rejects.toThrow('ordered');
    expect(counted.slice(1)).toEqual(['CertificateImportFailed', 'CertificateEndsSoon']);
  });
});

describe('the key of an account at an authority', () => {
  const SECRET = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:account-AbCdEf';
  const account = (RequestType: AccountKeyEvent['RequestType'], physicalId?: string): AccountKeyEvent => {
    return {
      ...event(RequestType),
      ResourceType: 'Custom::AcmeAccountKey',
      ResourceProperties: { accountKeySecretArn: SECRET, domainNames: ['tts.example.org'] },
      OldResourceProperties: { accountKeySecretArn: SECRET, domainNames: [] },
      ...(physicalId !== undefined && { PhysicalResourceId: physicalId }),
    };
  };

  it('is made once, stays through changes, and its thumbprint is told', async () => {
    await handle(account('Create'));
    const first = responses[0]?.body;
    const key = secrets.get(SECRET);
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(first).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: SECRET });
    expect(first?.Data?.Thumbprint).toMatch(/^[A-Za-z0-9_-]{43}$/);
    clock.pass(DAY);
    await handle(account('Update', SECRET));
    expect(responses[1]?.body.Data?.Thumbprint).toBe(first?.Data?.Thumbprint);
    expect(Number(responses[1]?.body.Data?.Since)).toBe(Number(first?.Data?.Since) + DAY);
    await handle(account('Delete', SECRET));
    expect(secrets.get(SECRET)).toBe(key);
    expect(`${JSON.stringify(responses)}${lines.join()}`).not.toContain('PRIVATE');
  });

  it('is not made where the secret holds something else, which is not told', async () => {
    secrets.set(SECRET, 'somebody else’s password');
    await handle(account('Create'));
    expect(responses[0]?.body.Reason).toContain('something other than an ECDSA P-256 private key');
    expect(JSON.stringify(responses)).not.toContain('somebody');
    expect(secrets.get(SECRET)).toBe('somebody else’s password');
  });
});

describe('deleting the certificate', () => {
  it('deletes it, also twice', async () => {
    const arn = await create();
    for (const _ of [1, 2]) {
      await handle(event('Delete', { PhysicalResourceId: arn }));
      expect(responses.at(-1)?.body.Status).toBe('SUCCESS');
    }
    expect(acm.certificates.size).toBe(0);
  });

  it('waits for the listener to let go', async () => {
    const arn = await create();
    acm.failures.push({ operation: 'DeleteCertificate', code: 'ResourceInUseException', times: 4 });
    await handle(event('Delete', { PhysicalResourceId: arn }));
    expect(acm.certificates.size).toBe(0);
    expect(clock.slept).toEqual([15_000, 15_000, 15_000, 15_000]);
  });

  it('leaves it behind with a warning after ten minutes, rather than failing the stack', async () => {
    const arn = await create();
    acm.failures.push({ operation: 'DeleteCertificate', code: 'ResourceInUseException', times: 1000 });
    await handle(event('Delete', { PhysicalResourceId: arn }));
    expect(responses.at(-1)?.body.Status).toBe('SUCCESS');
    expect(clock.slept.reduce((sum, pause) => sum + pause, 0)).toBe(600_000);
    expect(lines.join()).toContain('still in use and stays');
  });
});

describe('the key', () => {
  it('appears in no log line, no answer and nothing that is stored', async () => {
    const arn = await create();
    await handle(event('Delete', { PhysicalResourceId: arn }));
    acm.failures.push({ operation: 'ImportCertificate', code: 'ValidationException', times: 1 });
    await handle(event('Create'));
    expect(responses.at(-1)?.body.Status).toBe('FAILED');
    expect(`${lines.join()}${JSON.stringify(responses)}`).not.toMatch(/PRIVATE KEY|BEGIN/);
  });
});
