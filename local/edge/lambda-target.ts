import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { Header } from './request-headers.js';

/** Bytes of a request's or an answer's JSON at most, as at AWS. */
export const LAMBDA_BYTES = 1024 * 1024;

export interface LambdaRequest {
  readonly targetGroupArn: string;
  readonly multiValue: boolean;
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly headers: readonly Header[];
  readonly body: Buffer;
}

export interface LambdaAnswer {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Buffer;
}

/** The event that a load balancer gives a function. Query strings are not decoded; text bodies are not encoded. */
export function eventOf(request: LambdaRequest): object {
  const [path = '/', query = ''] = splitAt(request.target, '?');
  const parameters = query === '' ? [] : query.split('&').map((pair) => splitAt(pair, '='));
  const headers = request.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? '';
  const text =
    /^(text\/|application\/(json|javascript|xml)\b)/.test(type) &&
    !headers.some(([name]) => name === 'content-encoding');
  const encoded = request.body.length > 0 && !text;
  return {
    requestContext: { elb: { targetGroupArn: request.targetGroupArn } },
    httpMethod: request.method,
    path,
    ...(request.multiValue
      ? { multiValueQueryStringParameters: grouped(parameters), multiValueHeaders: grouped(headers) }
      : { queryStringParameters: Object.fromEntries(parameters), headers: Object.fromEntries(headers) }),
    body: request.body.toString(encoded ? 'base64' : 'utf8'),
    isBase64Encoded: encoded,
  };
}

/** The answer in a function's result; undefined when it is none, which a load balancer answers with 502. */
export function answerOf(payload: Uint8Array, multiValue: boolean): LambdaAnswer | undefined {
  let result: Record<string, unknown>;
  try {
    result = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined;
  }
  const status = Number(result?.statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined;
  const given = (multiValue ? result.multiValueHeaders : result.headers) ?? {};
  const headers = Object.entries(given as object).flatMap(([name, value]) =>
    [value].flat().map((one): Header => [name, String(one)]),
  );
  const body = Buffer.from(String(result.body ?? ''), result.isBase64Encoded === true ? 'base64' : 'utf8');
  return { status, headers: headers.filter(([name]) => name.toLowerCase() !== 'content-length'), body };
}

export async function callFunction(client: LambdaClient, functionArn: string, request: LambdaRequest) {
  const answer = await client.send(
    new InvokeCommand({ FunctionName: functionArn, Payload: Buffer.from(JSON.stringify(eventOf(request))) }),
  );
  const payload = answer.Payload ?? new Uint8Array();
  if (answer.FunctionError !== undefined || payload.length > LAMBDA_BYTES) return undefined;
  return answerOf(payload, request.multiValue);
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function grouped(pairs: readonly (readonly [string, string])[]): Record<string, string[]> {
  const all = new Map<string, string[]>();
  for (const [name, value] of pairs) all.set(name, [...(all.get(name) ?? []), value]);
  return Object.fromEntries(all);
}
