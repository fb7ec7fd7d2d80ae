/** docs/benchmarks.md. */

import { cpus, totalmem } from 'node:os';
import { type Report, type Row, resultOf } from './full';
import { CONNECTIONS } from './load';
import type { Memory } from './memory';
import type { PacedResult } from './paced';
import { gateStack } from './stacks/gate';
import { authRequestCacheStack, bareStack } from './stacks/nginx';
import { RESPONSES } from './world';

export function markdown(report: Report): string {
  const { figures, paced, misses, firstByte } = report;
  return `# Benchmarks of the gate

Written by \`npm run bench\`; \`npm run bench -- --quick --json\` measures the first table alone in less than a minute. Figures of one machine say little: trust the ratios, which are of medians of interleaved rounds.

Machine: ${machine()}. Load generator, gate or peer, authorizer and app share it. When the run began other programs already wanted ${number(report.otherLoad, 1)} cores; what is more than 0.5 spoils latencies, and
ratios too, since an interpreter suffers more than plain nginx when others empty the processor's caches.

| figure | measured | aim |
|---|---|---|
| throughput, decision cached, against the same nginx without authorization | ${number(figures.cachedVsBare, 2)} | ≥ 0.85 |
| … both with connections to the app kept | ${number(figures.keptCachedVsBare, 2)} | |
| … against nginx auth_request + proxy_cache | ${number(figures.vsAuthRequestCache, 2)} | ≥ 3.5 |
| … against a Flask decorator with Flask-Limiter under gunicorn | ${number(figures.vsFlask, 1)} | ≥ 10 |
| … with connections to the app kept | ${number(figures.keptVsFlask, 1)} | |
| added latency at half load, p99 | ${number(figures.addedP99Ms, 2)} ms | ≤ 0.3 ms |
| cache miss: added to the authorizer's own time, p99 | ${number(figures.missAddedP99Ms, 2)} ms | ≤ 1 ms |
| first byte of a chunked response, p99, after the app has sent it | ${number(firstByte.gate.p99, 2)} ms | ≤ 2 ms |

${reach(report)}
## Throughput

An allowed request by one key, over and over. CPU is what the processes of the row used for one request: it depends less on what else the machine does.
${(Object.keys(RESPONSES) as (keyof typeof RESPONSES)[]).map((name) => table(RESPONSES[name].title, report.tables[name])).join('')}
## Latency at half load

${paced.rate} requests a second, half of what the gate can do, the same for both, over ${CONNECTIONS} kept connections to each. Requests arrive at random (exponential gaps, kept to microseconds by a generator that never sleeps), whether or not earlier ones are answered, and their latency counts from when they were to arrive. Gate and bare nginx take turns of a tenth of a second; p50 and p99 are medians over these slices, which spares them most of the pauses of the machine itself, and p99.9 is of all requests, pauses included. The generator itself was late by ${number(Math.max(paced.gate.late, paced.bare.late), 2)} ms at the 99th percentile, which is part of both rows.

| | requests | p50 | p99 | p99.9 |
|---|---|---|---|---|
${pacedRow('gate', paced.gate)}
${pacedRow('nginx, no authorization', paced.bare)}

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

| distinct keys | cache | memory before | memory after | a key | first requests | newest known | of all known | hits afterwards |
|---|---|---|---|---|---|---|---|---|
${report.memory.map(memoryRow).join('\n')}

The authorizer allows each key for an hour, so that a key leaves the cache only by eviction. Afterwards the newest keys, and keys at equal distances over all of them, are asked for again: known are those for which the authorizer was not called. Every request of the filling and of the samples was answered by the app. The aim is a million keys in the first row, all known; a filling also ends after 15 minutes, or BENCH_FILL_SECONDS. In the second row the cache is too small for the keys: the oldest are evicted, and asked for again when they come back. Memory is the resident size of the gate's processes, shared zones counted once; a key's includes its buckets and the client address's, which the benchmark gives each key.

## Method

- Throughput and misses: wrk, one thread, ${CONNECTIONS} connections kept alive; rounds in which every row takes its turn, every other round in reverse; medians. A round in which one request was refused or failed would end the run.
- Latency at half load: a generator of the benchmark's own, since those at hand pace by timers of whole milliseconds, so that requests come in bursts whose draining they would measure.
- Before it is measured each row must refuse a request without a key and let one with it through.
- The app is nginx with a constant answer. One worker process or thread for every row but Flask's.
- The gate opens a connection to the app for each request, since what stands behind it may close idle ones at any time, unless it is told how long the app keeps them; so does the nginx that it is compared with. Rows that keep their connections say so; the other peers keep theirs.
- The authorizer is nginx with a constant answer. Peers ask it unsigned over plain HTTP, which a Lambda function would not take: a bridge would slow them down.
- The gate counts each request in a token bucket, holds a place in flight, checks target, headers, scopes and times, and writes its log line; nginx without authorization writes the same line as far as it knows it. The other peers write none and limit nothing.

Not measured: a network between client and gate, TLS towards clients (the load balancer's), a real Lambda function's own time, more than one worker.
`;
}

/** Why some aims are out of reach, in figures of the same run. */
function reach({ figures, tables }: Report): string {
  const bare = resultOf(tables.small, bareStack).throughput;
  const cache = resultOf(tables.small, authRequestCacheStack).throughput;
  const said: string[] = [];
  if (figures.cachedVsBare < 0.85) {
    said.push(
      figures.emptyHandlerVsBare < 0.85
        ? `0.85 of bare nginx is out of reach of any njs gate here: a handler of three lines that decides nothing leaves ${number(figures.emptyHandlerVsBare, 2)} of it. Of what that handler leaves, the gate reaches ${number(figures.cachedVsBare / figures.emptyHandlerVsBare, 2)}.`
        : `A handler of three lines that decides nothing leaves ${number(figures.emptyHandlerVsBare, 2)} of bare nginx; what the gate falls short of 0.85 its own work takes.`,
    );
  }
  if (figures.vsAuthRequestCache < 3.5) {
    const times = bare / cache;
    said.push(
      times < 3.5
        ? `3.5 times auth_request with proxy_cache would be more than nginx without any authorization does: auth_request with cached answers runs at ${number(cache / bare, 2)} of it, so that the most is ${number(times, 2)} times.`
        : `nginx without authorization does ${number(times, 2)} times what auth_request with proxy_cache does.`,
    );
  }
  return said.length === 0 ? '' : `${said.join('\n\n')}\n`;
}

function pacedRow(name: string, { requests, p50, p99, p999 }: PacedResult): string {
  return `| ${name} | ${number(requests, 0)} | ${number(p50, 2)} ms | ${number(p99, 2)} ms | ${number(p999, 2)} ms |`;
}

function memoryRow(memory: Memory): string {
  const { keys, cacheBytes, before, after, misses, newest, spread, hits } = memory;
  const isWhole = spread.hits === spread.asked;
  const cells = [
    number(keys, 0),
    megabytes(cacheBytes),
    megabytes(before),
    megabytes(after),
    // What evicted keys took says nothing about one.
    isWhole ? `${number((after - before) / keys, 0)} bytes` : '',
    `${number(misses, 0)}/s`,
    ...[newest, spread].map((sample) => `${number(sample.hits, 0)} of ${number(sample.asked, 0)}`),
    `${number(hits, 0)}/s`,
  ];
  return `| ${cells.join(' | ')} |`;
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
