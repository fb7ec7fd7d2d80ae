import { statusPage } from './answers.js';
import { type BodyPrefix, readPrefix } from './body-prefix.js';
import { callFunction, LAMBDA_BYTES } from './lambda-target.js';
import type { TargetGroup } from './model.js';
import { type Header, headerValue, requestHeaders } from './request-headers.js';
import { targetResponseHeaders } from './response-headers.js';
import type { Context } from './serving.js';

/** Passes a request to the function of a target group, whole, and its result back, whole. */
export async function toFunction(
  { serving, exchange, progress, attributes, listener, answer }: Context,
  group: TargetGroup,
  prefix: BodyPrefix,
  inserted: readonly Header[],
): Promise<void> {
  const { request } = exchange;
  const arn = group.targets[0]?.id;
  if (arn === undefined) return answer(statusPage(503), 'no-healthy-target');
  if (exchange.switchProtocols) return answer(statusPage(400), 'http-error');
  const rest = prefix.complete
    ? { bytes: Buffer.alloc(0), complete: true }
    : await readPrefix(exchange.body, LAMBDA_BYTES + 1 - prefix.bytes.length);
  if (exchange.responded || exchange.closed) return;
  const body = Buffer.concat([prefix.bytes, rest.bytes]);
  if (!rest.complete || body.length > LAMBDA_BYTES) return answer(statusPage(413), 'lambda-request-too-large');

  const headers: Header[] = [...requestHeaders(request.headers, request, attributes), ...inserted];
  progress.traceId = headerValue(headers, 'x-amzn-trace-id') ?? '';
  const multiValue = group.attributes.get('lambda.multi_value_headers.enabled') === 'true';
  const event = {
    targetGroupArn: group.arn,
    multiValue,
    method: request.method,
    target: request.target,
    headers,
    body,
  };
  const result = await callFunction(serving.functions, arn, event).catch(() => undefined);
  if (exchange.responded || exchange.closed) return;
  if (result === undefined) return answer(statusPage(502), 'lambda-bad-response');
  progress.status = result.status;
  progress.why = 'lambda';
  const length: Header = ['Content-Length', String(result.body.length)];
  const out = exchange.respond(result.status, [...targetResponseHeaders(result.headers, listener.attributes), length]);
  out.end(request.method === 'HEAD' ? undefined : result.body);
}
