import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { call } from '../../../test/gate/support/http';
import { pythonPeers } from '../peers';
import { freePorts, startServer } from '../processes';
import type { Stack } from '../stack';

export const traefikStack: Stack = {
  name: 'Traefik ForwardAuth',
  setup: 'asks the authorizer for each request; GOMAXPROCS=1, no request log',
  start: async (world) => {
    const { bin } = await pythonPeers();
    const directory = join(world.directory, 'traefik');
    mkdirSync(directory, { recursive: true });
    const [port = 0] = await freePorts(1);
    writeFileSync(
      join(directory, 'dynamic.yml'),
      `http:
  routers:
    app:
      rule: PathPrefix(\`/\`)
      middlewares: [auth]
      service: app
  middlewares:
    auth:
      forwardAuth:
        address: ${world.authorizer}/auth
        authResponseHeaders: [X-Auth-Principal]
  services:
    app:
      loadBalancer:
        servers:
          - url: http://127.0.0.1:${world.appPort}
`,
    );
    const started = await startServer({
      command: join(bin, 'traefik'),
      args: [
        `--entrypoints.web.address=127.0.0.1:${port}`,
        `--providers.file.filename=${join(directory, 'dynamic.yml')}`,
        '--log.level=ERROR',
        '--global.checknewversion=false',
        '--global.sendanonymoususage=false',
      ],
      cwd: directory,
      env: { PATH: process.env.PATH, HOME: directory, GOMAXPROCS: '1' },
      ports: [port],
    });
    const url = `http://127.0.0.1:${port}`;
    // It listens before it has read its routes.
    const deadline = Date.now() + 10_000;
    while ((await call(url, '/')).status === 404 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { ...started, url };
  },
};
