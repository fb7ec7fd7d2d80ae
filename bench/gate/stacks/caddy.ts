import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programOnPath } from '../peers';
import { freePorts, startServer } from '../processes';
import type { Stack } from '../stack';

export const caddyStack: Stack = {
  name: 'Caddy forward_auth',
  setup: 'asks the authorizer for each request; GOMAXPROCS=1, no request log',
  start: async (world) => {
    const caddy = programOnPath('caddy', 'caddy');
    const directory = join(world.directory, 'caddy');
    mkdirSync(directory, { recursive: true });
    const [port = 0] = await freePorts(1);
    writeFileSync(
      join(directory, 'Caddyfile'),
      `{
	admin off
	auto_https off
	log {
		level ERROR
	}
}
http://127.0.0.1:${port} {
	bind 127.0.0.1
	forward_auth ${world.authorizer.replace('http://', '')} {
		uri /auth
		copy_headers X-Auth-Principal
	}
	reverse_proxy 127.0.0.1:${world.appPort}
}
`,
    );
    const started = await startServer({
      command: caddy,
      args: ['run', '--config', join(directory, 'Caddyfile'), '--adapter', 'caddyfile'],
      env: { PATH: process.env.PATH, HOME: directory, XDG_DATA_HOME: directory, GOMAXPROCS: '1' },
      ports: [port],
    });
    return { ...started, url: `http://127.0.0.1:${port}` };
  },
};
