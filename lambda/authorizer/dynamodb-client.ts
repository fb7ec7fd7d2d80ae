/**
 * DynamoDB's JSON API without the AWS SDK, whose client does far more than two operations need, and without fetch: both
 * cost a cold start more CPU than all the rest (bench/authorizer-cold-import.mjs).
 */

import { createHash, createHmac } from 'node:crypto';
import { type Hashing, signRequest } from '../../contract/sigv4';
import type { Environment } from './config';
import { postText } from './post-text';

/** Milliseconds for one attempt, connecting included, and for all attempts together. */
export interface Timeouts {
  readonly attempt: number;
  readonly total: number;
}

const DEFAULT_TIMEOUTS: Timeouts = { attempt: 950, total: 2000 };
const ATTEMPTS = 2;
/** Milliseconds before the second attempt, at most; random, so that throttled callers spread. */
const MAX_PAUSE = 50;

/** What the service (or the way to it) called the error; never a value of the request. */
export class DynamoDbError extends Error {
  override readonly name = 'DynamoDbError';

  constructor(
    /** `ConditionalCheckFailedException`, `ThrottlingException`, …, or `Timeout`, `NetworkError`, `BadAnswer`. */
    readonly code: string,
    operation: string,
  ) {
    super(`DynamoDB ${operation}: ${code}`);
  }
}

export type DynamoDbCall = (
  operation: string,
  input: Readonly<Record<string, unknown>>,
) => Promise<Readonly<Record<string, unknown>>>;

/** Region, endpoint and credentials are read from the environment on every call: Lambda's credentials rotate. */
export function dynamoDbClient(env: Environment, timeouts: Timeouts = DEFAULT_TIMEOUTS): DynamoDbCall {
  return async (operation, input) => {
    const body = JSON.stringify(input);
    const deadline = AbortSignal.timeout(timeouts.total);
    for (let attempt = 1; ; attempt++) {
      const answer = await send(
        operation,
        body,
        env,
        AbortSignal.any([deadline, AbortSignal.timeout(timeouts.attempt)]),
      );
      if ('result' in answer) return answer.result;
      if (!answer.retryable || attempt === ATTEMPTS || deadline.aborted)
        throw new DynamoDbError(answer.code, operation);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_PAUSE));
    }
  };
}

const HASHING: Hashing = {
  sha256Hex: (text) => createHash('sha256').update(text).digest('hex'),
  hmacSha256: (key, text) => createHmac('sha256', key).update(text).digest(),
  hmacSha256Hex: (key, text) => createHmac('sha256', key).update(text).digest('hex'),
};

type Answer =
  | { readonly result: Readonly<Record<string, unknown>> }
  | { readonly code: string; readonly retryable: boolean };

async function send(operation: string, body: string, env: Environment, signal: AbortSignal): Promise<Answer> {
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (!region) return { code: 'NoRegion (set AWS_REGION)', retryable: false };
  if (!env.AWS_ACCESS_KEY_ID || !env.AWS_SECRET_ACCESS_KEY) return { code: 'NoCredentials', retryable: false };
  try {
    const url = new URL(dynamoDbEndpoint(env, region));
    const headers = signRequest(
      {
        method: 'POST',
        host: url.host,
        path: url.pathname,
        query: '',
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` },
        body,
      },
      {
        accessKeyId: env.AWS_ACCESS_KEY_ID,
        secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
        ...(env.AWS_SESSION_TOKEN && { sessionToken: env.AWS_SESSION_TOKEN }),
      },
      { region, service: 'dynamodb' },
      new Date(),
      HASHING,
    );
    const { status, text } = await postText(url, headers, body, signal);
    return readAnswer(status, text);
  } catch {
    // The cause may quote the request or its address; its kind is all that a log needs.
    return { code: signal.aborted ? 'Timeout' : 'NetworkError', retryable: true };
  }
}

function readAnswer(status: number, text: string): Answer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { code: `BadAnswer (HTTP ${status})`, retryable: status >= 500 };
  }
  if (typeof value !== 'object' || value === null) return { code: `BadAnswer (HTTP ${status})`, retryable: false };
  if (status === 200) return { result: value as Readonly<Record<string, unknown>> };
  const type = '__type' in value && typeof value.__type === 'string' ? value.__type : '';
  const code = /#?([A-Za-z]{1,80})$/.exec(type)?.[1] ?? `HTTP ${status}`;
  return { code, retryable: status >= 500 || RETRYABLE.has(code) };
}

const RETRYABLE: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
]);

/** Where DynamoDB answers: as every AWS SDK finds it. */
export function dynamoDbEndpoint(env: Environment, region: string): string {
  const ignored = env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true';
  const configured = ignored ? undefined : env.AWS_ENDPOINT_URL_DYNAMODB || env.AWS_ENDPOINT_URL;
  if (configured) return configured;
  return `https://dynamodb.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
}
