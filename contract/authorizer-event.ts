/**
 * The events that an authorizer Lambda gets, as API Gateway defines them: HTTP API payload format 2.0 and 1.0 (which is
 * a REST API's REQUEST event), and a REST API's TOKEN event.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
 */

import type { GateField } from './quota';

export interface AuthorizerEventV2 {
  readonly version: '2.0';
  readonly type: 'REQUEST';
  readonly routeArn: string;
  readonly identitySource: readonly string[] | null;
  readonly routeKey: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[];
  /** Lower-case names; repeated headers joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly stageVariables?: Readonly<Record<string, string>>;
  readonly requestContext: {
    readonly accountId: string;
    readonly apiId: string;
    readonly domainName: string;
    readonly domainPrefix: string;
    readonly http: {
      readonly method: string;
      readonly path: string;
      readonly protocol: string;
      readonly sourceIp: string;
      readonly userAgent: string;
    };
    readonly requestId: string;
    readonly routeKey: string;
    readonly stage: string;
    readonly time: string;
    readonly timeEpoch: number;
  };
  /** Added by a gate for Voicegate's own authorizer; others ignore it. Never a header: a client could send that. */
  readonly voicegate?: GateField;
}

/** Who calls, as far as a REST API can tell: null where it has nothing to do with the request. */
interface IdentityV1 {
  readonly sourceIp: string;
  readonly userAgent?: string | null;
  readonly accessKey?: null;
  readonly accountId?: null;
  readonly apiKey?: null;
  readonly apiKeyId?: null;
  readonly caller?: null;
  readonly clientCert?: null;
  readonly cognitoAuthenticationProvider?: null;
  readonly cognitoAuthenticationType?: null;
  readonly cognitoIdentityId?: null;
  readonly cognitoIdentityPoolId?: null;
  readonly principalOrgId?: null;
  readonly user?: null;
  readonly userArn?: null;
}

export interface AuthorizerEventV1 {
  /** Absent in a REST API's event. */
  readonly version?: '1.0';
  readonly type: 'REQUEST';
  readonly methodArn: string;
  readonly identitySource?: string | null;
  readonly authorizationToken?: string | null;
  readonly resource: string;
  readonly path: string;
  readonly httpMethod: string;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>> | null;
  readonly queryStringParameters: Readonly<Record<string, string>> | null;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>> | null;
  readonly pathParameters?: Readonly<Record<string, string>> | null;
  readonly stageVariables?: Readonly<Record<string, string>> | null;
  readonly requestContext: {
    readonly path?: string;
    readonly accountId?: string;
    readonly resourceId?: string;
    readonly stage?: string;
    readonly requestId?: string;
    readonly extendedRequestId?: string;
    /** As Common Log Format writes it. */
    readonly requestTime?: string;
    /** Milliseconds since the epoch. */
    readonly requestTimeEpoch?: number;
    readonly protocol?: string;
    readonly domainName?: string;
    readonly domainPrefix?: string;
    readonly identity: IdentityV1;
    readonly resourcePath?: string;
    readonly httpMethod?: string;
    readonly apiId?: string;
  };
  /** As in {@link AuthorizerEventV2}. */
  readonly voicegate?: GateField;
}

export interface AuthorizerEventToken {
  readonly type: 'TOKEN';
  readonly methodArn: string;
  readonly authorizationToken: string;
}

export type AuthorizerEvent = AuthorizerEventV2 | AuthorizerEventV1 | AuthorizerEventToken;

export type ContextValue = string | number | boolean | null;

/** The answer of payload format 2.0 with simple responses. */
export interface SimpleAnswer {
  readonly isAuthorized: boolean;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** The answer of format 1.0 (and of 2.0 without simple responses). */
export interface PolicyAnswer {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: string;
    readonly Statement: readonly {
      readonly Effect: 'Allow' | 'Deny';
      readonly Action: string | readonly string[];
      readonly Resource: string | readonly string[];
      /** Present in foreign policies only; a statement with conditions never allows. */
      readonly Condition?: unknown;
    }[];
  };
  readonly context?: Readonly<Record<string, ContextValue>>;
}

/** A function error with exactly this message is a 401, as in API Gateway. */
export const UNAUTHORIZED = 'Unauthorized';
