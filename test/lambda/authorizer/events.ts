/** Events as API Gateway documents them, and as the gate sends them. */

import type { AuthorizerEventToken, AuthorizerEventV1, AuthorizerEventV2 } from '../../../contract/authorizer-event';
import { GATE_API_ID } from '../../../contract/names';

export const API_ARN = 'arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod';

interface RequestParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly identitySource?: readonly string[] | null;
  readonly method?: string;
  readonly path?: string;
  readonly sourceIp?: string;
  readonly apiId?: string;
  readonly stage?: string;
}

export function httpApiEvent(parts: RequestParts = {}): AuthorizerEventV2 {
  const { method = 'POST', path = '/tts', sourceIp = '192.0.2.7', apiId = 'abcdef1234', stage = '$default' } = parts;
  return {
    version: '2.0',
    type: 'REQUEST',
    routeArn: `arn:aws:execute-api:us-east-1:123456789012:${apiId}/${stage}/${method}${path}`,
    identitySource: parts.identitySource ?? null,
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers: parts.headers ?? {},
    requestContext: {
      accountId: '123456789012',
      apiId,
      domainName: `${apiId}.execute-api.us-east-1.amazonaws.com`,
      domainPrefix: apiId,
      http: { method, path, protocol: 'HTTP/1.1', sourceIp, userAgent: 'test' },
      requestId: 'request-1',
      routeKey: '$default',
      stage,
      time: '12/Mar/2026:19:03:58 +0000',
      timeEpoch: 1773342238000,
    },
  };
}

export function gateEvent(parts: RequestParts = {}): AuthorizerEventV2 {
  return httpApiEvent({ ...parts, apiId: GATE_API_ID });
}

export function restApiEvent(
  parts: RequestParts & { readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>> } = {},
): AuthorizerEventV1 {
  const { method = 'POST', path = '/tts', sourceIp = '192.0.2.7' } = parts;
  return {
    type: 'REQUEST',
    methodArn: `${API_ARN}/${method}${path}`,
    resource: path,
    path,
    httpMethod: method,
    headers: parts.headers ?? {},
    multiValueHeaders: parts.multiValueHeaders ?? {},
    queryStringParameters: {},
    requestContext: { path, stage: 'prod', requestId: 'request-1', identity: { sourceIp }, apiId: 'abcdef1234' },
  };
}

export function tokenEvent(authorizationToken: string, methodArn = `${API_ARN}/POST/tts`): AuthorizerEventToken {
  return { type: 'TOKEN', methodArn, authorizationToken };
}
