import { join } from 'node:path';
import { nodePeers } from '../peers';
import { freePorts, startServer } from '../processes';
import type { Stack } from '../stack';

export const fastifyStack: Stack = {
  name: 'Node gate: Fastify + @fastify/http-proxy',
  setup: 'answers of the authorizer kept in a Map for 60 s by SHA-256 of the key; one process, no request log',
  start: async (world) => {
    const { modules } = await nodePeers();
    const [port = 0] = await freePorts(1);
    const started = await startServer({
      command: process.execPath,
      args: [join(import.meta.dirname, '../programs/fastify-gate.mjs')],
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        BENCH_MODULES: modules,
        BENCH_PORT: String(port),
        BENCH_APP: `http://127.0.0.1:${world.appPort}`,
        BENCH_AUTHORIZER: `${world.authorizer}/auth`,
      },
      ports: [port],
    });
    return { ...started, url: `http://127.0.0.1:${port}` };
  },
};
