/** What the authorizer is told about a visit. */

import { DEFAULT_ROUTE_KEY } from '../../../contract/identity-source';
import type { LeaseRequest } from '../../../contract/quota';
import { eventToken, eventV1, eventV2, routeArn } from '../decision/event';
import { headerOf } from '../request/request-headers';
import type { Visit } from './visit';

type Asked = Pick<
  Visit,
  'ports' | 'headers' | 'method' | 'given' | 'values' | 'credential' | 'route' | 'protocol' | 'client' | 'requestId'
>;

const MAKE = { '1.0': eventV1, '2.0': eventV2, TOKEN: eventToken } as const;

/** The event, of the format that the authorizer expects. */
export function authorizerEvent(visit: Asked, lease?: LeaseRequest): string {
  const { options } = visit.ports.settings;
  const { headers, method, given } = visit;
  const facts = {
    identity: visit.values ?? [visit.credential],
    routeArn: arnOf(visit),
    account: visit.ports.authorizer().account,
    method,
    routeKey: options.authorizer.routeKey ?? DEFAULT_ROUTE_KEY,
    stageVariables: options.authorizer.stageVariables,
    path: visit.route.path ?? '',
    protocol: visit.protocol,
    host: headerOf(headers, 'host') ?? '',
    sourceIp: visit.client.address,
    requestId: visit.requestId,
    now: visit.ports.now(),
    ...(lease && { lease }),
    ...(options.authorizer.forwardRequest ? { request: { headers, query: given } } : {}),
  };
  return JSON.stringify(MAKE[options.authorizer.payloadFormat](facts));
}

export function arnOf(visit: Pick<Visit, 'ports' | 'method' | 'route'>): string {
  const { partition, region, account } = visit.ports.authorizer();
  return routeArn(partition, region, account, visit.method, visit.route.path ?? '');
}
