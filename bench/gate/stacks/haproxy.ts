import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programOnPath } from '../peers';
import { freePorts, startServer } from '../processes';
import type { Running, Stack } from '../stack';
import type { World } from '../world';

async function start(world: World, folder: string, seconds: number): Promise<Running> {
  const haproxy = programOnPath('haproxy', 'haproxy');
  const directory = join(world.directory, folder);
  mkdirSync(directory, { recursive: true });
  const [port = 0] = await freePorts(1);
  writeFileSync(
    join(directory, 'haproxy.cfg'),
    `global
  nbthread 1
  maxconn 4096
  lua-load ${join(import.meta.dirname, '../programs/haproxy_auth.lua')}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend gate
  bind 127.0.0.1:${port}
  http-request lua.authorize
  http-request deny deny_status 401 unless { var(txn.allowed) -m bool }
  http-request set-header X-Auth-Principal %[var(txn.principal)]
  http-request del-header X-Api-Key
  default_backend app
backend app
  server app 127.0.0.1:${world.appPort}
`,
  );
  const started = await startServer({
    command: haproxy,
    args: ['-db', '-f', join(directory, 'haproxy.cfg')],
    env: { PATH: process.env.PATH, BENCH_AUTHORIZER: `${world.authorizer}/auth`, BENCH_CACHE_SECONDS: String(seconds) },
    ports: [port],
  });
  return { ...started, url: `http://127.0.0.1:${port}` };
}

export const haproxyStack: Stack = {
  name: 'HAProxy, Lua action',
  setup: 'asks the authorizer for each request by its own HTTP client; one thread, no request log',
  start: (world) => start(world, 'haproxy', 0),
};

export const haproxyCacheStack: Stack = {
  name: 'HAProxy, Lua action with a table of keys',
  setup: 'the same, answers kept in a Lua table for 60 s under the key itself; no limits, no constraints',
  start: (world) => start(world, 'haproxy-cache', 60),
};
