import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GateOptions } from '../../contract/gate-options';
import { validateOptions } from '../../gate/validate-options';
import { gateOptions } from './support/bundle';
import { anyOptions } from './support/options-arbitrary';

type Changes = Parameters<typeof gateOptions>[0];

describe('validateOptions', () => {
  it('accepts what is allowed', () => {
    expect(() => validateOptions(gateOptions())).not.toThrow();
    fc.assert(
      fc.property(anyOptions, (options) => {
        validateOptions(options);
      }),
      { numRuns: 200 },
    );
  });

  it.each<[Changes, string]>([
    [{ keyPrefix: 'A_b' }, 'gate option keyPrefix must be 1 to 12 characters, a-z then a-z or 0-9, got "A_b"'],
    [{ authorizer: { timeout: 50 } }, 'gate option authorizer.timeout must be 100 to 30000 milliseconds, got 50'],
    [{ authorizer: { positiveTtl: Number.NaN } }, 'authorizer.positiveTtl must be 0 to 3600 seconds, got null'],
    [
      { authorizer: { identitySource: ['$request.body'] } },
      'authorizer.identitySource must be "credential" or a list of',
    ],
    [{ authorizer: { identitySource: [] } }, 'one decision would then be cached for everybody'],
    [{ publicRoutes: [{ method: 'get', path: '/' }] }, 'publicRoutes: method must be an HTTP method in capitals, or *'],
    [{ publicRoutes: [{ method: 'GET', path: '/a*b' }] }, 'publicRoutes: path must be a path such as /tts'],
    [{ synthesisPaths: ['tts'] }, 'synthesisPaths must be a path such as /tts'],
    [{ requiredScopes: [{ path: '/', scopes: ['a b'] }] }, 'requiredScopes: scope must be printable ASCII'],
    [{ limits: { inFlight: 0 } }, 'limits.inFlight must be 1 to 10000 requests, got 0'],
    [{ limits: { requestsPerMinute: 1.5 } }, 'limits.requestsPerMinute must be a whole number'],
    [{ readinessPath: '/x";' }, 'readinessPath must be a path such as /healthz'],
    [{ relaxedPaths: ['/'] }, 'relaxedPaths must be a path prefix such as /files/'],
    [{ relaxedPaths: ['/*'] }, 'relaxedPaths must be a path prefix such as /files/'],
    [{ trustedHops: -1 }, 'trustedHops must be 0 to 8 proxies, got -1'],
    [{ workers: 33 }, 'workers must be 1 to 32 processes, got 33'],
    [{ webSession: { lifetime: 43_201 } }, 'webSession.lifetime must be 60 to 43200 seconds, got 43201'],
    [
      { webSession: { lifetime: 60 }, authorizer: { identitySource: ['$request.header.X'] } },
      'webSession needs authorizer.identitySource "credential"',
    ],
    [{ cors: { allowOrigins: [], maxAge: 1 } }, 'cors.allowOrigins must be at least one origin'],
    [{ cors: { allowOrigins: ['*', 'https://a.test'], maxAge: 1 } }, 'got "*"'],
    [{ cors: { allowOrigins: ['https://a.test/'], maxAge: 1 } }, 'must be an origin such as https://app.example.com'],
    [{ cors: { allowOrigins: ['https://A.test'], maxAge: 1 } }, 'cors.allowOrigins must be an origin'],
    [{ cors: { allowOrigins: ['https://a.test:443'], maxAge: 1 } }, 'cors.allowOrigins must be an origin'],
    [{ cors: { allowOrigins: ['https://*.a.test'], maxAge: 1 } }, 'cors.allowOrigins must be an origin'],
    [{ cors: { allowOrigins: ['null'], maxAge: 1 } }, 'cors.allowOrigins must be an origin'],
    [{ cors: { allowOrigins: ['https://a.test" x'], maxAge: 1 } }, 'cors.allowOrigins must be an origin'],
    [{ cors: { allowOrigins: ['*'], maxAge: 90_000 } }, 'cors.maxAge must be 0 to 86400 seconds, got 90000'],
    [{ metrics: { namespace: 'a\nb', service: 'x' } }, 'metrics.namespace must be'],
  ])('refuses %j', (changes, message) => {
    expect(() => validateOptions(gateOptions(changes))).toThrow(message);
  });

  it('refuses another type where one is given', () => {
    const wrong = { ...gateOptions(), queryKey: 'yes' } as unknown as GateOptions;
    expect(() => validateOptions(wrong)).toThrow('gate option queryKey must be true or false, got "yes"');
  });
});
