/** Refuses options that could not work, before anything is deployed with them. */

import { KEY_PREFIX_PATTERN } from '../contract/api-key';
import type { GateOptions } from '../contract/gate-options';
import { GATE_RANGES } from '../contract/gate-ranges';
import {
  IDENTITY_SOURCES,
  parseIdentitySource,
  ROUTE_KEY,
  STAGE_VARIABLE_NAME,
  STAGE_VARIABLE_VALUE,
} from '../contract/identity-source';
import { isOrigin } from '../contract/origin';
import { isPathPattern } from '../contract/path-pattern';
import type { Range } from '../contract/range';

const METHOD = /^(\*|[A-Z]{1,32})$/;
/** RFC 6749's characters of a scope. */
const SCOPE = /^[!#-[\]-~]{1,256}$/;
const PLAIN_PATH = /^\/[A-Za-z0-9._~!$&'()*+,=:@%/-]*(\?[A-Za-z0-9._~!$&'()*+,=:@%/?-]*)?$/;

const LIMITS = [
  ...(['requestsPerMinute', 'synthesisPerMinute', 'missesPerMinute', 'failuresPerMinute'] as const),
  ...(['banSeconds', 'invocations', 'inFlight', 'queue'] as const),
] as const;
const NUMBERS = [
  ...(['longestRequest', 'loadBalancerIdleTimeout', 'trustedHops', 'workers', 'drainDelay', 'cacheBytes'] as const),
] as const;

/** @throws Error naming the option, what was given and what is allowed. */
export function validateOptions(options: GateOptions): void {
  const { authorizer, limits } = options;
  oneOf('authorizer.payloadFormat', authorizer.payloadFormat, ['1.0', '2.0', 'TOKEN']);
  identitySource(authorizer);
  boolean('authorizer.forwardRequest', authorizer.forwardRequest);
  const { routeKey, stageVariables = {} } = authorizer;
  if (routeKey !== undefined && !ROUTE_KEY.test(routeKey)) {
    fail('authorizer.routeKey', routeKey, '"$default", or method and path such as "GET /orders/{id}"');
  }
  for (const [name, value] of Object.entries(stageVariables)) {
    if (!STAGE_VARIABLE_NAME.test(name)) fail('authorizer.stageVariables: name', name, 'letters, digits and "_"');
    if (!STAGE_VARIABLE_VALUE.test(value)) {
      fail(`authorizer.stageVariables.${name}`, value, '1 to 512 of the characters A-Z a-z 0-9 - . _ ~ : / ? # & = ,');
    }
  }
  for (const name of ['positiveTtl', 'negativeTtl', 'staleGrace'] as const) {
    number(`authorizer.${name}`, authorizer[name], GATE_RANGES[name]);
  }
  integer('authorizer.timeout', authorizer.timeout, GATE_RANGES.timeout);
  if (!KEY_PREFIX_PATTERN.test(options.keyPrefix)) {
    fail('keyPrefix', options.keyPrefix, '1 to 12 characters, a-z then a-z or 0-9');
  }
  boolean('queryKey', options.queryKey);
  if (options.masksPrincipal !== undefined) boolean('masksPrincipal', options.masksPrincipal);
  if (options.allowIndexing !== undefined) boolean('allowIndexing', options.allowIndexing);
  for (const { method, path } of options.publicRoutes) {
    if (!METHOD.test(method)) fail('publicRoutes: method', method, 'an HTTP method in capitals, or *');
    pattern('publicRoutes: path', path);
  }
  for (const path of options.synthesisPaths) pattern('synthesisPaths', path);
  for (const { path, scopes } of options.requiredScopes) {
    pattern('requiredScopes: path', path);
    for (const scope of scopes) {
      if (!SCOPE.test(scope)) fail('requiredScopes: scope', scope, 'printable ASCII without space, " and \\');
    }
  }
  for (const name of LIMITS) integer(`limits.${name}`, limits[name], GATE_RANGES[name]);
  integer('maxBodyBytes', options.maxBodyBytes, GATE_RANGES.maxBodyBytes);
  const unit = 'bytes, no more than maxBodyBytes';
  integer('maxTextBytes', options.maxTextBytes, { least: 1, most: options.maxBodyBytes, unit });
  if (!PLAIN_PATH.test(options.readinessPath)) fail('readinessPath', options.readinessPath, 'a path such as /healthz');
  for (const name of NUMBERS) integer(name, options[name], GATE_RANGES[name]);
  if (options.appKeepAlive !== undefined) integer('appKeepAlive', options.appKeepAlive, GATE_RANGES.appKeepAlive);
  for (const prefix of options.relaxedPaths) {
    if (prefix === '/' || prefix === '/*' || !isPathPattern(prefix)) {
      fail('relaxedPaths', prefix, 'a path prefix such as /files/ or /files/*, other than /');
    }
  }
  if (options.webSession !== undefined) {
    integer('webSession.lifetime', options.webSession.lifetime, GATE_RANGES.lifetime);
    if (options.authorizer.identitySource !== 'credential') {
      throw new Error(
        'gate option webSession needs authorizer.identitySource "credential": a session holds a key of Voicegate',
      );
    }
  }
  if (options.textRules !== undefined) textRules(options.textRules);
  if (options.cors !== undefined) cors(options.cors);
  if (options.metrics !== undefined) {
    const { namespace, service } = options.metrics;
    if (!/^[A-Za-z0-9.\-_/#: ]{1,255}$/.test(namespace))
      fail('metrics.namespace', namespace, "CloudWatch's characters");
    if (!/^[ -~]{1,255}$/.test(service)) fail('metrics.service', service, '1 to 255 printable ASCII characters');
  }
}

function identitySource(authorizer: GateOptions['authorizer']): void {
  const sources = authorizer.identitySource;
  if (sources === 'credential') return;
  for (const source of sources) {
    if (parseIdentitySource(source) === undefined)
      fail('authorizer.identitySource', source, `"credential" or a list of ${IDENTITY_SOURCES}`);
  }
  const [only] = sources.map(parseIdentitySource);
  if (authorizer.payloadFormat === 'TOKEN' && (sources.length !== 1 || only?.kind !== 'header')) {
    fail(
      'authorizer.identitySource',
      sources,
      'one header for format TOKEN, such as ["$request.header.Authorization"]',
    );
  }
  if (sources.length === 0 && (authorizer.positiveTtl > 0 || authorizer.negativeTtl > 0)) {
    throw new Error(
      'gate option authorizer.identitySource is empty: one decision would then be cached for everybody. ' +
        'Name a source, or set positiveTtl and negativeTtl to 0',
    );
  }
}

function textRules(rules: NonNullable<GateOptions['textRules']>): void {
  for (const [field, most] of Object.entries(rules.maxCharacters ?? {})) {
    integer(`textRules.maxCharacters.${field}`, most, GATE_RANGES.maxCharacters);
  }
  boolean('textRules.refusesControl', rules.refusesControl);
  boolean('textRules.refusesUnreadable', rules.refusesUnreadable);
}

function cors({ allowOrigins, maxAge }: NonNullable<GateOptions['cors']>): void {
  if (allowOrigins.length === 0) fail('cors.allowOrigins', allowOrigins, 'at least one origin, or left out');
  for (const origin of allowOrigins) {
    if (origin === '*' ? allowOrigins.length > 1 : !isOrigin(origin)) {
      fail(
        'cors.allowOrigins',
        origin,
        'an origin such as https://app.example.com or http://localhost:3000, or "*" alone',
      );
    }
  }
  integer('cors.maxAge', maxAge, GATE_RANGES.maxAge);
}

function pattern(name: string, value: string): void {
  if (!isPathPattern(value)) fail(name, value, 'a path such as /tts, or a prefix such as /static/*');
}

function number(name: string, value: number, { least, most, unit }: Range): void {
  if (typeof value !== 'number' || !(value >= least && value <= most)) fail(name, value, `${least} to ${most} ${unit}`);
}

function integer(name: string, value: number, range: Range): void {
  number(name, value, range);
  if (!Number.isInteger(value)) fail(name, value, `a whole number of ${range.unit}`);
}

function boolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean') fail(name, value, 'true or false');
}

function oneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value !== 'string' || !allowed.includes(value))
    fail(name, value, allowed.map((item) => `"${item}"`).join(' or '));
}

function fail(name: string, value: unknown, allowed: string): never {
  throw new Error(`gate option ${name} must be ${allowed}, got ${JSON.stringify(value)}`);
}
