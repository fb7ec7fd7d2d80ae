import { requestsOfAll, requestsOfClient, zoneBytes } from '../contract/gate-memory';
import type { GateOptions } from '../contract/gate-options';
import { GATE_ENV } from '../contract/names';
import {
  ANSWER_LOCATION as ANSWER,
  APP_UPSTREAM,
  DIVERTED,
  INVOKE_LOCATION,
  SESSION_PATH,
  SESSION_STYLE_PATH,
  TEXT_LOCATION,
} from './locations';
import { HIDDEN_CORS_HEADERS, renderCorsHeaders, renderCorsMaps } from './render-cors';

/** What the init container fills in; see render-scripts.ts. */
export const PLACEHOLDERS = {
  modules: '@MODULES@',
  listen: '@LISTEN@',
  healthListen: '@HEALTH_LISTEN@',
  upstream: '@UPSTREAM@',
  /** A whole directive, or nothing. */
  resolver: '@RESOLVER@',
  /** Whole directives, or nothing. */
  fetchTrust: '@FETCH_TRUST@',
  proxyTrust: '@PROXY_TRUST@',
} as const;

/** Environment that nginx hands to its workers: where Lambda and the credentials are. */
export const WORKER_ENV: readonly string[] = [
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
  'logged',
  'stale',
  'reason',
  'retry',
  'should_retry',
  'members',
  'ratelimit',
  'ratelimit_policy',
  'invoke',
  'invoke_host',
  'invoke_name',
  'invoke_headers',
  'invoke_body',
];

/** What nginx itself knows of a request; the rest of the line is the program's, which has escaped it. */
const LOG_FIELDS: readonly (readonly [string, string])[] = [
  // First: it is what completes the line for requests that nginx refused by itself.
  ['decision', '"$gate_end"'],
  ['time', '"$time_iso8601"'],
  ['requestId', '"$request_id"'],
  ['status', '$status'],
  ['seconds', '$request_time'],
  ['appSeconds', '"$upstream_response_time"'],
  ['bytesIn', '$request_length'],
  ['bytesOut', '$bytes_sent'],
];

/**
 * nginx's configuration for these options. Every path but the modules' and the CA bundle's is relative to the prefix.
 * The one location that proxies does so to a variable that is empty until the program has allowed the request, and
 * nothing else leads there.
 */
export function renderNginxConf(options: GateOptions): string {
  const { authorizer, longestRequest } = options;
  const zones = kilobytes(zoneBytes(options));
  return `load_module ${PLACEHOLDERS.modules}/ngx_http_js_module.so;
daemon off;
worker_processes ${options.workers};
worker_shutdown_timeout ${longestRequest}s;
pid nginx.pid;
error_log stderr warn;
${WORKER_ENV.map((name) => `env ${name};`).join('\n')}

events {
  worker_connections ${Math.max(4096, 2 * requestsOfAll(options.limits) + 1024)};
}

http {
  # Before the first map; an origin may be long.
  map_hash_bucket_size 1024;
  js_engine qjs;
  js_import gate from program.js;
  js_context_reuse ${Math.ceil(requestsOfAll(options.limits) / options.workers)};
  js_shared_dict_zone zone=allow:${zones.allow}k timeout=1h evict;
  js_shared_dict_zone zone=deny:${zones.deny}k timeout=1h evict;
  js_shared_dict_zone zone=limits:${zones.limits}k type=number timeout=2m evict;
  js_shared_dict_zone zone=abuse:${zones.abuse}k type=number timeout=2m evict;
  js_shared_dict_zone zone=flights:${zones.flights}k type=number timeout=2m evict;
  js_shared_dict_zone zone=places:${zones.places}k type=number timeout=2h evict;
  # What is left of a lease must not be evicted: full, they refuse.
  js_shared_dict_zone zone=leases:${zones.leases}k timeout=6h;
  js_shared_dict_zone zone=allowances:${zones.allowances}k type=number timeout=6h;
  js_shared_dict_zone zone=state:${zones.state}k timeout=30d evict;
  js_shared_dict_zone zone=metrics:${zones.metrics}k type=number;
${VARIABLES.map((name) => `  js_var $gate_${name};`).join('\n')}
  js_set $gate_end gate.end;
  js_fetch_timeout ${authorizer.timeout}ms;
  # For credentials and readiness alone. njs up to 1.0.2 keeps a connection whose certificate it has just refused, and
  # then uses it unverified; so it must keep none.
  js_fetch_keepalive 0;
  js_fetch_protocols TLSv1.2 TLSv1.3;
  js_fetch_max_response_buffer_size 256k;
  ${PLACEHOLDERS.fetchTrust}
  ${PLACEHOLDERS.resolver}
  resolver_timeout ${Math.max(1, Math.ceil(authorizer.timeout / 2000))}s;

  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;

  server_tokens off;
  absolute_redirect off;
  underscores_in_headers off;
  ignore_invalid_headers on;
  reset_timedout_connection on;
  client_header_timeout 20s;
  client_body_timeout 20s;
  # A request has ended soon after its answer, whatever its client still sends.
  lingering_time 2s;
  lingering_timeout 1s;
  send_timeout 60s;
  large_client_header_buffers 4 16k;
  client_max_body_size ${options.maxBodyBytes};
  keepalive_timeout ${options.loadBalancerIdleTimeout + 10}s;
  keepalive_requests 1000000000;
  keepalive_time 24h;
  # A worker that ends lets a connection just used serve one more request: closed at once, it might meet that request.
  keepalive_min_timeout 2s;

  map $status $gate_phrase {
    default "Error";
${Object.entries(PHRASES)
  .map(([status, phrase]) => `    ${status} "${phrase}";`)
  .join('\n')}
  }
  # The host of a target in absolute form counts instead of the Host header.
  map $request $gate_host {
    default $http_host;
    "~*^\\S+ https?://(?<authority>[^/?# ]+)" $authority;
  }
  map $status $gate_challenge {
    401 'Bearer realm="voicegate"';
  }
  # Printable ASCII but #: what a query may hold (target.ts).
  map $request_uri $gate_plain {
    '~^[!-"$-~]*$' 1;
  }
  # Requests that are with the gate at the same time are bounded by client and in sum: each holds memory. IPv6 by its
  # /48, the shortest prefix that has one spelling.
${renderHop(options.trustedHops)}
  map $gate_hop $gate_site {
    default $gate_hop;
    '~^(?<ipv4>[0-9]+\\.[0-9.]+):' $ipv4;
    '~^\\[?(?<ipv6>[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f]*:)' $ipv6;
  }
  limit_conn_zone $gate_site zone=clients:256k;
  limit_conn_zone $server_port zone=everybody:64k;
  limit_conn_status 503;
  limit_conn_log_level info;
  map "$limit_conn_status:$gate_retry" $gate_wait {
    default $gate_retry;
    'REJECTED:' 1;
  }
  log_format gate escape=none '{${LOG_FIELDS.map(([name, value]) => `"${name}":${value}`).join(',')}$gate_logged}';
${renderCorsMaps(options.cors)}
  include lambda.conf;
${renderAppUpstream(options)}
  server {
    listen ${PLACEHOLDERS.listen} backlog=4096;
    # Written many lines at a time, though never more than a pipe takes whole from several workers.
    access_log /dev/stdout gate buffer=4k flush=100ms;
    error_page ${Object.keys(PHRASES).join(' ')} ${ANSWER};
    error_page 494 =431 ${ANSWER};
    error_page ${DIVERTED} = ${TEXT_LOCATION};
    # A refused request whose body then proves to be malformed gets this answer too.
    recursive_error_pages on;
    limit_conn clients ${requestsOfClient(options.limits)};
    limit_conn everybody ${requestsOfAll(options.limits)};

    location / {
      js_access gate.access;
      # Bodies go on to the app piece by piece.
      client_body_buffer_size 16k;
${renderProxy(options)}    }

    # Requests that may pass but for their text, which is counted first: held in memory, so that it is in no file.
    location ${TEXT_LOCATION} {
      js_access gate.text;
      client_max_body_size ${options.maxTextBytes};
      client_body_buffer_size ${Math.max(16_384, options.maxTextBytes)};
      client_body_timeout 10s;
${renderProxy(options)}    }

    location = ${INVOKE_LOCATION} {
      internal;
      js_access gate.access;
      proxy_pass $gate_invoke;
      proxy_http_version 1.1;
      proxy_pass_request_headers off;
      # Not as the body of the subrequest: njs up to 1.0.2 makes one that nginx cannot send a second time.
      proxy_set_body $gate_invoke_body;
      proxy_set_header Host $gate_invoke_host;
      proxy_set_header Connection "";
      proxy_set_header X-Amz-Date $gate_invoke_headers;
      proxy_ssl_server_name on;
      proxy_ssl_name $gate_invoke_name;
      proxy_ssl_protocols TLSv1.2 TLSv1.3;
      ${PLACEHOLDERS.proxyTrust}
      proxy_connect_timeout ${authorizer.timeout}ms;
      proxy_send_timeout ${authorizer.timeout}ms;
      proxy_read_timeout ${authorizer.timeout}ms;
      # A connection that Lambda has closed in the meantime is worth one more try; deciding twice does no harm.
      proxy_next_upstream error non_idempotent;
      proxy_next_upstream_tries 2;
      proxy_next_upstream_timeout ${authorizer.timeout}ms;
      client_max_body_size 0;
      subrequest_output_buffer_size 256k;
      # Its errors are the program's to read.
      error_page 599 ${ANSWER};
    }

${options.webSession === undefined ? '' : renderSessionLocations()}    location = ${ANSWER} {
      internal;
      default_type application/json;
      add_header WWW-Authenticate $gate_challenge always;
      add_header Retry-After $gate_wait always;
      add_header X-Should-Retry $gate_should_retry always;
      add_header RateLimit $gate_ratelimit always;
      add_header RateLimit-Policy $gate_ratelimit_policy always;
      add_header Cache-Control no-store always;${lines(renderCorsHeaders(options.cors))}
      return 200 '{"error":"$gate_phrase","requestId":"$request_id"$gate_members}\\n';
    }
  }

  server {
    listen ${PLACEHOLDERS.healthListen};
    access_log off;

    location / {
      js_content gate.healthz;
    }

    location @tick {
      js_periodic gate.tick interval=1s;
      js_fetch_timeout 5s;
    }
  }
}
`;
}

/** Kept for less long than by the app, so that it is the gate that closes idle connections. */
function renderAppUpstream({ appKeepAlive, limits }: GateOptions): string {
  if (appKeepAlive === undefined) return '';
  return `
  upstream ${APP_UPSTREAM} {
    server ${PLACEHOLDERS.upstream} max_fails=0;
    keepalive ${limits.inFlight};
    keepalive_timeout ${appKeepAlive - 1}s;
  }
`;
}

function kilobytes<T extends Readonly<Record<string, number>>>(bytes: T): T {
  return Object.fromEntries(Object.entries(bytes).map(([name, size]) => [name, Math.ceil(size / 1024)])) as T;
}

/** What makes a location pass on, to where the program says. */
function renderProxy(options: GateOptions): string {
  const { longestRequest } = options;
  return `      add_header RateLimit $gate_ratelimit always;
      add_header RateLimit-Policy $gate_ratelimit_policy always;${lines(renderCorsHeaders(options.cors))}${lines(options.cors === undefined ? [] : HIDDEN_CORS_HEADERS.map((name) => `proxy_hide_header ${name};`))}
      proxy_pass http://$gate_upstream$gate_target;
      proxy_http_version 1.1;
      proxy_pass_request_headers off;
      proxy_set_header Host $gate_host;
      proxy_set_header Connection ${options.appKeepAlive === undefined ? 'close' : '""'};
      # One header whose value goes on over further lines: nginx itself passes none of the client's.
      proxy_set_header X-Request-Id $request_id$gate_headers;
      proxy_redirect off;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_buffer_size 16k;
      proxy_buffers 4 16k;
      proxy_busy_buffers_size 32k;
      # With one address nginx tries again only what a kept connection took that the app had closed, and no POST.
      proxy_next_upstream ${options.appKeepAlive === undefined ? 'off' : 'error'};
      proxy_connect_timeout 5s;
      proxy_send_timeout ${longestRequest}s;
      proxy_read_timeout ${longestRequest}s;
      proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;
`;
}

/** The client as the nearest trusted proxy reports it. */
function renderHop(trustedHops: number): string {
  const others = trustedHops > 1 ? `(?:,[^,]*){${trustedHops - 1}}` : '';
  const last = `    '~^(?:.*,)? *(?<hop>[0-9A-Fa-f.:\\[\\]]{1,47}) *${others}$' $hop;\n`;
  return `  map $http_x_forwarded_for $gate_hop {
    default $remote_addr;
${trustedHops === 0 ? '' : last}  }`;
}

/** Directives of a location, one a line. */
function lines(directives: readonly string[]): string {
  return directives.map((directive) => `\n      ${directive}`).join('');
}

/** The sign-in page proxies nothing: its own program answers everything there. */
function renderSessionLocations(): string {
  return `    location = ${SESSION_PATH} {
      js_content gate.session;
      client_max_body_size 8k;
      client_body_timeout 10s;
    }

    location = ${SESSION_STYLE_PATH} {
      js_content gate.style;
    }

`;
}
