import type { GateOptions } from '../contract/gate-options';
import { GATE_ENV } from '../contract/names';
import { SIGN_IN_STYLE } from './core/browser/sign-in-page';
import {
  ANSWER_LOCATION as ANSWER,
  APP_UPSTREAM,
  INVOKE_LOCATION,
  SESSION_PATH,
  SESSION_STYLE_PATH,
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
  'client',
  'trace',
  'method',
  'path',
  'key',
  'cache',
  'characters',
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

const LOG_FIELDS: readonly (readonly [string, string])[] = [
  // First: it is what completes the others for requests that nginx refused by itself.
  ['decision', '"$gate_end"'],
  ['time', '"$time_iso8601"'],
  ['requestId', '"$request_id"'],
  ['traceId', '"$gate_trace"'],
  ['client', '"$gate_client"'],
  ['method', '"$gate_method"'],
  ['path', '"$gate_path"'],
  ['status', '$status'],
  ['reason', '"$gate_reason"'],
  ['cache', '"$gate_cache"'],
  ['keyId', '"$gate_key"'],
  ['characters', '$gate_spoken'],
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
  const cache = Math.ceil(options.cacheBytes / 1024);
  return `load_module ${PLACEHOLDERS.modules}/ngx_http_js_module.so;
daemon off;
worker_processes ${options.workers};
worker_shutdown_timeout ${longestRequest}s;
pid nginx.pid;
error_log stderr warn;
${WORKER_ENV.map((name) => `env ${name};`).join('\n')}

events {
  worker_connections 4096;
}

http {
  # Before the first map; an origin may be long.
  map_hash_bucket_size 1024;
  js_engine qjs;
  js_import gate from program.js;
  js_shared_dict_zone zone=allow:${cache}k timeout=1h evict;
  js_shared_dict_zone zone=deny:${cache}k timeout=1h evict;
  js_shared_dict_zone zone=limits:${Math.max(cache, 8192)}k type=number timeout=2m evict;
  js_shared_dict_zone zone=abuse:${Math.max(1024, Math.ceil(cache / 4))}k type=number timeout=2m evict;
  js_shared_dict_zone zone=flights:1m type=number timeout=2m evict;
  js_shared_dict_zone zone=places:${Math.max(64, Math.ceil(options.limits.inFlight / 4))}k type=number timeout=2h evict;
  # What is left of a lease must not be evicted: full, they refuse.
  js_shared_dict_zone zone=leases:${2 * cache}k timeout=6h;
  js_shared_dict_zone zone=allowances:${2 * cache}k type=number timeout=6h;
  js_shared_dict_zone zone=state:64k timeout=30d evict;
  js_shared_dict_zone zone=metrics:64k type=number;
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
  client_body_timeout 60s;
  send_timeout 60s;
  large_client_header_buffers 4 16k;
  client_max_body_size ${options.maxBodyBytes};
  # A body that is counted is held in memory, so that no text is written to a file.
  client_body_buffer_size ${Math.max(16_384, options.maxBodyBytes)};
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
  map $gate_characters $gate_spoken {
    default $gate_characters;
    '' null;
  }
  log_format gate escape=json '{${LOG_FIELDS.map(([name, value]) => `"${name}":${value}`).join(',')}}';
${renderCorsMaps(options.cors)}
  include lambda.conf;
${renderAppUpstream(options)}
  server {
    listen ${PLACEHOLDERS.listen} backlog=4096;
    # Written many lines at a time, though never more than a pipe takes whole from several workers.
    access_log /dev/stdout gate buffer=4k flush=100ms;
    error_page ${Object.keys(PHRASES).join(' ')} ${ANSWER};
    error_page 494 =431 ${ANSWER};
    # A refused request whose body then proves to be malformed gets this answer too.
    recursive_error_pages on;

    location / {
      js_access gate.access;
      add_header RateLimit $gate_ratelimit always;
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
    }

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
      add_header Retry-After $gate_retry always;
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

/** Directives of a location, one a line. */
function lines(directives: readonly string[]): string {
  return directives.map((directive) => `\n      ${directive}`).join('');
}

/** The sign-in page proxies nothing: its own program answers everything there. */
function renderSessionLocations(): string {
  return `    location = ${SESSION_PATH} {
      js_content gate.session;
      client_max_body_size 8k;
    }

    location = ${SESSION_STYLE_PATH} {
      default_type text/css;
      add_header Cache-Control max-age=3600;
      add_header X-Content-Type-Options nosniff;
      return 200 '${SIGN_IN_STYLE}';
    }

`;
}
