import fc from 'fast-check';
import type { GateOptions } from '../../../contract/gate-options';
import { GATE_RANGES } from '../../../contract/gate-ranges';

const segment = fc.stringMatching(/^[A-Za-z0-9_~!$&'()+,=:@-]{1,8}$/);
const path = fc.array(segment, { maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
const pattern = fc.tuple(path, fc.boolean()).map(([text, star]) => (star ? `${text === '/' ? '' : text}/*` : text));
const prefix = fc.tuple(segment, fc.boolean()).map(([text, star]) => `/${text}/${star ? '*' : ''}`);
const count = fc.integer({ min: 1, max: 10_000 });

function inRange(name: keyof typeof GATE_RANGES): fc.Arbitrary<number> {
  const { least, most } = GATE_RANGES[name];
  return fc.integer({ min: least, max: most });
}

/** Any options that are allowed. */
export const anyOptions: fc.Arbitrary<GateOptions> = fc
  .record<GateOptions>({
    webSession: fc.option(fc.record({ lifetime: fc.integer({ min: 60, max: 43_200 }) }), { nil: undefined }),
    cors: fc.option(
      fc.record({
        allowOrigins: fc.oneof(
          fc.constant(['*']),
          fc.uniqueArray(
            fc.oneof(
              fc.webUrl({ withFragments: false, withQueryParameters: false }).map((url) => new URL(url).origin),
              fc.constantFrom('http://[::1]:3000', `https://${'a.'.repeat(120)}example.com`),
            ),
            { minLength: 1, maxLength: 20 },
          ),
        ),
        maxAge: fc.integer({ min: 0, max: 86_400 }),
      }),
      { nil: undefined },
    ),
    authorizer: fc.record<GateOptions['authorizer']>({
      payloadFormat: fc.constantFrom('1.0', '2.0'),
      identitySource: fc.oneof(
        fc.constant('credential' as const),
        fc.array(
          fc.constantFrom('$request.header.Authorization', '$request.querystring.t', '$context.identity.sourceIp'),
          { minLength: 1, maxLength: 3 },
        ),
      ),
      forwardRequest: fc.boolean(),
      positiveTtl: fc.integer({ min: 0, max: 3600 }),
      negativeTtl: fc.integer({ min: 0, max: 3600 }),
      staleGrace: inRange('staleGrace'),
      timeout: fc.integer({ min: 100, max: 30_000 }),
    }),
    keyPrefix: fc.stringMatching(/^[a-z][a-z0-9]{0,11}$/),
    queryKey: fc.boolean(),
    allowIndexing: fc.constantFrom(undefined, false, true),
    publicRoutes: fc.array(fc.record({ method: fc.constantFrom('*', 'GET', 'POST'), path: pattern }), { maxLength: 4 }),
    synthesisPaths: fc.array(pattern, { maxLength: 3 }),
    requiredScopes: fc.array(fc.record({ path: pattern, scopes: fc.array(fc.constantFrom('tts:synthesize', 'a/b')) })),
    limits: fc.record({
      requestsPerMinute: count,
      synthesisPerMinute: count,
      missesPerMinute: count,
      failuresPerMinute: fc.integer({ min: 0, max: 1_000_000 }),
      banSeconds: fc.integer({ min: 1, max: 86_400 }),
      invocations: fc.integer({ min: 1, max: 1000 }),
      inFlight: count,
      queue: fc.integer({ min: 0, max: 10_000 }),
    }),
    maxBodyBytes: fc.integer({ min: 65_536, max: 1024 ** 3 }),
    maxTextBytes: fc.integer({ min: 1, max: 65_536 }),
    readinessPath: path,
    longestRequest: inRange('longestRequest'),
    appKeepAlive: fc.option(fc.integer({ min: 2, max: 3600 }), { nil: undefined }),
    loadBalancerIdleTimeout: inRange('loadBalancerIdleTimeout'),
    trustedHops: inRange('trustedHops'),
    workers: inRange('workers'),
    drainDelay: inRange('drainDelay'),
    relaxedPaths: fc.array(prefix, { maxLength: 3 }),
    cacheBytes: fc.integer({ min: 65_536, max: 64 * 1024 ** 2 }),
    metrics: fc.constantFrom(undefined, { namespace: 'Voicegate', service: 'a "quoted" service' }),
  })
  .map((options) =>
    options.authorizer.identitySource === 'credential' ? options : { ...options, webSession: undefined },
  );
