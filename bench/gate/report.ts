/** docs/benchmarks.md. */

import { cpus, totalmem } from 'node:os';
import { type Report, type Row, resultOf } from './full';
import { CONNECTIONS } from './load';
import { gateStack } from './stacks/gate';
import { bareStack } from './stacks/nginx';
import { RESPONSES } from './world';

export function markdown(report: Report): string {
  const { figures, paced, misses, firstByte } = report;
  const [million, evicting] = report.memory;
  return `# Benchmarks of the gate

Written by \`npm run bench\`; \`npm run bench -- --quick --json\` measures the first table alone in less than a minute. Figures of one machine say little: trust the ratios, which are of medians of interleaved rounds.

Machine: ${machine()}. Load generator, gate or peer, authorizer and app share it. When the run began other programs already wanted ${number(report.otherLoad, 1)} cores; what is more than 0.5 spoils latencies, and
ratios too, since an interpreter suffers more than plain nginx when others empty the processor's caches.

| figure | measured | aim |
|---|---|---|
| throughput, decision cached, against the same nginx without authorization | ${number(figures.cachedVsBare, 2)} | ≥ 0.85 |
| … against nginx auth_request + proxy_cache | ${number(figures.vsAuthRequestCache, 2)} | ≥ 3.5 |
| … against a Flask decorator with Flask-Limiter under gunicorn | ${number(figures.vsFlask, 1)} | ≥ 10 |
| added latency at half load, p99 | ${number(figures.addedP99Ms, 2)} ms | ≤ 0.3 ms |
| cache miss: added to the authorizer's own time, p99 | ${number(figures.missAddedP99Ms, 2)} ms | ≤ 1 ms |
| first byte of a chunked response, p99, after the app has sent it | ${number(firstByte.gate.p99, 2)} ms | ≤ 2 ms |

## Throughput

An allowed request by one key, over and over. CPU is what the processes of the row used for one request: it depends less on what else the machine does.
${(Object.keys(RESPONSES) as (keyof typeof RESPONSES)[]).map((name) => table(RESPONSES[name].title, report.tables[name])).join('')}
## Latency at half load

${paced.rate} requests a second, half of what the gate can do, over ${CONNECTIONS} connections; each pauses between two requests for a time that is exponentially distributed.

| | p50 | p99 | p99.9 |
|---|---|---|---|
| gate | ${number(paced.gate.p50, 2)} ms | ${number(paced.gate.p99, 2)} ms | ${number(paced.gate.p999, 2)} ms |
| nginx, no authorization | ${number(paced.bare.p50, 2)} ms | ${number(paced.bare.p99, 2)} ms | ${number(paced.bare.p999, 2)} ms |

## Cache misses

One request at a time, each with a credential never seen before; the gate signs each call and keeps its TLS connections to the authorizer, whose certificate it verifies. The added time is that of the whole
request, way to the app included, less that of the authorizer called alone over a kept TLS connection.

| | p50 | p99 |
|---|---|---|
| request that must ask | ${number(misses.miss.p50, 2)} ms | ${number(misses.miss.p99, 2)} ms |
| authorizer alone | ${number(misses.authorizer.p50, 2)} ms | ${number(misses.authorizer.p99, 2)} ms |
| nginx, no authorization | ${number(misses.bare.p50, 2)} ms | ${number(misses.bare.p99, 2)} ms |

## First byte

From the app's write to the client's read of the first byte of a chunked response, 500 times: through the gate p50 ${number(firstByte.gate.p50, 2)} ms, p99 ${number(firstByte.gate.p99, 2)} ms; without it p50 ${number(firstByte.direct.p50, 2)} ms, p99 ${number(firstByte.direct.p99, 2)} ms.

## Many keys

| distinct keys | cache | memory before | memory after | a key | first requests | hits afterwards |
|---|---|---|---|---|---|---|
${[million, evicting]
  .flatMap((memory) =>
    memory === undefined
      ? []
      : [
          `| ${memory.keys.toLocaleString('en')} | ${megabytes(memory.cacheBytes)} | ${megabytes(memory.before)} | ${megabytes(memory.after)} | ${number((memory.after - memory.before) / memory.keys, 0)} bytes | ${number(memory.misses, 0)}/s | ${number(memory.hits, 0)}/s |`,
        ],
  )
  .join('\n')}

The aim is a million keys in the first row; a filling also ends after 15 minutes, or BENCH_FILL_SECONDS. Memory is the resident size of the gate's largest process, shared zones included. In the second row the cache is too small for the keys: the oldest are evicted, and asked for again when they come back.

## Method

- wrk, one thread, ${CONNECTIONS} connections kept alive; rounds in which every row takes its turn, every other round in reverse; medians. A round in which one request was refused or failed would end the run.
- Before it is measured each row must refuse a request without a key and let one with it through.
- The app is nginx with a constant answer. One worker process or thread for every row but Flask's.
- The gate opens a connection to the app for each request, since what stands behind it may close idle ones at any time; so does the nginx that it is compared with. The other peers keep theirs.
- The authorizer is nginx with a constant answer. Peers ask it unsigned over plain HTTP, which a Lambda function would not take: a bridge would slow them down.
- The gate counts each request in a token bucket, holds a place in flight, checks target, headers, scopes and times, and writes its log line; nginx without authorization writes the same line as far as it knows it. The other peers write none and limit nothing.

Not measured: a network between client and gate, TLS towards clients (the load balancer's), a real Lambda function's own time, more than one worker.
`;
}

function table(title: string, rows: readonly Row[]): string {
  const gate = resultOf(rows, gateStack).throughput;
  const bare = resultOf(rows, bareStack).throughput;
  const lines = rows.map(({ stack, result }) =>
    typeof result === 'string'
      ? `| ${stack.name} | not measured: ${result} | | | | ${stack.setup} |`
      : `| ${stack.name} | ${number(result.throughput, 0)} | ${number(result.throughput / bare, 2)} | ${number(gate / result.throughput, 2)} | ${number(result.cpu, 0)} µs | ${stack.setup} |`,
  );
  return `
### ${title}

| | requests/s | of bare nginx | gate's multiple | CPU | setup |
|---|---|---|---|---|---|
${lines.join('\n')}
`;
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 1024 ** 3)} GB, Linux`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2).toLocaleString('en')} MB`;
}

function number(value: number, digits: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
