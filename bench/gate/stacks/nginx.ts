/** The gate's own nginx without the gate: proxying bare, and with auth_request. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../processes';
import type { Running, Stack } from '../stack';
import { NGINX_HTTP, nginxPreamble, startNginx, type World } from '../world';

/** The proxying and the log line of the gate, as far as they are nginx's own. */
const PROXY = `proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Request-Id $request_id;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto http;
      proxy_redirect off;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_buffer_size 16k;
      proxy_buffers 4 16k;
      proxy_busy_buffers_size 32k;
      proxy_next_upstream off;`;

const LOG = `log_format line escape=json '{"time":"$time_iso8601","requestId":"$request_id","client":"$remote_addr",'
    '"method":"$request_method","path":"$uri","status":$status,"seconds":$request_time,'
    '"appSeconds":"$upstream_response_time","bytesIn":$request_length,"bytesOut":$bytes_sent}';
  access_log /dev/stdout line buffer=4k flush=200ms;`;

interface Variant {
  readonly folder: string;
  readonly main?: (world: World) => string;
  readonly program?: (world: World) => string;
  readonly http?: (world: World) => string;
  readonly location?: string;
  readonly server?: (world: World) => string;
  readonly keepAlive?: boolean;
  readonly target?: string;
}

async function start(world: World, variant: Variant): Promise<Running> {
  const { folder, main, program, http, location = '', server, keepAlive, target = 'http://app' } = variant;
  const directory = join(world.directory, folder);
  mkdirSync(directory, { recursive: true });
  const [port = 0] = await freePorts(1);
  if (program !== undefined) writeFileSync(join(directory, 'program.js'), program(world));
  writeFileSync(
    join(directory, 'nginx.conf'),
    `${main?.(world) ?? ''}${nginxPreamble(directory)}http {
  ${LOG}
  ${NGINX_HTTP}
  upstream app {
    server 127.0.0.1:${world.appPort} max_fails=0;
    keepalive ${keepAlive ? 64 : 0};
  }
  ${http?.(world) ?? ''}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      ${location}
      proxy_pass ${target};
      ${PROXY}
      proxy_set_header Connection ${keepAlive ? '""' : 'close'};
    }
    ${server?.(world) ?? ''}
  }
}
`,
  );
  const started = await startNginx(world.nginx, directory, [port]);
  return { ...started, url: `http://127.0.0.1:${port}` };
}

/** The least that an njs program must do for a location that proxies, as the gate's, to a variable. */
const emptyHandler = (world: World) => `export default { access: (r) => {
  r.variables.upstream = '127.0.0.1:${world.appPort}';
} };
`;

const AUTHORIZER = (world: World) => `upstream authorizer {
    server ${world.authorizer.replace('http://', '')} max_fails=0;
    keepalive 64;
  }`;

const ASK = (cache: string) => `location = /.auth {
      internal;
      ${cache}
      proxy_pass http://authorizer/auth;
      proxy_pass_request_body off;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-URI $request_uri;
    }`;

const ASKING = `auth_request /.auth;
      auth_request_set $principal $upstream_http_x_auth_principal;
      proxy_set_header X-Auth-Principal $principal;
      proxy_set_header X-Api-Key "";`;

export const bareStack: Stack = {
  name: 'nginx, no authorization',
  setup: 'the same nginx, proxy directives and log line; a connection to the app for each request, as the gate',
  isOpen: true,
  start: (world) => start(world, { folder: 'bare' }),
};

export const emptyHandlerStack: Stack = {
  name: 'nginx, js_access with a handler that lets everything pass',
  setup: 'as above, and three lines of njs that name the app and decide nothing: the most that any njs gate can reach',
  isOpen: true,
  start: (world) =>
    start(world, {
      folder: 'empty-handler',
      main: ({ nginx }) => `load_module ${nginx.nginxModules}/ngx_http_js_module.so;\n`,
      http: () => 'js_engine qjs;\n  js_import empty from program.js;\n  js_var $upstream;',
      program: emptyHandler,
      location: 'js_access empty.access;',
      target: 'http://$upstream$request_uri',
    }),
};

export const bareKeepAliveStack: Stack = {
  name: 'nginx, no authorization, connections to the app kept',
  setup: 'nginx, no authorization, with `keepalive 64` to the app',
  isOpen: true,
  start: (world) => start(world, { folder: 'bare-keepalive', keepAlive: true }),
};

export const authRequestCacheStack: Stack = {
  name: 'nginx auth_request + proxy_cache',
  setup: 'answers of the authorizer cached for 60 s by the key',
  start: (world) =>
    start(world, {
      folder: 'auth-request-cache',
      http: (given) =>
        `${AUTHORIZER(given)}\n  proxy_cache_path cache keys_zone=decisions:8m levels=1:2 inactive=10m use_temp_path=off;`,
      location: ASKING,
      server: () =>
        ASK('proxy_cache decisions;\n      proxy_cache_key $http_x_api_key;\n      proxy_cache_valid 200 60s;'),
    }),
};

export const authRequestStack: Stack = {
  name: 'nginx auth_request',
  setup: 'asks the authorizer for each request over kept connections',
  start: (world) => start(world, { folder: 'auth-request', http: AUTHORIZER, location: ASKING, server: () => ASK('') }),
};
