/**
 * What the worst request of one stranger costs: each of the texts that the test of linear time repeats, at the 16 KB that
 * a header line or a target may have, four lines of it, alone on a connection. Told is the CPU that the worker spent, by the kernel's count:
 * `npx tsx bench/gate/worst-request.mts`.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from '../../test/gate/support/app';
import { buildGate, gateOptions } from '../../test/gate/support/bundle';
import { type GateContainers, startGate } from '../../test/gate/support/gate';
import { ENDS, fits, type Hostile, requestOf, STARTS, UNITS } from '../../test/gate/support/hostile-texts';
import { raw } from '../../test/gate/support/http';
import { deny, LambdaEndpoint } from '../../test/gate/support/lambda-endpoint';

/** Of a header line of 16 KB, name and line end included. */
const LENGTH = 15_900;
/** As many of them as nginx and the load balancer take: 64 KB in all. */
const LINES = 4;
const REPEATS = 3;

/** Nanoseconds of CPU that the only worker has spent. */
function spent(worker: string): number {
  return Number(readFileSync(`/proc/${worker}/schedstat`, 'utf8').split(' ')[0]);
}

async function measure(gate: GateContainers, worker: string, hostile: Hostile): Promise<number> {
  const { target, headers } = requestOf(hostile, LENGTH);
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    Array(name === hostile.where ? LINES : 1).fill(`${name}: ${value}\r\n`),
  );
  const request = Buffer.from(`GET ${target} HTTP/1.1\r\n${lines.join('')}Connection: close\r\n\r\n`, 'latin1');
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < REPEATS; i++) {
    const before = spent(worker);
    await raw(gate.url, request);
    least = Math.min(least, (spent(worker) - before) / 1e6);
  }
  return least;
}

const without = 1_000_000;
const app = await App.start();
const lambda = new LambdaEndpoint();
lambda.reset(() => deny(401, 0));
await lambda.listen();
const { packGate } = await buildGate();
const options = gateOptions({
  webSession: { lifetime: 3600 },
  cors: { allowOrigins: ['https://example.com'], maxAge: 60 },
  queryKey: true,
  authorizer: { negativeTtl: 0 },
  limits: { requestsPerMinute: without, synthesisPerMinute: without, missesPerMinute: without },
});
const env = { VOICEGATE_SESSION_SECRET: 'a-secret-of-sessions-0123456789abcdefghijklmnop' };
const gate = await startGate(packGate, options, { upstreamPort: app.port, lambdaUrl: lambda.url, env });
try {
  const master = readFileSync(join(gate.directory, 'nginx.pid'), 'utf8').trim();
  const worker = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim();
  const texts = Object.entries(STARTS).flatMap(([where, starts]) =>
    starts.flatMap((before) =>
      UNITS.filter((unit) => fits(where, unit)).flatMap((unit) =>
        ENDS.filter((after) => fits(where, after)).map((after): Hostile => ({ where, before, unit, after })),
      ),
    ),
  );
  const every = Number(process.argv[2] ?? 1);
  const costs: (readonly [number, Hostile])[] = [];
  for (const text of texts.filter((_, i) => i % every === 0)) costs.push([await measure(gate, worker, text), text]);
  costs.sort(([a], [b]) => b - a);
  console.log(
    `${costs.length} texts of ${LENGTH} characters; median ${costs[costs.length >> 1]?.[0].toFixed(2)} ms of CPU; the dearest:`,
  );
  for (const [cost, { where, before, unit, after }] of costs.slice(0, 10)) {
    console.log(`${cost.toFixed(2)} ms: ${JSON.stringify([where, before, unit, after])}`);
  }
} finally {
  await gate.stop();
  await Promise.all([app.stop(), lambda.stop()]);
}
