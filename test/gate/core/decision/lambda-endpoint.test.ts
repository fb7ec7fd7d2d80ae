import { describe, expect, it } from 'vitest';
import { invokeAddress, readAuthorizer } from '../../../../gate/core/decision/lambda-endpoint';

const authorizer = (VOICEGATE_AUTHORIZER: string, env: Readonly<Record<string, string>> = {}) =>
  readAuthorizer({ VOICEGATE_AUTHORIZER, AWS_REGION: 'eu-west-1', ...env });

describe('readAuthorizer', () => {
  it('finds region, partition, account and alias in an ARN', () => {
    expect(authorizer('arn:aws-cn:lambda:cn-north-1:123456789012:function:auth:live')).toEqual({
      region: 'cn-north-1',
      partition: 'aws-cn',
      account: '123456789012',
      functionName: 'auth',
      qualifier: 'live',
    });
  });

  it('takes a name in the region of the environment', () => {
    expect(authorizer('auth')).toEqual({
      region: 'eu-west-1',
      partition: 'aws',
      account: '000000000000',
      functionName: 'auth',
    });
    expect(authorizer('auth', { AWS_REGION: 'us-gov-west-1' }).partition).toBe('aws-us-gov');
    expect(authorizer('auth', { AWS_REGION: '', AWS_DEFAULT_REGION: 'cn-north-1' }).partition).toBe('aws-cn');
  });

  it.each([
    ['arn:aws:s3:::bucket', {}, 'VOICEGATE_AUTHORIZER must be the name or ARN of a Lambda function'],
    ['', {}, 'VOICEGATE_AUTHORIZER must be'],
    ['auth', { AWS_REGION: '' }, 'AWS_REGION must be set'],
  ])('refuses %s with %j', (name, env, message) => {
    expect(() => authorizer(name, env)).toThrow(message);
  });
});

describe('invokeAddress', () => {
  it.each([
    ['https://lambda.eu-west-1.amazonaws.com', 'lambda.eu-west-1.amazonaws.com', 'lambda.eu-west-1.amazonaws.com', ''],
    ['http://127.0.0.1:4566', '127.0.0.1', '127.0.0.1:4566', ''],
    ['https://vpce.test:443/base/', 'vpce.test', 'vpce.test', '/base'],
    ['http://[::1]:80', '[::1]', '[::1]', ''],
  ])('reads %s as nginx and the signature need it', (endpoint, hostname, host, base) => {
    expect(invokeAddress(authorizer('auth:$LATEST'), endpoint)).toEqual({
      scheme: endpoint.split(':')[0],
      hostname,
      host,
      path: `${base}/2015-03-31/functions/auth/invocations`,
      query: 'Qualifier=%24LATEST',
    });
  });

  it.each(['ftp://x', 'http://a@b/', ''])('refuses the endpoint "%s"', (endpoint) => {
    expect(() => invokeAddress(authorizer('auth'), endpoint)).toThrow('must look like https://host:port');
  });
});
