import { Duration } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { checkSeconds } from '../shared/checks';
import { checkKinds } from '../shared/kinds';

/** The event that the authorizer's function gets: API Gateway's payload formats. */
export enum PayloadFormat {
  /** HTTP API format 1.0, which is also a REST API's REQUEST event. */
  V1 = '1.0',
  /** HTTP API format 2.0. */
  V2 = '2.0',
}

/** How a gate asks an authorizer. */
export interface RequestAuthorizerConfig {
  /** The function, or its alias or version, that decides. The task may invoke exactly this one. */
  readonly handler: lambda.IFunction;
  /** The event it gets. */
  readonly payloadFormat: PayloadFormat;
  /**
   * What identifies a caller, as in API Gateway: `$request.header.NAME`, `$request.querystring.NAME`, `$context.…`.
   * @default - Voicegate's own rule: one API key in `X-API-Key` or `Authorization: Bearer`
   */
  readonly identitySource?: string[];
  /**
   * Whether the event holds all headers and the query.
   * @default false
   */
  readonly forwardRequest?: boolean;
  /** How long an allow is cached when the answer states nothing itself. */
  readonly positiveTtl: Duration;
  /** How long a refusal is cached when the answer states nothing itself. */
  readonly negativeTtl: Duration;
  /** How long one invocation may take. */
  readonly timeout: Duration;
  /**
   * The prefix of the API keys, when the authorizer decides on Voicegate's keys.
   * @default "vg"
   */
  readonly keyPrefix?: string;
  /**
   * Whether allows carry scopes, so that routes can ask for some.
   * @default false
   */
  readonly grantsScopes?: boolean;
}

/** Something that decides on requests, behind a gate. */
export interface IRequestAuthorizer {
  /** How a gate asks it. */
  bindGate(): RequestAuthorizerConfig;
}

/** Options of a function that was written for API Gateway. */
export interface FunctionAuthorizerOptions {
  /**
   * What identifies a caller, as in API Gateway. A request that lacks one of them is refused without an invocation, and
   * decisions are cached by these values: name everything that the decision depends on.
   * @default - ["$request.header.Authorization"]
   */
  readonly identitySource?: string[];
  /**
   * The event that the function expects.
   * @default PayloadFormat.V2
   */
  readonly payloadFormat?: PayloadFormat;
  /**
   * How long a decision is cached, from 0 (never) to 3600 seconds.
   * @default Duration.minutes(5) as in API Gateway
   */
  readonly ttl?: Duration;
  /**
   * How long one invocation may take, from 1 to 29 seconds.
   * @default Duration.seconds(10)
   */
  readonly timeout?: Duration;
}

/** Authorizers for a gate. */
export class RequestAuthorizer {
  /** Any Lambda function written as an API Gateway authorizer (HTTP API 1.0 or 2.0, REST REQUEST), unchanged. */
  public static fromFunction(handler: lambda.IFunction, options: FunctionAuthorizerOptions = {}): IRequestAuthorizer {
    checkKinds(
      'RequestAuthorizer.fromFunction',
      { ...options, handler },
      { handler: 'function', identitySource: 'texts', payloadFormat: 'text', ttl: 'duration', timeout: 'duration' },
      ['handler'],
    );
    const identitySource = options.identitySource ?? ['$request.header.Authorization'];
    checkIdentitySource(identitySource);
    const ttl = options.ttl ?? Duration.minutes(5);
    const timeout = options.timeout ?? Duration.seconds(10);
    checkSeconds('RequestAuthorizer.fromFunction: ttl', ttl, 0, 3600);
    checkSeconds('RequestAuthorizer.fromFunction: timeout', timeout, 1, 29);
    return {
      bindGate: () => ({
        handler,
        payloadFormat: options.payloadFormat ?? PayloadFormat.V2,
        identitySource,
        forwardRequest: true,
        positiveTtl: ttl,
        negativeTtl: ttl,
        timeout,
      }),
    };
  }

  private constructor() {}
}

function checkIdentitySource(sources: readonly string[]): void {
  if (sources.length === 0) {
    throw new Error('RequestAuthorizer.fromFunction: identitySource must name at least one source, got none');
  }
  for (const source of sources) {
    if (!/^\$(request\.(header|querystring)\.[A-Za-z0-9_-]+|context\.[A-Za-z.]+)$/.test(source)) {
      throw new Error(
        `RequestAuthorizer.fromFunction: identitySource "${source}" is not allowed; ` +
          'use $request.header.NAME, $request.querystring.NAME or $context.NAME',
      );
    }
  }
}
