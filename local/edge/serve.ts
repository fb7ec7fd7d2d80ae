import { chooseTargetGroup, redirectLocation } from './actions.js';
import { type Answer, notEmulated, statusPage } from './answers.js';
import { type BodyPrefix, readPrefix } from './body-prefix.js';
import { matchingRule } from './conditions.js';
import type { Exchange } from './exchange.js';
import { forward } from './forward.js';
import { IdleTimer } from './idle-timer.js';
import type { Action, Attributes, ForwardAction, LoadBalancer } from './model.js';
import { type Header, headerValue, requestHeaders } from './request-headers.js';
import { ownResponseHeaders, targetResponseHeaders } from './response-headers.js';
import type { Context, Progress, Serving } from './serving.js';
import { toFunction } from './to-function.js';

/** Bytes of a request line and of one header, as at AWS. */
const LINE_BYTES = 16 * 1024;

/** Addresses in X-Forwarded-For, as at AWS. */
const FORWARDED_ADDRESSES = 30;

/** Serves one request that came for a listener's port (80 or 443). */
export async function serve(serving: Serving, exchange: Exchange, port: number): Promise<void> {
  const progress: Progress = { status: 0, why: 'client-closed' };
  const loadBalancer = addressed(serving.deployment.loadBalancers, exchange.request.host);
  const listener = loadBalancer?.listeners.find((one) => one.port === port);
  report(serving, exchange, progress);
  const answer = (what: Answer, why: string) => {
    progress.status = what.status;
    progress.why = why;
    exchange.answer(what, ownResponseHeaders(what.headers, listener?.attributes ?? new Map()));
  };
  if (loadBalancer === undefined || listener === undefined) {
    answer(notEmulated(`port ${port}: no listener is deployed there`), 'no-listener');
    return;
  }
  const timer = idleTimer(exchange, loadBalancer.attributes, progress, answer);
  const attributes = loadBalancer.attributes;
  try {
    await dispatch({ serving, exchange, listener, attributes, progress, timer, answer }, loadBalancer);
  } catch (error) {
    failed({ exchange, answer }, error);
  }
}

function failed({ exchange, answer }: Pick<Context, 'exchange' | 'answer'>, error: unknown): void {
  if (exchange.responded) exchange.destroy();
  else answer(statusPage(500), `edge-error: ${error instanceof Error ? error.name : 'unknown'}`);
}

async function dispatch(context: Context, loadBalancer: LoadBalancer): Promise<void> {
  const { serving, exchange, listener, answer } = context;
  const { request } = exchange;
  const refusal = refused(exchange);
  if (refusal !== undefined) {
    answer(statusPage(refusal), 'http-error');
    return;
  }
  let prefix: BodyPrefix = { bytes: Buffer.alloc(0), complete: !exchange.hasBody };
  const inspectedBytes = serving.firewall.inspectedBodyBytes(loadBalancer);
  // One byte more than is inspected tells whether there is more.
  if (exchange.hasBody && inspectedBytes > 0) prefix = await readPrefix(exchange.body, inspectedBytes + 1);
  if (exchange.responded || exchange.closed) return;

  const verdict = serving.firewall.inspect(loadBalancer, request, prefix.bytes);
  if (verdict.blocked !== undefined) {
    answer(verdict.blocked, `waf:${verdict.rule}`);
    return;
  }
  const rule = matchingRule(listener.rules, request);
  const closed = rule === undefined ? 'a request that no rule matches' : notDone(rule.actions, rule.transformed);
  if (rule === undefined || closed !== undefined) {
    answer(notEmulated(closed ?? 'this'), 'not-emulated');
    return;
  }
  act(context, rule.actions.at(-1), prefix, verdict.insertHeaders);
}

function act(context: Context, action: Action | undefined, prefix: BodyPrefix, inserted: readonly Header[]): void {
  const { serving, exchange, answer } = context;
  if (action?.type === 'redirect') {
    const location = redirectLocation(action, exchange.request, serving.ports);
    answer(statusPage(action.status, [['Location', location]]), 'redirect');
  } else if (action?.type === 'fixed-response') {
    const headers: Header[] = [['Content-Type', `${action.contentType}; charset=utf-8`]];
    answer({ status: action.status, headers, body: action.body }, 'fixed-response');
  } else if (action?.type === 'forward') {
    toTarget(context, action, prefix, inserted);
  } else {
    answer(notEmulated('a rule without an action'), 'not-emulated');
  }
}

function toTarget(context: Context, action: ForwardAction, prefix: BodyPrefix, inserted: readonly Header[]): void {
  const { serving, exchange, progress, timer, listener, answer } = context;
  const { request } = exchange;
  const group = chooseTargetGroup(action, Math.random());
  const functions = serving.deployment.targetGroups.get(group ?? '');
  if (functions?.targetType === 'lambda') {
    toFunction(context, functions, prefix, inserted).catch((error: unknown) => failed(context, error));
    return;
  }
  const target = serving.targets.choose(group ?? '', () => {
    progress.why = 'target-deregistered';
    if (exchange.responded) exchange.destroy();
    else answer(statusPage(502), 'target-deregistered');
  });
  if (target === undefined) {
    answer(statusPage(503), 'no-healthy-target');
    return;
  }
  exchange.onClosed(() => target.release());
  if (exchange.closed) return;
  const headers: Header[] = [...requestHeaders(request.headers, request, context.attributes), ...inserted];
  if (exchange.switchProtocols) headers.push(['Connection', 'Upgrade'], ['Upgrade', 'websocket']);
  progress.traceId = headerValue(headers, 'x-amzn-trace-id') ?? '';
  // The length is the client's own, or unknown.
  if (exchange.hasBody && headerValue(headers, 'content-length') === undefined) {
    headers.push(['Transfer-Encoding', 'chunked']);
  }
  forward({
    exchange,
    request: serving.connections.request(target.group.protocol, {
      host: target.id,
      port: target.port,
      method: request.method,
      target: request.target,
      headers,
    }),
    prefix,
    seen: timer.seen,
    responseHeaders: (received, status) => {
      progress.status = status;
      progress.why = 'target';
      return targetResponseHeaders(received, listener.attributes);
    },
    onFailure: answer,
    onIncomplete: () => {
      progress.why = 'target-incomplete';
    },
  });
}

/** The load balancer whose DNS name was called, or the oldest: locally all are `localhost`. */
function addressed(loadBalancers: readonly LoadBalancer[], host: string): LoadBalancer | undefined {
  const name = host.replace(/:\d*$/, '').toLowerCase();
  return loadBalancers.find((one) => one.dnsName === name) ?? loadBalancers[0];
}

/** The status with which a load balancer refuses a request by its shape. */
function refused({ request }: Exchange): number | undefined {
  if (request.host === '' || request.ambiguousHost) return 400;
  if (request.target.length > LINE_BYTES) return 414;
  if (request.headers.some(([name, value]) => name.length + value.length > LINE_BYTES)) return 400;
  if (request.method === 'TRACE') return 405;
  if ((headerValue(request.headers, 'x-forwarded-for') ?? '').split(',').length > FORWARDED_ADDRESSES) return 463;
  return undefined;
}

/** What of a rule the edge cannot do. Such a rule is answered closed: to skip an action would open what it guards. */
function notDone(actions: readonly Action[], transformed: boolean): string | undefined {
  const other = actions.find((action) => action.type === 'other');
  if (other?.type === 'other') return `the action ${other.name}`;
  return transformed ? 'rewrites of host and path' : undefined;
}

function idleTimer(
  exchange: Exchange,
  attributes: Attributes,
  progress: Progress,
  answer: (what: Answer, why: string) => void,
): IdleTimer {
  const seconds = Number(attributes.get('idle_timeout.timeout_seconds') ?? 60);
  const timer = new IdleTimer(seconds * 1000, () => {
    if (exchange.closed) return;
    const waitsForClient = exchange.hasBody && !exchange.body.readableEnded;
    if (exchange.responded) {
      progress.why = 'idle-timeout';
      exchange.destroy();
    } else if (waitsForClient) answer(statusPage(408, [['Connection', 'close']]), 'client-timeout');
    else answer(statusPage(504), 'target-timeout');
  });
  exchange.onClosed(() => timer.stop());
  return timer;
}

function report({ onRequest }: Serving, exchange: Exchange, progress: Progress): void {
  const time = new Date();
  const start = performance.now();
  const { client, method, path } = exchange.request;
  exchange.onClosed((complete) => {
    const closedByClient = !complete && !exchange.responded;
    onRequest({
      time,
      client,
      method,
      path,
      status: closedByClient ? 460 : progress.status,
      why: !complete && progress.why === 'target' ? 'client-closed' : progress.why,
      ...(progress.traceId === undefined ? {} : { traceId: progress.traceId }),
      milliseconds: performance.now() - start,
    });
  });
}
