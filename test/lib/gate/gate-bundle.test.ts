import { Duration, Size } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { requiredScopes as requiredScopesOf } from '../../../gate/core/request/routes';
import { ApiKeyAuthorizer } from '../../../lib';
import { gateOptions, loadGateBundle } from '../../../lib/gate/gate-bundle';
import { TestStack } from '../support/stack';

const authorizer = new ApiKeyAuthorizer(new TestStack(), 'Authorizer', { keyPrefix: 'acme' });

describe('gateOptions', () => {
  it('guards every path unless told otherwise, and makes one public for GET and HEAD', () => {
    expect(gateOptions({ authorizer }, 'x').publicRoutes).toEqual([]);
    expect(gateOptions({ authorizer, publicPaths: ['/'] }, 'x').publicRoutes).toEqual([
      { method: 'GET', path: '/' },
      { method: 'HEAD', path: '/' },
    ]);
  });

  it('takes a method before a public path', () => {
    expect(gateOptions({ authorizer, publicPaths: ['POST /hook', '* /open/*'] }, 'x').publicRoutes).toEqual([
      { method: 'POST', path: '/hook' },
      { method: '*', path: '/open/*' },
    ]);
  });

  it('asks for the synthesis scope on the synthesis paths, and speaks of keys as the authorizer does', () => {
    const options = gateOptions({ authorizer, synthesisPaths: ['/say'] }, 'x');
    expect(options).toMatchObject({
      synthesisPaths: ['/say'],
      requiredScopes: [{ path: '/say', scopes: ['tts:synthesize'] }],
      keyPrefix: 'acme',
      authorizer: { identitySource: 'credential', forwardRequest: false, positiveTtl: 60, negativeTtl: 10 },
    });
  });

  it('asks for the scopes of routes that are given first, and for the synthesis scope on what they leave', () => {
    const requiredScopes = [
      { path: '/say', scopes: [] },
      { path: '/admin/*', scopes: ['admin'] },
    ];
    const options = gateOptions({ authorizer, synthesisPaths: ['/say', '/tts'], requiredScopes }, 'x');
    const scopesOf = (path: string) => requiredScopesOf(options, path);
    expect([scopesOf('/say'), scopesOf('/tts'), scopesOf('/admin/keys'), scopesOf('/other')]).toEqual([
      [],
      ['tts:synthesize'],
      ['admin'],
      [],
    ]);
    const wrong = { authorizer, requiredScopes: [{ path: 'admin', scopes: ['admin'] }] };
    expect(() => gateOptions(wrong, 'x')).toThrow('AuthorizerGate: requiredScopes: path: "admin" is not allowed');
  });

  it('derives the connection times from the longest request', () => {
    expect(gateOptions({ authorizer, longestRequest: Duration.seconds(30) }, 'x')).toMatchObject({
      longestRequest: 30,
      loadBalancerIdleTimeout: 35,
    });
  });

  it("has the service's limits by default, and those that are given", () => {
    expect(gateOptions({ authorizer }, 'x').limits).toEqual({
      requestsPerMinute: 60,
      synthesisPerMinute: 10,
      missesPerMinute: 10,
      failuresPerMinute: 30,
      banSeconds: 300,
      invocations: 8,
      inFlight: 8,
      queue: 16,
    });
    const options = gateOptions({ authorizer, limits: { queue: 0 }, maxBodySize: Size.kibibytes(64) }, 'x');
    expect([options.limits.queue, options.limits.inFlight, options.maxBodyBytes]).toEqual([0, 8, 65_536]);
  });

  it('has search engines list nothing, unless they may', () => {
    expect(gateOptions({ authorizer }, 'x').allowIndexing).toBe(false);
    expect(gateOptions({ authorizer, allowIndexing: true }, 'x').allowIndexing).toBe(true);
  });

  it('is accepted by the bundle that becomes the containers, which refuses njs versions that are too old', () => {
    const bundle = loadGateBundle();
    const packed = bundle.packGate(gateOptions({ authorizer }, 'x'));
    expect(packed.initCommand.length).toBeGreaterThan(0);
    // Of the 60 KiB that synthesis allows a task definition, 4 KiB stay for the app's own environment; all else takes 5.
    expect(packed.bundle.length).toBeLessThan(50 * 1024);
    expect(bundle.requiredNjsVersion).toBe('1.0.0');
  });
});
