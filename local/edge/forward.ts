import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type Answer, statusPage } from './answers.js';
import type { BodyPrefix } from './body-prefix.js';
import type { Exchange } from './exchange.js';
import type { Header } from './request-headers.js';

/** Seconds until a target must have accepted a connection, as at AWS. */
const CONNECT_TIMEOUT = 10;
/** Bytes of a target's whole response head, as at AWS. */
const RESPONSE_HEAD_BYTES = 32 * 1024;

/** Connections to targets, kept open between requests. */
export class TargetConnections {
  private agents: readonly [HttpAgent, HttpsAgent] | undefined;
  private idleTimeout = 0;
  private readonly retired: HttpAgent[] = [];

  /** Unused connections are closed after these seconds, as at AWS: targets keep theirs open a little longer. */
  useIdleTimeout(seconds: number): void {
    if (this.agents && seconds === this.idleTimeout) return;
    // Requests on the connections so far go on.
    this.retired.push(...(this.agents ?? []));
    this.idleTimeout = seconds;
    const options = { keepAlive: true, maxFreeSockets: 64, timeout: seconds * 1000 };
    // A load balancer does not verify its targets' certificates.
    this.agents = [new HttpAgent(options), new HttpsAgent({ ...options, rejectUnauthorized: false })];
  }

  request(protocol: string, options: TargetRequest): ClientRequest {
    const secure = protocol === 'HTTPS';
    return (secure ? httpsRequest : httpRequest)({
      host: options.host,
      port: options.port,
      method: options.method,
      path: options.target,
      headers: options.headers.flat(),
      agent: this.agents?.[secure ? 1 : 0],
      maxHeaderSize: RESPONSE_HEAD_BYTES,
    });
  }

  close(): void {
    for (const agent of [...(this.agents ?? []), ...this.retired]) agent.destroy();
  }
}

export interface TargetRequest {
  readonly host: string;
  readonly port: number;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly Header[];
}

export interface Forwarding {
  readonly exchange: Exchange;
  readonly request: ClientRequest;
  readonly prefix: BodyPrefix;
  /** Every byte in either direction, for the idle timeout. */
  readonly seen: () => void;
  /** The target answered: its headers as the client gets them. */
  readonly responseHeaders: (headers: readonly Header[], status: number) => readonly Header[];
  /** The target failed before it answered. Called once at most. */
  readonly onFailure: (answer: Answer, why: string) => void;
  /** The target failed in the middle of its answer. */
  readonly onIncomplete: () => void;
}

/** Sends an exchange to a target and its answer back, both as streams. */
export function forward(forwarding: Forwarding): void {
  const { exchange, request, seen } = forwarding;
  let failed = false;
  const fail = (answer: Answer, why: string) => {
    if (failed) return;
    failed = true;
    request.destroy();
    if (exchange.responded) exchange.destroy();
    else forwarding.onFailure(answer, why);
  };
  watchConnecting(request, () => fail(statusPage(504), 'target-connection-timeout'));
  request.on('error', () => {
    // After the answer's head the target may stop reading the request: the answer counts.
    if (!exchange.responded) fail(statusPage(502), 'target-connection-error');
  });
  request.on('response', (response) => passResponse(forwarding, response, fail));
  const { switchProtocols } = exchange;
  if (switchProtocols) {
    request.on('upgrade', (response, socket, head) => {
      const headers = forwarding.responseHeaders(pairs(response.rawHeaders), 101);
      const upgrade: Header[] = [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
      ];
      switchProtocols([...upgrade, ...headers], socket, head, seen);
    });
  }
  exchange.onClosed(() => request.destroy());
  sendBody(forwarding);
}

function sendBody({ exchange, request, prefix, seen }: Forwarding): void {
  if (prefix.bytes.length > 0) request.write(prefix.bytes);
  if (prefix.complete) {
    request.end();
    return;
  }
  exchange.body.on('data', seen);
  request.on('drain', seen);
  // A request that ends early must not look complete to the target.
  exchange.body.on('error', () => request.destroy());
  exchange.body.pipe(request);
}

function passResponse(
  { exchange, seen, responseHeaders, onIncomplete }: Forwarding,
  response: IncomingMessage,
  fail: (answer: Answer, why: string) => void,
): void {
  if (exchange.responded) {
    // Too late: the client was told that the target is silent.
    response.destroy();
    return;
  }
  let out: ReturnType<Exchange['respond']>;
  try {
    const status = response.statusCode ?? 502;
    out = exchange.respond(status, responseHeaders(pairs(response.rawHeaders), status));
  } catch {
    fail(statusPage(502), 'target-bad-response');
    return;
  }
  seen();
  response.on('data', seen);
  out.on('drain', seen);
  // Without its end an answer must not look complete to the client.
  response.on('error', () => {
    onIncomplete();
    exchange.destroy();
  });
  response.pipe(out);
}

function pairs(rawHeaders: readonly string[]): readonly Header[] {
  const headers: Header[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return headers;
}

function watchConnecting(request: ClientRequest, onTimeout: () => void): void {
  request.on('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(onTimeout, CONNECT_TIMEOUT * 1000);
    const stop = () => clearTimeout(timer);
    socket.once('connect', stop);
    request.once('close', stop);
  });
}
