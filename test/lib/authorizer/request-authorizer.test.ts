import { Duration } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { type FunctionAuthorizerOptions, PayloadFormat, RequestAuthorizer } from '../../../lib';
import { gateOptions } from '../../../lib/gate/gate-bundle';
import { someFunction, TestStack } from '../support/stack';

function options(given?: FunctionAuthorizerOptions) {
  const authorizer = RequestAuthorizer.fromFunction(someFunction(new TestStack()), given);
  return gateOptions({ authorizer }, 'test').authorizer;
}

describe('RequestAuthorizer.fromFunction', () => {
  it('gives a foreign function all that API Gateway would: headers, query, format and five minutes of cache', () => {
    expect(options()).toMatchObject({
      payloadFormat: '2.0',
      identitySource: ['$request.header.Authorization'],
      forwardRequest: true,
      positiveTtl: 300,
      negativeTtl: 300,
      timeout: 10_000,
    });
  });

  it('passes on the identity sources, the older format, the ttl and the timeout', () => {
    const given = {
      identitySource: ['$request.querystring.token', '$context.identity.sourceIp'],
      payloadFormat: PayloadFormat.V1,
      ttl: Duration.seconds(0),
      timeout: Duration.seconds(3),
    };
    expect(options(given)).toMatchObject({
      payloadFormat: '1.0',
      identitySource: given.identitySource,
      positiveTtl: 0,
      timeout: 3000,
    });
  });

  it('asks for no scopes, which a foreign function does not know', () => {
    const authorizer = RequestAuthorizer.fromFunction(someFunction(new TestStack()));
    expect(gateOptions({ authorizer }, 'test').requiredScopes).toEqual([]);
  });

  it.each<[FunctionAuthorizerOptions, RegExp]>([
    [{ identitySource: [] }, /identitySource must name at least one source/],
    [{ identitySource: ['Authorization'] }, /"Authorization" is not allowed; use \$request\.header\.NAME/],
    [{ ttl: Duration.hours(2) }, /ttl must be whole seconds from 0 to 3600/],
    [{ timeout: Duration.seconds(60) }, /timeout must be whole seconds from 1 to 29/],
  ])('refuses %o, saying what is allowed', (given, message) => {
    expect(() => options(given)).toThrow(message);
  });
});
