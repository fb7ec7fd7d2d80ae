import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pythonPeers } from '../peers';
import { freePorts, startServer } from '../processes';
import type { Stack } from '../stack';

const FILTERS = 'type.googleapis.com/envoy.extensions.filters';

function address(port: string | number): object {
  return { socket_address: { address: '127.0.0.1', port_value: Number(port) } };
}

function cluster(name: string, port: string | number): object {
  const endpoint = { endpoint: { address: address(port) } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
  };
}

export const envoyStack: Stack = {
  name: 'Envoy ext_authz',
  setup: 'asks the authorizer for each request over HTTP; one worker thread, no request log',
  start: async (world) => {
    const { bin } = await pythonPeers();
    const directory = join(world.directory, 'envoy');
    mkdirSync(directory, { recursive: true });
    const [port = 0] = await freePorts(1);
    const authorize = {
      '@type': `${FILTERS}.http.ext_authz.v3.ExtAuthz`,
      http_service: {
        server_uri: { uri: world.authorizer, cluster: 'authorizer', timeout: '2s' },
        path_prefix: '/auth',
        authorization_response: { allowed_upstream_headers: { patterns: [{ exact: 'x-auth-principal' }] } },
      },
      allowed_headers: { patterns: [{ exact: 'x-api-key' }] },
    };
    const manager = {
      '@type': `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'gate',
      route_config: {
        virtual_hosts: [
          { name: 'app', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'app' } }] },
        ],
      },
      http_filters: [
        { name: 'envoy.filters.http.ext_authz', typed_config: authorize },
        { name: 'envoy.filters.http.router', typed_config: { '@type': `${FILTERS}.http.router.v3.Router` } },
      ],
    };
    const chain = { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] };
    const config = {
      static_resources: {
        listeners: [{ name: 'gate', address: address(port), filter_chains: [chain] }],
        clusters: [cluster('app', world.appPort), cluster('authorizer', new URL(world.authorizer).port)],
      },
    };
    writeFileSync(join(directory, 'envoy.json'), JSON.stringify(config));
    const started = await startServer({
      command: join(bin, 'envoy'),
      args: ['-c', join(directory, 'envoy.json'), '--concurrency', '1', '--disable-hot-restart', '-l', 'error'],
      cwd: directory,
      env: { PATH: process.env.PATH, HOME: directory },
      ports: [port],
    });
    return { ...started, url: `http://127.0.0.1:${port}` };
  },
};
