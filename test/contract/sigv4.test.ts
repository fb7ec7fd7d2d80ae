import { createHash, createHmac } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hashing, signRequest } from '../../contract/sigv4';
import { anyText } from '../support/any-text';

const hashing: Hashing = {
  sha256Hex: (text) => createHash('sha256').update(text).digest('hex'),
  hmacSha256: (key, text) => createHmac('sha256', key).update(text).digest(),
  hmacSha256Hex: (key, text) => createHmac('sha256', key).update(text).digest('hex'),
};

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const time = new Date('2015-08-30T12:36:00Z');

describe('a signature', () => {
  // From the Signature Version 4 test suite that AWS publishes.
  it.each([
    ['get-vanilla', 'GET', '', {}, '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['post-vanilla', 'POST', '', {}, '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'get-vanilla-query-order-key-case',
      'GET',
      'Param1=value1&Param2=value2',
      {},
      '',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'post-x-www-form-urlencoded',
      'POST',
      '',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'Param1=value1',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
  ])('is that of the published vector %s', (_, method, query, headers, body, signature) => {
    const request = { method, host: 'example.amazonaws.com', path: '/', query, headers, body };
    const signed = signRequest(request, credentials, { region: 'us-east-1', service: 'service' }, time, hashing);
    expect(signed.authorization).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ` +
        `SignedHeaders=${[...Object.keys(headers), 'host', 'x-amz-date'].join(';')}, Signature=${signature}`,
    );
  });

  it('is the one that another implementation makes, for any invocation', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
        fc.option(fc.stringMatching(/^[A-Za-z0-9_$-]{1,20}$/), { nil: undefined }),
        anyText(),
        fc.option(fc.stringMatching(/^[A-Za-z0-9/+=]{1,60}$/), { nil: undefined }),
        fc.date({ min: new Date('2020-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
        fc.constantFrom('lambda.eu-west-1.amazonaws.com', '127.0.0.1:4566', '[::1]:80'),
        async (name, qualifier, body, sessionToken, now, host) => {
          const path = `/2015-03-31/functions/${name}/invocations`;
          const query = qualifier === undefined ? '' : `Qualifier=${encodeURIComponent(qualifier)}`;
          const headers = { 'content-type': 'application/json' };
          const ours = signRequest(
            { method: 'POST', host, path, query, headers, body },
            { ...credentials, ...(sessionToken === undefined ? {} : { sessionToken }) },
            { region: 'eu-west-1', service: 'lambda' },
            now,
            hashing,
          );
          const scheme = host.startsWith('lambda') ? 'https' : 'http';
          const signer = new AwsV4Signer({
            ...credentials,
            sessionToken,
            method: 'POST',
            url: `${scheme}://${host === '[::1]:80' ? '[::1]' : host}${path}${query === '' ? '' : `?${query}`}`,
            headers,
            body,
            service: 'lambda',
            region: 'eu-west-1',
            datetime: ours['x-amz-date'],
            allHeaders: true,
          });
          if (host !== '[::1]:80') {
            expect(ours.authorization).toBe((await signer.sign()).headers.get('authorization'));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('changes with the secret, the day, the region and the service, whatever was signed before', () => {
    const request = { method: 'POST', host: 'a.example', path: '/', query: '', headers: {}, body: '' };
    const signatureOf = (secret: string, day: string, region: string, service: string) =>
      signRequest(
        request,
        { ...credentials, secretAccessKey: secret },
        { region, service },
        new Date(`2026-11-${day}T12:00:00Z`),
        hashing,
      ).authorization;
    const cases = ['a', 'b'].flatMap((secret) =>
      ['24', '25'].flatMap((day) =>
        ['eu-west-1', 'eu-west-2'].flatMap((region) =>
          ['lambda', 'dynamodb'].map((service) => [secret, day, region, service] as const),
        ),
      ),
    );
    const signatures = cases.map((given) => signatureOf(...given));
    expect(new Set(signatures).size).toBe(16);
    expect(cases.toReversed().map((given) => signatureOf(...given))).toEqual(signatures.toReversed());
  });

  it('is the one that another implementation makes, for any request of ours', async () => {
    const word = fc.stringMatching(/^[A-Za-z0-9._~:-]{1,20}$/);
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST'),
      host: fc.constantFrom('dynamodb.us-east-1.amazonaws.com', '127.0.0.1:8000'),
      segments: fc.array(word, { maxLength: 4 }),
      header: fc.tuple(fc.constantFrom('x-amz-target', 'x-amz-invocation-type'), word),
      body: fc.string({ unit: 'grapheme' }),
      sessionToken: fc.option(word, { nil: undefined }),
      secret: word,
      time: fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ method, host, segments, header, body, sessionToken, secret, time }) => {
        // A URL takes segments of dots out.
        fc.pre(segments.every((segment) => !/^\.{1,2}$/.test(segment)));
        const path = `/${segments.map(encodeURIComponent).join('/')}`;
        const content = method === 'GET' ? '' : body;
        const credentials = { accessKeyId: 'AKID', secretAccessKey: secret, ...(sessionToken && { sessionToken }) };
        const [name, value] = header;
        const ours = signRequest(
          { method, host, path, query: '', headers: { [name]: value }, body: content },
          credentials,
          { region: 'eu-west-1', service: 'lambda' },
          time,
          hashing,
        );
        const theirs = await new AwsV4Signer({
          method,
          url: `https://${host}${path}`,
          headers: { [name]: value },
          ...(method === 'POST' && { body: content }),
          ...credentials,
          region: 'eu-west-1',
          service: 'lambda',
          datetime: time.toISOString().replace(/[:-]|\.\d{3}/g, ''),
        }).sign();
        expect(ours.authorization).toBe(theirs.headers.get('authorization'));
        expect(ours['x-amz-date']).toBe(theirs.headers.get('x-amz-date'));
        expect(ours['x-amz-security-token'] ?? null).toBe(theirs.headers.get('x-amz-security-token'));
      }),
    );
  });
});
