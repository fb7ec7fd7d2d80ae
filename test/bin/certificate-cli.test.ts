import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSelfSigned } from '../../lambda/certificate/self-signed';
import { issueCertificate } from '../lambda/certificate/test-authority';
import { commandLine } from './cli';

const DAY = 24 * 3600 * 1000;
const ARN = 'arn:aws:acm:eu-west-1:111122223333:certificate/11111111-2222-3333-4444-555555555555';

interface Fake {
  readonly arn: string;
  readonly names: readonly string[];
  status: string;
  reason?: string;
  type: string;
  keyAlgorithm: string;
  /** Looks after which ACM tells the records. */
  recordsAfter: number;
  /** Looks after which it is issued. */
  issuedAfter: number;
  pem: string;
  chain: string;
  tags: readonly { Key: string; Value: string }[];
}

const cli = commandLine();
/** An output of the stack. */
let orderFunction: string;
/** What the function that orders answers. */
let order: object;
let server: Server;
let env: Readonly<Record<string, string>>;
let certificates: Fake[];
let calls: { operation: string; input: Record<string, unknown> }[];

function fake(names: readonly string[], more: Partial<Fake> = {}): Fake {
  const arn = certificates.length === 0 ? ARN : ARN.replace('5555', String(6000 + certificates.length));
  return {
    ...{ arn, names, status: 'PENDING_VALIDATION', type: 'AMAZON_ISSUED', keyAlgorithm: 'EC_prime256v1' },
    ...{ recordsAfter: 0, issuedAfter: Number.POSITIVE_INFINITY, pem: '', chain: '', tags: [] },
    ...more,
  };
}

/** ACM as far as the commands ask it, and CloudFormation with one stack. */
function acm(operation: string, input: Record<string, unknown>): Record<string, unknown> {
  const found = certificates.find(({ arn }) => arn === input.CertificateArn);
  if (input.CertificateArn !== undefined && !found) return { __type: 'ResourceNotFoundException' };
  switch (operation) {
    case 'ListCertificates': {
      // As ACM does, which lists RSA keys of 2048 bits unless it is asked for others.
      const { keyTypes = ['RSA_2048'] } = (input.Includes ?? {}) as { keyTypes?: string[] };
      const statuses = input.CertificateStatuses as string[];
      const listed = certificates.filter(
        ({ keyAlgorithm, status }) => keyTypes.includes(keyAlgorithm) && statuses.includes(status),
      );
      return {
        CertificateSummaryList: listed.map(({ arn, names }) => ({ CertificateArn: arn, DomainName: names[0] })),
      };
    }
    case 'RequestCertificate': {
      const made = fake(input.SubjectAlternativeNames as string[], { recordsAfter: 1 });
      certificates.push(made);
      return { CertificateArn: made.arn };
    }
    case 'DescribeCertificate':
      return { Certificate: described(found as Fake) };
    case 'GetCertificate':
      return { Certificate: found?.pem, CertificateChain: found?.chain };
    default:
      return { Tags: found?.tags };
  }
}

function described(one: Fake): Record<string, unknown> {
  if (one.status === 'PENDING_VALIDATION' && one.issuedAfter <= 0) one.status = 'ISSUED';
  const told = one.recordsAfter <= 0;
  one.recordsAfter -= 1;
  one.issuedAfter -= 1;
  return {
    CertificateArn: one.arn,
    DomainName: one.names[0],
    SubjectAlternativeNames: one.names,
    Status: one.status,
    Type: one.type,
    CreatedAt: 1_790_000_000,
    ...(one.reason && { FailureReason: one.reason }),
    ...(one.status === 'ISSUED' && { NotAfter: (Date.now() + 198 * DAY) / 1000 }),
    DomainValidationOptions: one.names.map((name) => ({
      DomainName: name,
      ValidationStatus: one.status === 'ISSUED' ? 'SUCCESS' : 'PENDING_VALIDATION',
      ...(told && {
        ResourceRecord: { Name: `_a.${name.replace('*.', '')}.`, Type: 'CNAME', Value: `_b.acm-validations.aws.` },
      }),
    })),
  };
}

const stackAnswer =
  () => `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
  <StackName>speech</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime>
  <Outputs><member><OutputKey>CertificateArn</OutputKey><OutputValue>${ARN}</OutputValue></member>${orderFunction}</Outputs>
  </member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      const target = request.headers['x-amz-target'];
      if (request.url?.includes('/invocations')) {
        calls.push({ operation: request.url, input: JSON.parse(body) as Record<string, unknown> });
        response.writeHead(200, 'error' in order ? { 'x-amz-function-error': 'Unhandled' } : {});
        response.end(JSON.stringify(order));
        return;
      }
      if (target === undefined) {
        response.writeHead(200, { 'content-type': 'text/xml' }).end(stackAnswer());
        return;
      }
      const operation = String(target).split('.').at(-1) ?? '';
      const input = JSON.parse(body) as Record<string, unknown>;
      calls.push({ operation, input });
      const answer = acm(operation, input);
      response.writeHead('__type' in answer ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  env = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
});
afterAll(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});
beforeEach(() => {
  orderFunction = '';
  certificates = [];
  calls = [];
});

const certificate = (...args: string[]) => cli.run(['certificate', ...args], env);
/** As `dist/cli.js` in a process of its own: once for each command. */
const certificateProcess = (...args: string[]) => cli.spawn(['certificate', ...args], env);
const operations = () => calls.map(({ operation }) => operation);

describe('voicegate certificate request', () => {
  it('requests a certificate with a small key, and prints the records as a table and as lines to paste', async () => {
    const { exitCode, stdout, stderr } = await certificate(
      'request',
      'TTS.example.com',
      'speech.example.com',
      '--no-wait',
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(calls.find(({ operation }) => operation === 'RequestCertificate')?.input).toMatchObject({
      DomainName: 'tts.example.com',
      SubjectAlternativeNames: ['tts.example.com', 'speech.example.com'],
      ValidationMethod: 'DNS',
      KeyAlgorithm: 'EC_prime256v1',
    });
    expect(stdout).toMatch(/DOMAIN +TYPE +NAME +VALUE +STATUS/);
    expect(stdout).toContain('_a.tts.example.com. 300 IN CNAME _b.acm-validations.aws.\n');
    expect(stdout).toContain('_a.speech.example.com. 300 IN CNAME _b.acm-validations.aws.\n');
    expect(stderr).toContain(`Come back with: voicegate certificate status ${ARN}`);
  });

  it('finds the pending request at the second call, and makes no other', async () => {
    await certificate('request', 'tts.example.com', '--no-wait');
    const { stderr, exitCode } = await certificate('request', 'tts.example.com', '--no-wait');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('this was requested on 2026-');
    expect(operations().filter((name) => name === 'RequestCertificate')).toHaveLength(1);
    // For other names it is another certificate.
    await certificate('request', 'tts.example.com', 'b.example.com', '--no-wait');
    expect(certificates).toHaveLength(2);
  });

  it('waits with progress until it is issued, then prints the ARN and the line that deploys it', async () => {
    certificates = [fake(['tts.example.com', '*.example.com'], { issuedAfter: 3 })];
    const { exitCode, stdout, stderr } = await certificateProcess('request', 'tts.example.com', '*.example.com');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('It gives up 72 hours after the request');
    expect(stderr).toContain('0 of 2 names validated');
    expect(stdout).toContain(`\n${ARN}\n`);
    expect(stdout).toContain(`npx cdk deploy -c certificateArn=${ARN} -c domainNames=tts.example.com\n`);
    // One record serves a name and its wildcard's.
    expect(stdout.match(/IN CNAME/g)).toHaveLength(2);
  });

  it('prints one document with --json', async () => {
    const { stdout } = await certificate('request', 'tts.example.com', '--no-wait', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      certificateArn: ARN,
      status: 'PENDING_VALIDATION',
      names: ['tts.example.com'],
      records: [{ domain: 'tts.example.com', type: 'CNAME', name: '_a.tts.example.com.' }],
    });
  });

  it.each([
    [['localhost'], '"localhost" is no domain name'],
    [['https://tts.example.com'], 'is no domain name; give names such as tts.example.com or *.example.com'],
    [[`${'a'.repeat(60)}.example.com`], 'ACM takes at most 64 for the first name'],
    [Array.from({ length: 11 }, (_, i) => `n${i}.example.com`), 'ACM takes 10 names at most, got 11'],
  ])('refuses %j', async (names, message) => {
    const { exitCode, stderr } = await certificate('request', ...names);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(calls).toEqual([]);
  });
});

describe('voicegate certificate status', () => {
  it('comes back to what is pending', async () => {
    certificates = [fake(['tts.example.com'])];
    const { stdout, exitCode } = await certificateProcess('status', ARN, '--no-wait');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('_a.tts.example.com. 300 IN CNAME');
  });

  it('says that ACM has given up, and how to go on', async () => {
    certificates = [fake(['tts.example.com'], { status: 'VALIDATION_TIMED_OUT' })];
    const { stderr, exitCode } = await certificate('status', ARN);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('the records were not in DNS within 72 hours');
    expect(stderr).toContain('voicegate certificate request tts.example.com');
  });

  it('says why ACM refused', async () => {
    certificates = [fake(['tts.example.com'], { status: 'FAILED', reason: 'CAA_ERROR' })];
    expect((await certificate('status', ARN)).stderr).toContain('0 issue "amazon.com"');
  });

  it('tells what is no ARN, and what is not there', async () => {
    expect(await certificate('status', 'arn:aws:s3:::bucket')).toMatchObject({ exitCode: 2 });
    const { exitCode, stderr } = await certificate('status', ARN);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(`there is no certificate ${ARN} in this account and region`);
  });
});

describe('voicegate certificate show', () => {
  const selfSigned = async () => {
    const properties = { commonName: 'voicegate', domainNames: ['tts.example.com'], validityDays: '100' };
    const { certificate: pem } = await createSelfSigned(properties, Date.now());
    return fake(['tts.example.com'], {
      ...{ status: 'ISSUED', type: 'IMPORTED', pem },
      tags: [{ Key: 'voicegate:stack', Value: 'arn' }],
    });
  };

  it('tells origin, names, days left and the next key of a self-signed one, and gives its file', async () => {
    certificates = [await selfSigned()];
    const { stdout } = await certificate('show', '--stack', 'speech', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      origin: 'self-signed',
      names: ['tts.example.com'],
      daysLeft: 99,
      renewal: expect.stringContaining('callers who trust this file need the new one then'),
    });
    const { stdout: file } = await certificate('show', '--stack', 'speech', '--pem');
    expect(file).toBe(`${certificates[0]?.pem.trim()}\n`);
  });

  it('tells chain, last order and its result of one that was ordered', async () => {
    const issued = await issueCertificate({ names: ['tts.example.com'], from: Date.now(), to: Date.now() + 6.5 * DAY });
    const tags = {
      'voicegate:stack': 'arn',
      'voicegate:ordered-at': '2026-11-29T12:00:00Z',
      'voicegate:last-result': '2026-11-29T12:00:05Z issued: for tts.example.com',
      'voicegate:wait-until': '-',
    };
    certificates = [
      fake(['tts.example.com'], {
        ...{ status: 'ISSUED', type: 'IMPORTED', pem: issued.certificate, chain: issued.certificate },
        tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    ];
    const { stdout } = await certificateProcess('show', '--stack', 'speech');
    expect(stdout).toMatch(/origin: +certificate authority \(ACME\)\n/);
    expect(stdout).toMatch(/issuer: +CN=Test authority\n/);
    expect(stdout).toMatch(/daysLeft: +6\n/);
    expect(stdout).toMatch(/lastOrder: +2026-11-29T12:00:00Z\n/);
    expect(stdout).toMatch(/lastResult: +2026-11-29T12:00:05Z issued: for tts.example.com\n/);
    expect(stdout).not.toContain('waitUntil');
  });

  it('tells that a self-signed one waits for its order', async () => {
    const waiting = await selfSigned();
    const result = { Key: 'voicegate:last-result', Value: '2026-11-29T12:00:05Z names elsewhere: x' };
    certificates = [{ ...waiting, tags: [...waiting.tags, result] }];
    const { stdout } = await certificate('show', '--stack', 'speech');
    expect(stdout).toMatch(/renewal: +until the names lead to the load balancer/);
  });

  it.each([
    [[], 2, 'whose certificate? Give --stack NAME'],
    [['--stack', 'speech', '--pem', '--json'], 2, '--pem and --json exclude each other'],
    [['--stack', 'speech'], 3, 'there is no certificate'],
  ])('refuses %j', async (args, code, message) => {
    const { exitCode, stderr } = await certificate('show', ...args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });
});

describe('voicegate certificate order', () => {
  const ORDERS =
    '<member><OutputKey>CertificateOrderFunctionName</OutputKey><OutputValue>orders</OutputValue></member>';

  it('lets the function look now, and tells what it found', async () => {
    orderFunction = ORDERS;
    order = { result: 'issued', detail: 'for tts.example.com until 2027-02-01T00:00:00Z' };
    const { exitCode, stdout } = await certificate('order', '--stack', 'speech');
    expect([exitCode, stdout]).toEqual([0, 'issued: for tts.example.com until 2027-02-01T00:00:00Z\n']);
    expect(calls).toEqual([{ operation: '/2015-03-31/functions/orders/invocations', input: {} }]);
  });

  it('ends with 1 where nothing was issued, and says why', async () => {
    orderFunction = ORDERS;
    order = { result: 'names elsewhere', detail: 'tts.example.com has no address' };
    const { exitCode, stdout, stderr } = await certificateProcess('order', '--stack', 'speech');
    expect([exitCode, stdout]).toEqual([1, 'names elsewhere: tts.example.com has no address\n']);
    expect(stderr).toContain('nothing was issued');
    order = { error: 'Runtime exited' };
    expect((await certificate('order', '--stack', 'speech')).stderr).toContain('the function orders failed');
  });

  it('says of a stack that orders nothing why', async () => {
    const { exitCode, stderr } = await certificate('order', '--stack', 'speech');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('its certificate is not ordered by ACME');
  });

  it('is named by show while the certificate is still self-signed', async () => {
    const { certificate: pem } = await createSelfSigned(
      { commonName: 'voicegate', domainNames: ['tts.example.com'], validityDays: '365' },
      Date.now(),
    );
    certificates.push(fake(['tts.example.com'], { status: 'ISSUED', type: 'IMPORTED', pem }));
    const renewal = async () => JSON.parse((await certificate('show', '--stack', 'speech', '--json')).stdout).renewal;
    expect(await renewal()).toContain('a new key on');
    orderFunction = ORDERS;
    expect(await renewal()).toBe(
      'until the names lead to the load balancer, which is looked at every hour; "voicegate certificate order" looks now',
    );
  });
});
