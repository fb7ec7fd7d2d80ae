import { createRequire } from 'node:module';
import type { Size } from 'aws-cdk-lib';
import type { GateBundle, GateOptions } from '../../contract/gate-options';
import { GATE_DEFAULTS, GATE_RANGES } from '../../contract/gate-ranges';
import { SYNTHESIS_PATHS, SYNTHESIS_SCOPE } from '../../contract/names';
import { checkPathPatterns, checkRange, checkSecondsIn } from '../shared/checks';
import { KIND, shown } from '../shared/kinds';
import { bundlePath } from '../shared/package-root';
import type { AuthorizerGateOptions } from './authorizer-gate-props';
import { gateCors } from './cors';
import { resolveGateLimits } from './gate-limits';
import type { GateProps, RouteScopes } from './gate-props';
import { gateTextRules } from './text-rules';
import { gateSession } from './web-session';

/** CloudWatch namespace of the gates' metrics. */
export const METRIC_NAMESPACE = 'Voicegate';

/** The characters of a path and query that need no quoting in nginx's configuration. */
const READINESS_PATH = /^\/[A-Za-z0-9._~!$&'()*+,=:@%/-]*(\?[A-Za-z0-9._~!$&'()*+,=:@%/?-]*)?$/;
/** RFC 6749's characters of a scope. */
const SCOPE = /^[!#-[\]-~]{1,256}$/;
const ROUTE = /^(?:([A-Z]+|\*) )?(\/\S*)$/;
/** ECS waits at most this long between TERM and KILL. */
export const LONGEST_STOP_SECONDS = 120;
/** Between health turning red and the drain. ECS has already taken the target out of use when it stops a task. */
const DRAIN_DELAY_SECONDS = 5;

/** The gate's configuration and program, packed for a task definition. */
export function loadGateBundle(): GateBundle {
  const file = bundlePath('gate/pack.js');
  return createRequire(file)(file) as GateBundle;
}

/** What the gate's bundle is told, from the construct's props and the authorizer's own terms. */
export function gateOptions(options: AuthorizerGateOptions, metricsService: string): GateOptions {
  const authorizer = options.authorizer.bindGate();
  const longestRequest = longestRequestSeconds(options);
  checkRange('AuthorizerGate: trustedHops', options.trustedHops, GATE_RANGES.trustedHops);
  checkRange('AuthorizerGate: workers', options.workers, GATE_RANGES.workers);
  checkPathPatterns('AuthorizerGate: synthesisPaths', options.synthesisPaths);
  checkPathPatterns('AuthorizerGate: relaxedPaths', options.relaxedPaths);
  checkPathPatterns(
    'AuthorizerGate: requiredScopes: path',
    options.requiredScopes?.map(({ path }) => path),
  );
  const synthesisPaths = options.synthesisPaths ?? SYNTHESIS_PATHS;
  const readinessPath = options.readinessPath ?? '/';
  if (!READINESS_PATH.test(readinessPath)) {
    throw new Error(
      `AuthorizerGate: readinessPath must begin with "/" and hold no spaces, quotes or braces, got "${readinessPath}"`,
    );
  }
  checkScopes(options.requiredScopes ?? []);
  const open = options.relaxedPaths?.find((path) => path === '/' || path === '/*');
  if (open !== undefined) {
    throw new Error(`AuthorizerGate: relaxedPaths: "${open}" is every path; name a prefix such as "/files/*"`);
  }
  if (options.webSession && authorizer.identitySource !== undefined) {
    throw new Error(
      'AuthorizerGate: webSession needs an authorizer of API keys: a session holds a key, and a function of yours reads none',
    );
  }
  return {
    authorizer: {
      payloadFormat: authorizer.payloadFormat,
      identitySource: authorizer.identitySource ?? 'credential',
      forwardRequest: authorizer.forwardRequest ?? false,
      routeKey: authorizer.routeKey,
      stageVariables: authorizer.stageVariables,
      positiveTtl: authorizer.positiveTtl.toSeconds(),
      negativeTtl: authorizer.negativeTtl.toSeconds(),
      staleGrace: options.staleGrace
        ? checkSecondsIn('AuthorizerGate: staleGrace', options.staleGrace, GATE_RANGES.staleGrace)
        : GATE_DEFAULTS.staleGrace,
      timeout: authorizer.timeout.toMilliseconds(),
    },
    keyPrefix: authorizer.keyPrefix ?? 'vg',
    queryKey: options.allowQueryKey ?? false,
    publicRoutes: (options.publicPaths ?? []).flatMap(publicRoutes),
    synthesisPaths,
    requiredScopes: [
      ...(options.requiredScopes ?? []),
      ...(authorizer.grantsScopes ? synthesisPaths.map((path) => ({ path, scopes: [SYNTHESIS_SCOPE] })) : []),
    ],
    limits: resolveGateLimits('AuthorizerGate', options.limits),
    maxBodyBytes: bodyBytes(options.maxBodySize),
    maxTextBytes: options.maxBodySize?.toBytes() ?? GATE_DEFAULTS.maxTextBytes,
    textRules: options.textRules && gateTextRules(options.textRules),
    readinessPath,
    longestRequest,
    appKeepAlive:
      options.appKeepAlive &&
      checkSecondsIn('AuthorizerGate: appKeepAlive', options.appKeepAlive, GATE_RANGES.appKeepAlive),
    loadBalancerIdleTimeout: options.loadBalancerIdleTimeout
      ? checkSecondsIn(
          'AuthorizerGate: loadBalancerIdleTimeout',
          options.loadBalancerIdleTimeout,
          GATE_RANGES.loadBalancerIdleTimeout,
        )
      : idleTimeoutSeconds(longestRequest),
    trustedHops: options.trustedHops ?? GATE_DEFAULTS.trustedHops,
    workers: options.workers ?? GATE_DEFAULTS.workers,
    drainDelay: drainDelaySeconds(options),
    relaxedPaths: options.relaxedPaths ?? [],
    masksPrincipal: options.maskPrincipal,
    webSession: gateSession(options),
    cors: options.cors && gateCors(options.cors),
    allowIndexing: options.allowIndexing ?? false,
    cacheBytes: GATE_DEFAULTS.cacheBytes,
    metrics: { namespace: METRIC_NAMESPACE, service: metricsService },
  };
}

/** Seconds that the longest request may take. */
export function longestRequestSeconds(options: Pick<GateProps, 'longestRequest'>): number {
  return options.longestRequest
    ? checkSecondsIn('AuthorizerGate: longestRequest', options.longestRequest, GATE_RANGES.longestRequest)
    : GATE_DEFAULTS.longestRequest;
}

/** Seconds that the load balancer keeps a silent connection: longer than a request, so that the gate answers first. */
export function idleTimeoutSeconds(longestRequest: number): number {
  return longestRequest + 5;
}

/** Seconds that ECS gives the gate to finish: the drain's delay and the longest request, as far as ECS lets us. */
export function stopTimeoutSeconds(longestRequest: number, drainDelay: number): number {
  return Math.min(LONGEST_STOP_SECONDS, longestRequest + drainDelay);
}

/** Seconds between red health and the drain. */
export function drainDelaySeconds(options: Pick<AuthorizerGateOptions, 'drainDelay'>): number {
  return options.drainDelay
    ? checkSecondsIn('AuthorizerGate: drainDelay', options.drainDelay, GATE_RANGES.drainDelay)
    : DRAIN_DELAY_SECONDS;
}

function checkScopes(routes: readonly RouteScopes[]): void {
  for (const { path, scopes } of routes) {
    if (!KIND.texts.is(scopes)) {
      throw new Error(
        `AuthorizerGate: requiredScopes: scopes of "${path}" must be a list of texts, got ${shown(scopes)}`,
      );
    }
    const wrong = scopes.find((scope) => !SCOPE.test(scope));
    if (wrong !== undefined) {
      throw new Error(
        `AuthorizerGate: requiredScopes: scope "${wrong}" of "${path}" must be 1 to 256 printable ASCII characters without space, quote and backslash`,
      );
    }
  }
}

/** Bytes of a request body. @throws Error naming the prop. */
function bodyBytes(maxBodySize: Size | undefined): number {
  const bytes = maxBodySize?.toBytes() ?? GATE_DEFAULTS.maxBodyBytes;
  const { least, most } = GATE_RANGES.maxBodyBytes;
  if (!(bytes >= least && bytes <= most)) {
    throw new Error(`AuthorizerGate: maxBodySize must be from 1 byte to 1 GiB, got ${bytes} bytes`);
  }
  return bytes;
}

/** `/path` is public for GET and HEAD, `POST /path` for that method, `* /path` for every method. */
function publicRoutes(route: string): { method: string; path: string }[] {
  const [, method, path] = ROUTE.exec(route) ?? [];
  if (path === undefined) {
    throw new Error(
      `AuthorizerGate: publicPaths: "${route}" is not allowed; write "/path" (GET and HEAD), "POST /path" or "* /path"`,
    );
  }
  checkPathPatterns('AuthorizerGate: publicPaths', [path]);
  return (method ? [method] : ['GET', 'HEAD']).map((name) => ({ method: name, path }));
}
