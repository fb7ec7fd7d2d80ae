import { describe, expect, it } from 'vitest';
import { lambdaTarget } from '../../../gate/core/lambda-endpoint';

const at = (VOICEGATE_AUTHORIZER: string, env: Readonly<Record<string, string>> = {}) =>
  lambdaTarget({ VOICEGATE_AUTHORIZER, AWS_REGION: 'eu-west-1', ...env });

describe('lambdaTarget', () => {
  it('finds region, partition, account and alias in an ARN', () => {
    expect(at('arn:aws-cn:lambda:cn-north-1:123456789012:function:auth:live')).toEqual({
      region: 'cn-north-1',
      partition: 'aws-cn',
      account: '123456789012',
      origin: 'https://lambda.cn-north-1.amazonaws.com.cn',
      host: 'lambda.cn-north-1.amazonaws.com.cn',
      path: '/2015-03-31/functions/auth/invocations',
      query: 'Qualifier=live',
    });
  });

  it('takes a name in the region of the environment', () => {
    expect(at('auth')).toMatchObject({ origin: 'https://lambda.eu-west-1.amazonaws.com', partition: 'aws', query: '' });
    expect(at('auth:$LATEST').query).toBe('Qualifier=%24LATEST');
    expect(at('auth', { AWS_REGION: 'us-gov-west-1' }).partition).toBe('aws-us-gov');
  });

  it('honours the endpoint of the environment, the one for Lambda first', () => {
    const general = { AWS_ENDPOINT_URL: 'http://localhost:4566' };
    expect(at('auth', general)).toMatchObject({ origin: 'http://127.0.0.1:4566', host: '127.0.0.1:4566' });
    expect(at('auth', { ...general, AWS_ENDPOINT_URL_LAMBDA: 'https://vpce.test:443/base/' })).toMatchObject({
      origin: 'https://vpce.test:443',
      host: 'vpce.test',
      path: '/base/2015-03-31/functions/auth/invocations',
    });
    expect(at('auth', { AWS_ENDPOINT_URL: 'http://[::1]:80' }).host).toBe('[::1]');
  });

  it.each([
    ['arn:aws:s3:::bucket', {}, 'VOICEGATE_AUTHORIZER must be the name or ARN of a Lambda function'],
    ['', {}, 'VOICEGATE_AUTHORIZER must be'],
    ['auth', { AWS_REGION: '' }, 'AWS_REGION must be set'],
    ['auth', { AWS_ENDPOINT_URL: 'ftp://x' }, 'AWS_ENDPOINT_URL must look like'],
    ['auth', { AWS_ENDPOINT_URL: 'http://a@b/' }, 'AWS_ENDPOINT_URL must look like'],
  ])('refuses %s with %j', (name, env, message) => {
    expect(() => at(name, env)).toThrow(message);
  });
});
