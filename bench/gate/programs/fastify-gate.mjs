/** A gate as one would write it in Node: Fastify, its proxy plugin, and a Map of decisions. */

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

const { BENCH_MODULES = '', BENCH_PORT, BENCH_APP, BENCH_AUTHORIZER = '' } = process.env;
const require = createRequire(BENCH_MODULES);
const app = require('fastify')();

/** @type {Map<string, { readonly principal: string, readonly expires: number }>} */
const decisions = new Map();

async function principalOf(key) {
  const id = createHash('sha256').update(key).digest('base64url');
  const known = decisions.get(id);
  if (known !== undefined && known.expires > Date.now()) return known.principal;
  const answer = await fetch(BENCH_AUTHORIZER, {
    headers: { 'x-api-key': key },
    signal: AbortSignal.timeout(2000),
  });
  if (answer.status !== 200) return undefined;
  const principal = answer.headers.get('x-auth-principal') ?? '';
  decisions.set(id, { principal, expires: Date.now() + 60_000 });
  return principal;
}

await app.register(require('@fastify/http-proxy'), {
  upstream: BENCH_APP,
  preHandler: async (request, reply) => {
    const key = request.headers['x-api-key'];
    const principal = typeof key === 'string' && key !== '' ? await principalOf(key) : undefined;
    if (principal === undefined) return reply.code(401).send({ error: 'Unauthorized' });
    request.principal = principal;
  },
  replyOptions: {
    rewriteRequestHeaders: (request, { 'x-api-key': _, ...headers }) => ({
      ...headers,
      'x-auth-principal': request.principal,
    }),
  },
});
await app.listen({ port: Number(BENCH_PORT), host: '127.0.0.1' });
