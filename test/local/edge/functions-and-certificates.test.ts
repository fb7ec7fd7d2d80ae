import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import {
  ACMClient,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  ImportCertificateCommand,
} from '@aws-sdk/client-acm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSelfSigned } from '../../../lambda/certificate/self-signed.js';
import { awsClients } from '../../../local/aws-clients.js';
import { answerOf, eventOf } from '../../../local/edge/lambda-target.js';
import { issueCertificate } from '../../lambda/certificate/test-authority.js';
import { type Cloud, get, rule, type ServedEdge, startCloud, template, until } from './support.js';

const cloud = await startCloud();
const DAY = 24 * 3600 * 1000;
const NAME = 'tts.example.com';

describe('a request to a function', () => {
  const request = {
    targetGroupArn: 'arn:group',
    multiValue: false,
    method: 'POST',
    target: '/a%20b?x=1&x=%202&constructor=c&y',
    headers: [
      ['Content-Type', 'application/json'],
      ['X-Two', 'one'],
      ['X-Two', 'two'],
    ] as const,
    body: Buffer.from('{"text":"é"}'),
  };

  it('is told as a load balancer tells it: nothing decoded, names of headers in lower case, the last of each', () => {
    expect(eventOf(request)).toEqual({
      requestContext: { elb: { targetGroupArn: 'arn:group' } },
      httpMethod: 'POST',
      path: '/a%20b',
      queryStringParameters: { x: '%202', constructor: 'c', y: '' },
      headers: { 'content-type': 'application/json', 'x-two': 'two' },
      body: '{"text":"é"}',
      isBase64Encoded: false,
    });
  });

  it('has all values where the target group says so, and bytes that are no text as base64', () => {
    const headers = request.headers.filter(([name]) => name !== 'Content-Type');
    expect(eventOf({ ...request, multiValue: true, headers, body: Buffer.from([0, 255]) })).toMatchObject({
      multiValueQueryStringParameters: { x: ['1', '%202'], constructor: ['c'], y: [''] },
      multiValueHeaders: { 'x-two': ['one', 'two'] },
      body: 'AP8=',
      isBase64Encoded: true,
    });
  });

  it.each(['', 'null', '[]', '{"statusCode":"x"}', '{"statusCode":99}', '{"body":"no status"}'])(
    'that ends with %s has no answer',
    (payload) => {
      expect(answerOf(Buffer.from(payload), false)).toBeUndefined();
    },
  );
});

describe.skipIf(cloud === undefined)('the edge', () => {
  const { deploy, serve } = cloud as Cloud;
  let edge: ServedEdge;
  let arn: string;
  let dnsName: string;
  const acm = awsClients((cloud as Cloud)?.aws, { acm: ACMClient });
  const keys = join((cloud as Cloud)?.directory ?? '', 'emulator/certificate-keys');

  beforeAll(async () => {
    const now = Date.now();
    const properties = { commonName: 'voicegate', domainNames: [NAME], validityDays: '100' };
    const first = await createSelfSigned(properties, now);
    arn = await importCertificate(first);
    const code = `exports.handler = async (event) => {
      if (event.path === '/fn/broken') throw new Error('broken');
      return { statusCode: 201, headers: { 'x-from': 'function' }, body: JSON.stringify(event) };
    };`;
    const parts = template({
      resources: {
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [] } },
        },
        Function: {
          Type: 'AWS::Lambda::Function',
          Properties: {
            Runtime: 'nodejs20.x',
            Handler: 'index.handler',
            Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
            Code: { ZipFile: code },
          },
        },
        Group: {
          Type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
          Properties: { TargetType: 'lambda', Targets: [{ Id: { 'Fn::GetAtt': ['Function', 'Arn'] } }] },
        },
        Functions: rule(
          5,
          [{ Field: 'path-pattern', Values: ['/fn/*'] }],
          [{ Type: 'forward', TargetGroupArn: { Ref: 'Group' } }],
        ),
      },
    });
    const { Https } = parts.Resources as { Https: { Properties: { Certificates: object[] } } };
    Https.Properties.Certificates = [{ CertificateArn: arn }];
    ({ DnsName: dnsName = '' } = await deploy('Functions', parts));
    edge = await serve('Functions');
  }, 120_000);

  afterAll(async () => {
    acm.destroy();
    await (cloud as Cloud).stop();
  });

  async function importCertificate(
    { certificate, privateKey }: { readonly certificate: string; readonly privateKey: string },
    CertificateArn?: string,
  ): Promise<string> {
    const answer = await acm.acm.send(
      new ImportCertificateCommand({
        Certificate: Buffer.from(certificate),
        PrivateKey: Buffer.from(privateKey),
        CertificateArn,
      }),
    );
    return answer.CertificateArn ?? '';
  }

  /** The certificate that a client sees who asks for a name. */
  function shownFor(servername: string): Promise<X509Certificate> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: edge.httpsPort, servername, rejectUnauthorized: false };
      const socket = connect(options, () => {
        const certificate = socket.getPeerX509Certificate();
        socket.destroy();
        if (certificate) resolve(certificate);
        else reject(new Error('no certificate'));
      });
      socket.on('error', reject);
    });
  }

  it('passes requests to a function and its answer back', async () => {
    const { status, headers, body } = await get(edge, '/fn/a?b=c', { method: 'POST', body: 'text' });
    expect([status, headers['x-from']]).toEqual([201, 'function']);
    const event = JSON.parse(body) as { headers: Record<string, string> };
    expect(event).toMatchObject({ httpMethod: 'POST', path: '/fn/a', queryStringParameters: { b: 'c' } });
    expect(event.headers['x-forwarded-proto']).toBe('https');
    expect((await edge.lineOf('/fn/a')).why).toBe('lambda');
  });

  it('answers 502 for a function that fails, and 413 for a request that is too large for one', async () => {
    expect((await get(edge, '/fn/broken')).status).toBe(502);
    const body = Buffer.alloc(1024 * 1024 + 1, 'a');
    expect((await get(edge, '/fn/large', { method: 'POST', body })).status).toBe(413);
  });

  it('does not list functions among what it does not serve', () => {
    expect(edge.notEmulated.join()).not.toMatch(/lambda/);
  });

  it('shows the certificate that ACM holds to who asks for one of its names, and its file lets a client trust it', async () => {
    const shown = await shownFor(NAME);
    expect(shown.subjectAltName).toBe(`DNS:${NAME}`);
    expect((await shownFor('localhost')).subjectAltName).toContain('localhost');
    const { status } = await get(edge, '/fn/a', { servername: NAME, headers: { Host: NAME } });
    expect(status).toBe(201);
    // No certificate of ACM's has the load balancer's own name: it has one of the edge's.
    expect((await get(edge, '/fn/a', { servername: dnsName, headers: { Host: dnsName } })).status).toBe(201);
  });

  it('shows the next one under the same ARN without being told, with its true end', async () => {
    const issued = await issueCertificate({ names: [NAME], from: Date.now(), to: Date.now() + 6 * DAY });
    expect(await importCertificate(issued, arn)).toBe(arn);
    const wanted = new X509Certificate(issued.certificate);
    await until(async () => ((await shownFor(NAME)).fingerprint256 === wanted.fingerprint256 ? true : undefined));
    const { Certificate } = await acm.acm.send(new DescribeCertificateCommand({ CertificateArn: arn }));
    expect(Certificate).toMatchObject({
      Type: 'IMPORTED',
      KeyAlgorithm: 'EC_prime256v1',
      SubjectAlternativeNames: [NAME],
      NotAfter: new Date(wanted.validTo),
    });
  });

  it('finds each key in a file that only this user reads, and none of a deleted certificate', async () => {
    expect(statSync(keys).mode & 0o777).toBe(0o700);
    const file = join(keys, `${arn.split('/')[1]}.key`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain('PRIVATE KEY');
    const other = await importCertificate(
      await issueCertificate({ names: ['b.example.com'], from: Date.now(), to: Date.now() + DAY }),
    );
    expect(readdirSync(keys)).toHaveLength(2);
    await acm.acm.send(new DeleteCertificateCommand({ CertificateArn: other }));
    expect(readdirSync(keys)).toHaveLength(1);
  });

  it('is kept from certificates that AWS would refuse', async () => {
    const one = await issueCertificate({ names: [NAME], from: Date.now(), to: Date.now() + DAY });
    const another = await issueCertificate({ names: [NAME], from: Date.now(), to: Date.now() + DAY });
    await expect(importCertificate({ ...one, privateKey: another.privateKey })).rejects.toThrow('does not match');
    await expect(importCertificate({ ...one, certificate: 'nonsense' })).rejects.toThrow('not valid PEM');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await expect(importCertificate({ ...one, privateKey: text }, arn)).rejects.toThrow('does not match');
  });
});
