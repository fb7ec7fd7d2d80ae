/**
 * Requests that arrive at random, as from many clients that know nothing of one another: the gaps between them are
 * exponentially distributed and kept to microseconds, since this process never sleeps. The servers take turns of a slice
 * of time each. Latency counts from when a request was to arrive, so that one which had to wait for a connection counts
 * with its waiting.
 *
 * By environment, as a key is not to be seen among process arguments: BENCH_URLS (with commas between them), BENCH_KEY,
 * BENCH_RATE (requests a second to the server whose turn it is), BENCH_SLICES (for each server), BENCH_CONNECTIONS (to
 * each), BENCH_SEED. Start with `--expose-gc` and a young generation that holds the garbage of seconds.
 */

import { connect } from 'node:net';

const { BENCH_URLS = '', BENCH_KEY = '', BENCH_SEED = '1' } = process.env;
const rate = Number(process.env.BENCH_RATE);
const slices = Number(process.env.BENCH_SLICES);
const connections = Number(process.env.BENCH_CONNECTIONS);
const urls = BENCH_URLS.split(',');

/** Milliseconds. Short enough for most to be spared by the pauses that a virtual machine itself makes. */
const SLICE = 100;
/** Slices of each server that are not counted: connections are opened, code is compiled. */
const WARM_UP = 5;
/** Milliseconds that a turn of the event loop takes at least, unless a request is due before. */
const TURN = 0.01;
/** Additions between two readings of the clock, about a microsecond. */
const PAUSE = 1000;
/** Milliseconds that an answer may take. */
const TIMEOUT = 5000;

const pauses = new Int32Array(1);
const random = generator(Number(BENCH_SEED));
const servers = urls.map((url, index) => serverOf(new URL(url), index));
let start = 0;
let lastAnswer = 0;

for (const server of servers) {
  for (let i = 0; i < connections; i++) server.idle.push(await open(server));
}
globalThis.gc?.();
start = performance.now();
lastAnswer = start;
turn();

function serverOf(url, index) {
  /** Milliseconds after the start at which each request is to arrive. */
  const times = [];
  for (let slice = index; slice < (WARM_UP + slices) * urls.length; slice += urls.length) {
    for (let at = gap(); at < SLICE; at += gap()) times.push(slice * SLICE + at);
  }
  const request = Buffer.from(`GET / HTTP/1.1\r\nHost: ${url.host}\r\nX-API-Key: ${BENCH_KEY}\r\n\r\n`);
  const arrivals = Float64Array.from(times);
  return {
    url,
    request,
    arrivals,
    latencies: new Float64Array(arrivals.length),
    /** How late each one was sent although a connection was free: what this program itself adds. */
    lateness: new Float64Array(arrivals.length),
    idle: [],
    sent: 0,
    answered: 0,
    refused: 0,
    waited: false,
  };
}

function gap() {
  return (-Math.log(1 - random()) / rate) * 1000;
}

/** One turn of the event loop: sends what is due. Answers are read between two turns. */
function turn() {
  let now = performance.now();
  // Each turn, and each reading of the clock, leaves garbage, whose collection would stop everything for a millisecond.
  let end = now + TURN;
  for (const { arrivals, sent, idle } of servers) {
    if (sent < arrivals.length && idle.length > 0) end = Math.min(end, start + arrivals[sent]);
  }
  while (now < end) {
    for (let i = 0; i < PAUSE; i++) pauses[0] += i;
    now = performance.now();
  }
  let done = true;
  for (const server of servers) {
    send(server, now);
    done &&= server.answered === server.arrivals.length;
    if (server.sent > server.answered && now - lastAnswer > TIMEOUT) fail(`no answer for ${TIMEOUT} ms`);
  }
  if (done) finish();
  else setImmediate(turn);
}

function send(server, now) {
  const { arrivals, idle } = server;
  while (server.sent < arrivals.length && idle.length > 0 && start + arrivals[server.sent] <= now) {
    const connection = idle.pop();
    connection.request = server.sent;
    server.lateness[server.sent] = server.waited ? 0 : performance.now() - start - arrivals[server.sent];
    server.sent++;
    connection.socket.write(server.request);
  }
  // What is due and finds no connection waits for the server, not for this program.
  server.waited = server.sent < arrivals.length && idle.length === 0 && start + arrivals[server.sent] <= now;
}

function open(server) {
  return new Promise((resolve) => {
    const buffer = Buffer.allocUnsafe(65_536);
    const connection = { server, socket: undefined, request: -1, text: '' };
    connection.socket = connect({
      host: server.url.hostname,
      port: Number(server.url.port),
      noDelay: true,
      // One buffer for all that this connection ever receives: garbage would have to be collected.
      onread: { buffer, callback: (length) => receive(connection, buffer.latin1Slice(0, length)) },
    });
    connection.socket.once('connect', () => resolve(connection));
    connection.socket.on('error', (error) => fail(`a connection failed: ${error.message}`));
    connection.socket.on('close', () => fail('a connection was closed'));
  });
}

function receive(connection, text) {
  const whole = connection.text === '' ? text : connection.text + text;
  const head = whole.indexOf('\r\n\r\n');
  const length = head < 0 ? undefined : /\r\ncontent-length: *(\d+)\r\n/i.exec(whole.slice(0, head + 2))?.[1];
  if (head >= 0 && length === undefined) fail(`an answer without Content-Length: ${whole.slice(0, head)}`);
  if (head < 0 || whole.length < head + 4 + Number(length)) {
    connection.text = whole;
    return true;
  }
  const { server } = connection;
  lastAnswer = performance.now();
  if (!whole.startsWith('HTTP/1.1 200 ')) server.refused++;
  server.latencies[connection.request] = lastAnswer - start - server.arrivals[connection.request];
  server.answered++;
  connection.text = '';
  server.idle.push(connection);
  return true;
}

function finish() {
  process.stdout.write(`\nRESULT ${JSON.stringify(servers.map(resultOf))}\n`);
  process.exit(0);
}

/** Milliseconds: p50, p99 and how late this program was at its p99 are medians over the slices, p99.9 is of all. */
function resultOf({ arrivals, latencies, lateness, refused }) {
  const counted = new Map();
  let inTime = 0;
  const first = arrivals.findIndex((at) => at >= WARM_UP * urls.length * SLICE);
  for (let i = first; i < arrivals.length; i++) {
    const slice = Math.floor(arrivals[i] / SLICE);
    const { times, late } = counted.get(slice) ?? { times: [], late: [] };
    counted.set(slice, { times, late });
    times.push(latencies[i]);
    late.push(lateness[i]);
    if (arrivals[i] + latencies[i] < (slice + 1) * SLICE) inTime++;
  }
  const each = [...counted.values()];
  const typical = (of) => percentile(each.map(of), 0.5);
  return {
    requests: arrivals.length - first,
    refused,
    /** The part that was answered before the slice was over. */
    inTime: inTime / (arrivals.length - first),
    p50: typical(({ times }) => percentile(times, 0.5)),
    p99: typical(({ times }) => percentile(times, 0.99)),
    p999: percentile(latencies.subarray(first), 0.999),
    late: typical(({ late }) => percentile(late, 0.99)),
  };
}

function percentile(values, part) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Uniform numbers from 0 to 1, the same ones for the same seed (xorshift32). */
function generator(seed) {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}
