import { createHash, createHmac } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hashing, signRequest } from '../../contract/sigv4';

const hashing: Hashing = {
  sha256Hex: (text) => createHash('sha256').update(text).digest('hex'),
  hmacSha256: (key, text) => createHmac('sha256', key).update(text).digest(),
};

describe('a signature', () => {
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
