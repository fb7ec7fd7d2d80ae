import { Duration, Lazy } from 'aws-cdk-lib';
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

  it('asks for every request where nothing identifies a caller and nothing is kept', () => {
    expect(options({ identitySource: [], ttl: Duration.seconds(0) })).toMatchObject({
      identitySource: [],
      positiveTtl: 0,
      negativeTtl: 0,
    });
  });

  it('gives a function its route and stage variables, and a TOKEN function its own event', () => {
    const given = {
      payloadFormat: PayloadFormat.TOKEN,
      routeKey: 'GET /orders/{id}',
      stageVariables: { tier: 'gold', backend: 'https://b.example.com/x?a=1&b=2' },
    };
    expect(options(given)).toMatchObject(given);
  });

  it('asks for no scopes, which a foreign function does not know', () => {
    const authorizer = RequestAuthorizer.fromFunction(someFunction(new TestStack()));
    expect(gateOptions({ authorizer }, 'test').requiredScopes).toEqual([]);
  });

  it.each<[FunctionAuthorizerOptions, RegExp]>([
    [{ identitySource: [] }, /identitySource is empty, but ttl is 300 s: one decision would serve everybody/],
    [{ identitySource: ['Authorization'] }, /"Authorization" is not allowed; use one of \$request\.header\.NAME/],
    [{ identitySource: ['$request.header.x_token'] }, /a header with an underscore never arrives/],
    [
      { identitySource: ['$context.stage'] },
      /"\$context\.stage" is not allowed; use one of .*\$context\.identity\.sourceIp/,
    ],
    [{ payloadFormat: '3.0' as PayloadFormat }, /payloadFormat must be one of 1\.0, 2\.0, TOKEN, got "3\.0"/],
    [
      { payloadFormat: PayloadFormat.TOKEN, identitySource: ['$request.header.A', '$request.header.B'] },
      /payloadFormat TOKEN needs exactly one header as identitySource/,
    ],
    [
      { payloadFormat: PayloadFormat.TOKEN, identitySource: ['$request.querystring.a'] },
      /payloadFormat TOKEN needs exactly one header as identitySource/,
    ],
    [{ routeKey: '/orders' }, /routeKey must be "\$default", or method and path such as .*, got "\/orders"/],
    [{ stageVariables: { 'a-b': 'c' } }, /stageVariables: "a-b" is not allowed; a name has 1 to 64 letters/],
    [{ stageVariables: { a: 'two words' } }, /stageVariables: a must be known at synthesis .* but is "two words"/],
    [{ stageVariables: { a: Lazy.string({ produce: () => 'x' }) } }, /stageVariables: a must be known at synthesis/],
    [{ ttl: Duration.hours(2) }, /ttl must be whole seconds from 0 to 3600/],
    [{ timeout: Duration.seconds(60) }, /timeout must be whole seconds from 1 to 29/],
  ])('refuses %o, saying what is allowed', (given, message) => {
    expect(() => options(given)).toThrow(message);
  });
});
