import { Duration, Token } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import {
  IDENTITY_SOURCES,
  parseIdentitySource,
  ROUTE_KEY,
  STAGE_VARIABLE_NAME,
  STAGE_VARIABLE_VALUE,
} from '../../contract/identity-source';
import { checkSeconds } from '../shared/checks';
import { checkKinds, shown } from '../shared/kinds';

/** The event that the authorizer's function gets: API Gateway's payload formats. */
export enum PayloadFormat {
  /** HTTP API format 1.0, which is also a REST API's REQUEST event. */
  V1 = '1.0',
  /** HTTP API format 2.0. */
  V2 = '2.0',
  /** A REST API's TOKEN event: the value of one header and the ARN of the method, nothing else. */
  TOKEN = 'TOKEN',
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
   * `routeKey` of the events.
   * @default "$default"
   */
  readonly routeKey?: string;
  /**
   * Stage variables of the events.
   * @default - none
   */
  readonly stageVariables?: { readonly [name: string]: string };
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
   * decisions are cached by these values, by method and path: name everything else that the decision depends on. An
   * empty list asks for every request, and needs a `ttl` of 0. Headers and query parameters that are named here do not
   * reach the app, except on public paths; all others do.
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
   * The route for which the function was written, as its event names it: `$default`, or method and path such as
   * `GET /orders/{id}`. Without an API there are no routes: the gate asks about every path in the name of this one.
   * @default "$default"
   */
  readonly routeKey?: string;
  /**
   * Stage variables that the function reads from its event. Nothing secret: whoever may describe task definitions reads
   * them. Known at synthesis.
   * @default - none
   */
  readonly stageVariables?: { readonly [name: string]: string };
  /**
   * How long one invocation may take, from 1 to 29 seconds.
   * @default Duration.seconds(10)
   */
  readonly timeout?: Duration;
}

/** Authorizers for a gate. */
export class RequestAuthorizer {
  /** Any Lambda function written as an API Gateway authorizer (HTTP API 1.0 or 2.0, REST REQUEST or TOKEN), unchanged. */
  public static fromFunction(handler: lambda.IFunction, options: FunctionAuthorizerOptions = {}): IRequestAuthorizer {
    checkKinds(
      'RequestAuthorizer.fromFunction',
      { ...options, handler },
      {
        handler: 'function',
        identitySource: 'texts',
        payloadFormat: 'text',
        ttl: 'duration',
        timeout: 'duration',
        routeKey: 'text',
        stageVariables: 'textMap',
      },
      ['handler'],
    );
    const identitySource = options.identitySource ?? ['$request.header.Authorization'];
    const payloadFormat = options.payloadFormat ?? PayloadFormat.V2;
    const formats: readonly string[] = Object.values(PayloadFormat);
    if (!formats.includes(payloadFormat)) {
      throw new Error(
        `RequestAuthorizer.fromFunction: payloadFormat must be one of ${formats.join(', ')}, got "${payloadFormat}"`,
      );
    }
    const ttl = options.ttl ?? Duration.minutes(5);
    const timeout = options.timeout ?? Duration.seconds(10);
    checkSeconds('RequestAuthorizer.fromFunction: ttl', ttl, 0, 3600);
    checkSeconds('RequestAuthorizer.fromFunction: timeout', timeout, 1, 29);
    checkIdentitySource(identitySource, payloadFormat, ttl.toSeconds());
    checkEvent(options);
    return {
      bindGate: () => ({
        handler,
        payloadFormat,
        identitySource,
        routeKey: options.routeKey,
        stageVariables: options.stageVariables,
        forwardRequest: true,
        positiveTtl: ttl,
        negativeTtl: ttl,
        timeout,
      }),
    };
  }

  private constructor() {}
}

function checkIdentitySource(sources: readonly string[], format: PayloadFormat, ttl: number): void {
  if (sources.length === 0 && ttl > 0) {
    throw new Error(
      `RequestAuthorizer.fromFunction: identitySource is empty, but ttl is ${ttl} s: one decision would serve everybody. ` +
        'Name what identifies a caller, or set ttl to Duration.seconds(0), which asks for every request',
    );
  }
  for (const source of sources) {
    if (parseIdentitySource(source) !== undefined) continue;
    throw new Error(
      `RequestAuthorizer.fromFunction: identitySource "${source}" is not allowed; use one of ${IDENTITY_SOURCES}` +
        (source.includes('_') ? ' (a header with an underscore never arrives)' : ''),
    );
  }
  if (format !== PayloadFormat.TOKEN) return;
  const [only, ...others] = sources.map(parseIdentitySource);
  if (only?.kind !== 'header' || others.length > 0) {
    throw new Error(
      `RequestAuthorizer.fromFunction: payloadFormat TOKEN needs exactly one header as identitySource, such as ["$request.header.Authorization"], got ${JSON.stringify(sources)}`,
    );
  }
}

function checkEvent({ routeKey, stageVariables = {} }: FunctionAuthorizerOptions): void {
  if (routeKey !== undefined && !ROUTE_KEY.test(routeKey)) {
    throw new Error(
      `RequestAuthorizer.fromFunction: routeKey must be "$default", or method and path such as "GET /orders/{id}", got "${routeKey}"`,
    );
  }
  for (const [name, value] of Object.entries(stageVariables)) {
    if (!STAGE_VARIABLE_NAME.test(name)) {
      throw new Error(
        `RequestAuthorizer.fromFunction: stageVariables: "${name}" is not allowed; a name has 1 to 64 letters, digits and "_"`,
      );
    }
    if (Token.isUnresolved(value) || !STAGE_VARIABLE_VALUE.test(value)) {
      throw new Error(
        `RequestAuthorizer.fromFunction: stageVariables: ${name} must be known at synthesis and have 1 to 512 of the characters A-Z a-z 0-9 - . _ ~ : / ? # & = , but is ${shown(value)}`,
      );
    }
  }
}
