/** Builds the authorizer's event as API Gateway builds it. */

import type { AuthorizerEventToken, AuthorizerEventV1, AuthorizerEventV2 } from '../../../contract/authorizer-event';
import { DEFAULT_ROUTE_KEY } from '../../../contract/identity-source';
import { GATE_API_ID as API_ID } from '../../../contract/names';
import type { LeaseRequest } from '../../../contract/quota';
import { queryPairs } from '../request/query';

export interface EventFacts {
  readonly identity: readonly string[];
  readonly routeArn: string;
  readonly account: string;
  readonly method: string;
  readonly routeKey: string;
  readonly stageVariables?: Readonly<Record<string, string>>;
  readonly path: string;
  readonly protocol: string;
  readonly host: string;
  readonly sourceIp: string;
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly lease?: LeaseRequest;
  /** Absent when the request itself is not forwarded. */
  readonly request?: {
    readonly headers: readonly (readonly [string, string])[];
    readonly query: string | undefined;
  };
}

const STAGE = '$default';

export function routeArn(partition: string, region: string, account: string, method: string, path: string): string {
  return `arn:${partition}:execute-api:${region}:${account}:${API_ID}/${STAGE}/${method}${path}`;
}

export function eventV2(facts: EventFacts): AuthorizerEventV2 {
  const { request, lease, account, method, path, host, now } = facts;
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  if (request !== undefined) readHeaders(request.headers, headers, cookies);
  const event: { -readonly [Name in keyof AuthorizerEventV2]: AuthorizerEventV2[Name] } = {
    version: '2.0',
    type: 'REQUEST',
    routeArn: facts.routeArn,
    identitySource: facts.identity,
    routeKey: facts.routeKey,
    rawPath: path,
    rawQueryString: request?.query ?? '',
    headers,
    requestContext: {
      accountId: account,
      apiId: API_ID,
      ...domainOf(host),
      http: {
        method,
        path,
        protocol: facts.protocol,
        sourceIp: facts.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: facts.requestId,
      routeKey: facts.routeKey,
      stage: STAGE,
      time: clfTime(now),
      timeEpoch: now,
    },
  };
  if (cookies.length > 0) event.cookies = cookies;
  if (request?.query) {
    const groups = [...grouped(queryPairs(request.query))];
    if (groups.length > 0) {
      event.queryStringParameters = Object.fromEntries(groups.map(([name, values]) => [name, values.join(',')]));
    }
  }
  if (facts.stageVariables !== undefined) event.stageVariables = facts.stageVariables;
  if (lease !== undefined) event.voicegate = { lease };
  return event;
}

export function eventV1(facts: EventFacts): AuthorizerEventV1 {
  const given = facts.request?.headers ?? [];
  const parameters = grouped(queryPairs(facts.request?.query));
  const identity = facts.identity.join(',');
  const userAgent = given.find(([name]) => name.toLowerCase() === 'user-agent')?.[1] ?? '';
  const resource = facts.routeKey === DEFAULT_ROUTE_KEY ? facts.path : facts.routeKey.replace(/^[A-Z]+ /, '');
  return {
    version: '1.0',
    type: 'REQUEST',
    methodArn: facts.routeArn,
    identitySource: identity,
    authorizationToken: identity,
    resource,
    path: facts.path,
    httpMethod: facts.method,
    headers: Object.fromEntries(given),
    multiValueHeaders: Object.fromEntries(grouped(given)),
    queryStringParameters: Object.fromEntries([...parameters].map(([name, values]) => [name, values.at(-1) ?? ''])),
    multiValueQueryStringParameters: Object.fromEntries(parameters),
    pathParameters: {},
    stageVariables: facts.stageVariables ?? {},
    requestContext: {
      path: facts.path,
      accountId: facts.account,
      resourceId: facts.routeKey,
      stage: STAGE,
      requestId: facts.requestId,
      extendedRequestId: facts.requestId,
      requestTime: clfTime(facts.now),
      requestTimeEpoch: facts.now,
      protocol: facts.protocol,
      ...domainOf(facts.host),
      identity: { ...UNKNOWN_IDENTITY, sourceIp: facts.sourceIp, userAgent },
      resourcePath: resource,
      httpMethod: facts.method,
      apiId: API_ID,
    },
    ...(facts.lease === undefined ? {} : { voicegate: { lease: facts.lease } }),
  };
}

/** What a REST API's TOKEN authorizer gets: a token, and what it is wanted for. */
export function eventToken(facts: EventFacts): AuthorizerEventToken {
  return { type: 'TOKEN', methodArn: facts.routeArn, authorizationToken: facts.identity.join(',') };
}

/** What API Gateway tells of callers that sign with IAM, use Cognito or a client certificate. */
const UNKNOWN_IDENTITY = {
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  user: null,
  userArn: null,
} as const;

function domainOf(host: string): { domainName: string; domainPrefix: string } {
  const domainName = host.replace(/:\d*$/, '');
  return { domainName, domainPrefix: domainName.split('.')[0] ?? '' };
}

/** Joins what comes more than once, but cookies, which stand apart. */
function readHeaders(
  given: readonly (readonly [string, string])[],
  headers: Record<string, string>,
  cookies: string[],
): void {
  for (const [name, value] of given) {
    const lower = name.toLowerCase();
    if (lower === 'cookie') cookies.push(...value.split(';').map((cookie) => cookie.trim()));
    else headers[lower] = headers[lower] === undefined ? value : `${headers[lower]},${value}`;
  }
}

function grouped(pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [value]);
    else group.push(value);
  }
  return groups;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The time as Common Log Format writes it, in UTC. */
function clfTime(now: number): string {
  const iso = new Date(now).toISOString();
  const month = MONTHS[Number(iso.slice(5, 7)) - 1];
  return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
