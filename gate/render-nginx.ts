/** nginx's configuration: what container/nginx.conf leaves open. */

import {
  bodiesOfAll,
  connectionsOf,
  LINGERING,
  requestsOfAll,
  requestsOfClient,
  SIGN_IN,
  zoneBytes,
} from '../contract/gate-memory';
import type { GateOptions } from '../contract/gate-options';
import { GATE_ENV } from '../contract/names';
import { PLAIN_QUERY } from './core/request/target';
import {
  ANSWER_LOCATION,
  APP_UPSTREAM,
  CLOSING_LOCATION,
  DIVERTED,
  INVOKE_LOCATION,
  KEPT_LOCATION,
  LATE_LOCATION,
  SESSION_PATH,
  SESSION_STYLE_PATH,
  TEXT_LOCATION,
} from './locations';
import { HIDDEN_CORS_HEADERS, renderCorsHeaders, renderCorsMaps } from './render-cors';
import { filled, linesOf } from './template';

/** Environment that nginx hands to its workers: where Lambda and the credentials are. */
const WORKER_ENV: readonly string[] = [
  GATE_ENV.authorizer,
  GATE_ENV.sessionSecret,
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
];

/** Reason phrases of the answers that the gate and nginx itself give. */
const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  411: 'Length Required',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** Variables of one request that the program writes. Each is empty until then. */
const VARIABLES = [
  'upstream',
  'target',
  'headers',
  'place',
  'held',
  'paid',
  'carried',
  'closing',
  'logged',
  'stale',
  'reason',
  'retry',
  'should_retry',
  'members',
  'said',
  'code',
  'ratelimit',
  'ratelimit_policy',
  'invoke',
  'invoke_host',
  'invoke_name',
  'invoke_headers',
  'invoke_body',
];

/** Milliseconds are exact; a resolver's second is the smallest that nginx takes. */
function resolverSeconds(timeout: number): number {
  return Math.max(1, Math.ceil(timeout / 2000));
}

/**
 * nginx's configuration for these options. Every path but the modules' and the CA bundle's is relative to the prefix. The
 * locations that proxy to the app do so to a variable that is empty until the program has allowed the request.
 */
export function renderNginxConf(options: GateOptions): string {
  const { authorizer, cors, limits, workers } = options;
  return filled('nginx.conf', {
    WORKERS: workers,
    LONGEST_REQUEST: options.longestRequest,
    ENVIRONMENT: WORKER_ENV.map((name) => `env ${name};`),
    CONNECTIONS: connectionsOf(limits),
    CONTEXTS: Math.ceil(requestsOfAll(limits) / workers),
    TEXTS_KEPT: Math.ceil(bodiesOfAll(limits) / workers),
    ...zones(options),
    VARIABLES: VARIABLES.map((name) => `js_var $gate_${name};`),
    AUTHORIZER_TIMEOUT: authorizer.timeout,
    RESOLVER_TIMEOUT: resolverSeconds(authorizer.timeout),
    MAX_BODY: options.maxBodyBytes,
    MAX_TEXT: options.maxTextBytes,
    TEXT_BUFFER: Math.max(16_384, options.maxTextBytes),
    KEEP_ALIVE: options.loadBalancerIdleTimeout + 10,
    PHRASES: Object.entries(PHRASES).map(([status, phrase]) => `${status} "${phrase}";`),
    STATUSES: Object.keys(PHRASES).join(' '),
    PLAIN_QUERY,
    TRUSTED_HOP: trustedHop(options.trustedHops),
    CORS_MAPS: renderCorsMaps(cors),
    ANSWER: linesOf('answer.conf', { CORS_HEADERS: renderCorsHeaders(cors), ROBOTS_HEADERS: robots(options) }),
    APP_UPSTREAM: appUpstream(options),
    REQUESTS_OF_CLIENT: requestsOfClient(limits),
    REQUESTS_OF_ALL: requestsOfAll(limits),
    PROXY: proxy(options),
    REFUSED_OF_CLIENT: LINGERING.ofClient,
    REFUSED_OF_ALL: LINGERING.ofAll,
    SESSION_LOCATIONS: session(options),
    ANSWER_LOCATION,
    CLOSING_LOCATION,
    KEPT_LOCATION,
    LATE_LOCATION,
    INVOKE_LOCATION,
    TEXT_LOCATION,
    DIVERTED,
  });
}

/** Kilobytes of each zone of shared memory. */
function zones(options: GateOptions): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(zoneBytes(options)).map(([name, bytes]) => [`${name.toUpperCase()}_ZONE`, Math.ceil(bytes / 1024)]),
  );
}

/** For every answer, whatever the app says. */
function robots({ allowIndexing }: GateOptions): readonly string[] {
  return allowIndexing ? [] : ['add_header X-Robots-Tag "noindex, nofollow" always;'];
}

function proxy(options: GateOptions): readonly string[] {
  const { cors, appKeepAlive, longestRequest, allowIndexing } = options;
  return linesOf('proxy.conf', {
    ROBOTS_HEADERS: [...robots(options), ...(allowIndexing ? [] : ['proxy_hide_header X-Robots-Tag;'])],
    CORS_HEADERS: renderCorsHeaders(cors),
    HIDDEN_CORS_HEADERS: cors === undefined ? [] : HIDDEN_CORS_HEADERS.map((name) => `proxy_hide_header ${name};`),
    APP_CONNECTION: appKeepAlive === undefined ? 'close' : '""',
    APP_RETRY: appKeepAlive === undefined ? 'off' : 'error',
    LONGEST_REQUEST: longestRequest,
  });
}

function session(options: GateOptions): readonly string[] {
  if (options.webSession === undefined) return [];
  const lines = linesOf('session.conf', {
    ROBOTS_HEADERS: robots(options),
    SESSION_PATH,
    SESSION_STYLE_PATH,
    PAGES: SIGN_IN.pages,
    PAGES_KEPT: SIGN_IN.pages / 2,
    STYLES: SIGN_IN.styles,
    STYLES_KEPT: SIGN_IN.styles / 2,
    FORMS_OF_CLIENT: SIGN_IN.forms.ofClient,
    FORMS: SIGN_IN.forms.ofAll,
  });
  return [...lines, ''];
}

function appUpstream({ appKeepAlive, limits }: GateOptions): readonly string[] {
  if (appKeepAlive === undefined) return [];
  const APP_KEEP_ALIVE = appKeepAlive - 1;
  return linesOf('app-upstream.conf', { APP_UPSTREAM_NAME: APP_UPSTREAM, IN_FLIGHT: limits.inFlight, APP_KEEP_ALIVE });
}

/** The client as the nearest trusted proxy reports it; with none in front the peer is the client. */
function trustedHop(trustedHops: number): readonly string[] {
  if (trustedHops === 0) return [];
  const others = trustedHops > 1 ? `(?:,[^,]*){${trustedHops - 1}}` : '';
  return [`'~^(?:.*,)? *(?<hop>[0-9A-Fa-f.:\\[\\]]{1,47}) *${others}$' $hop;`];
}
