import type { Attributes, EdgeModel, Listener, LoadBalancer, TargetGroup } from './model.js';
import { responseHeaderOf } from './response-headers.js';
import { tlsVersions } from './ssl-policy.js';

/** Deployed things that the edge reads but cannot do, or does otherwise, each in one sentence. Web ACLs apart. */
export function notEmulatedBy(
  { loadBalancers, targetGroups }: EdgeModel,
  isShown: (certificateArn: string) => boolean,
): readonly string[] {
  return [
    ...loadBalancers.flatMap((loadBalancer, index) => [
      ...(index === 0 ? [] : [shared(loadBalancer)]),
      ...ofLoadBalancer(loadBalancer),
      ...loadBalancer.listeners.flatMap((listener) => ofListener(loadBalancer, listener, isShown)),
    ]),
    ...[...targetGroups.values()].flatMap(ofTargetGroup),
  ];
}

function shared({ name, dnsName }: LoadBalancer): string {
  return `Load balancer ${name} shares the ports with the first one: it gets the requests whose Host is ${dnsName}.`;
}

function ofLoadBalancer({ name, attributes }: LoadBalancer): readonly string[] {
  const said: string[] = [];
  const on = (key: string, what: string) => {
    if (attributes.get(key) === 'true') said.push(`Load balancer ${name}: ${what}.`);
  };
  on('access_logs.s3.enabled', 'access logs are not written');
  on('connection_logs.s3.enabled', 'connection logs are not written');
  on('health_check_logs.s3.enabled', 'health check logs are not written');
  const desync = attributes.get('routing.http.desync_mitigation_mode') ?? 'defensive';
  if (desync !== 'strictest') {
    said.push(
      `Load balancer ${name}: desync mitigation is ${desync}, but the edge's parser refuses every ambiguous request.`,
    );
  }
  return said;
}

function ofListener(
  loadBalancer: LoadBalancer,
  listener: Listener,
  isShown: (certificateArn: string) => boolean,
): readonly string[] {
  const name = `Listener ${loadBalancer.name}:${listener.port}`;
  const expected = listener.port === 443 ? 'HTTPS' : listener.port === 80 ? 'HTTP' : undefined;
  if (expected === undefined) return [`${name} is not served: the edge serves ports 80 and 443.`];
  if (listener.protocol !== expected) return [`${name} is not served: the edge serves ${expected} on this port.`];
  const said: string[] = [];
  if (expected === 'HTTPS') said.push(...ofTls(name, listener, isShown));
  for (const rule of listener.rules) {
    for (const action of rule.actions) {
      if (action.type === 'other') {
        said.push(`${name}, rule ${rule.priority}: action ${action.name} is not done; its requests are answered 503.`);
      }
      if (action.type === 'forward' && action.sticky) {
        said.push(`${name}, rule ${rule.priority}: stickiness between target groups is not kept.`);
      }
    }
    if (rule.transformed) {
      said.push(`${name}, rule ${rule.priority}: rewrites are not done; its requests are answered 503.`);
    }
  }
  for (const key of listener.attributes.keys()) {
    if (key.endsWith('.header_value') && responseHeaderOf(key) === undefined) {
      said.push(`${name}: attribute ${key} is not applied.`);
    }
  }
  return said;
}

function ofTls(
  name: string,
  { certificates, sslPolicy }: Listener,
  isShown: (certificateArn: string) => boolean,
): readonly string[] {
  const said = certificates.map(({ arn, status }) => {
    if (isShown(arn)) {
      return `${name}: clients that call a name of its certificate ${arn} see it; on localhost they see one of the local CA.`;
    }
    return status === undefined
      ? `${name} names the certificate ${arn}, which ACM does not hold; clients see one of the local CA.`
      : `${name}: ACM holds its certificate ${arn} (${status}); clients see one of the local CA in its place.`;
  });
  if (certificates.length === 0) said.push(`${name} has no certificate; clients see one of the local CA.`);
  const { notEmulated } = tlsVersions(sslPolicy);
  return notEmulated === undefined ? said : [...said, notEmulated];
}

function ofTargetGroup({ name, targetType, protocol, protocolVersion, attributes }: TargetGroup): readonly string[] {
  const said: string[] = [];
  const say = (what: string) => said.push(`Target group ${name}: ${what}.`);
  if (targetType === 'lambda') return [];
  if (targetType !== 'ip') say(`targets of type ${targetType} are not served; its requests are answered 503`);
  if (protocol !== 'HTTP' && protocol !== 'HTTPS') say(`protocol ${protocol} is served as HTTP`);
  if (protocolVersion !== 'HTTP1') say(`protocol version ${protocolVersion} is served as HTTP/1.1`);
  if (isOn(attributes, 'stickiness.enabled')) say('stickiness is not kept');
  if (Number(attributes.get('slow_start.duration_seconds') ?? 0) > 0) say('slow start is not done');
  if (attributes.get('load_balancing.algorithm.type') === 'weighted_random') say('weighted random is served in turns');
  return said;
}

function isOn(attributes: Attributes, key: string): boolean {
  return attributes.get(key) === 'true';
}
