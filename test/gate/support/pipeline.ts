import { type Incoming, type PassVariables, pipeline } from '../../../gate/core/pipeline/pipeline';
import { type SharedPorts, UNFILLED, type Visit } from '../../../gate/core/pipeline/visit';
import { factsOf } from '../../../gate/core/request/facts';
import type { Headers } from '../../../gate/core/request/request-headers';
import { type GateChanges, gateOptions } from './bundle';
import { MemoryCounter, MemoryDict } from './fake-dict';

/** The gate's pipeline without nginx: empty zones, and an authorizer that nobody must ask. */
export function pipelineWith(changes: GateChanges = {}) {
  const clock = { now: Date.now() };
  const options = gateOptions(changes);
  const counter = () => new MemoryCounter(clock);
  const shared: SharedPorts = {
    settings: { options, upstream: '127.0.0.1:1' },
    facts: factsOf(options),
    allow: new MemoryDict<string>(clock),
    deny: new MemoryDict<string>(clock),
    flights: counter(),
    limits: counter(),
    abuse: counter(),
    allowances: counter(),
    places: counter(),
    digest: (text) => `digest of ${text}`,
    now: () => clock.now,
  };
  const ports = {
    ...shared,
    leases: new MemoryDict<string>(clock),
    invoke: () => Promise.reject(new Error('must not ask')),
    count: () => undefined,
    warn: () => undefined,
    tell: () => undefined,
    hold: () => undefined,
    release: () => undefined,
    rawHeader: () => undefined,
  };
  const make = (r: Incoming, method: string, target: string, headers: Headers, at: number) =>
    ({
      ...UNFILLED,
      at,
      method,
      target,
      headers,
      ports,
      peer: r.remoteAddress,
      protocol: 'HTTP/1.1',
    }) as never as Visit;
  const { admit, walk } = pipeline(shared, make, 'app:1');
  return {
    /** The visit of a request that does not pass at once. */
    read(headers: Headers, target = '/voices', method = 'GET'): Visit {
      const variables: PassVariables = { request_uri: target };
      const visit = admit({ method, rawHeadersIn: headers, remoteAddress: '198.51.100.1' }, variables);
      if (visit === undefined) throw new Error('it passed at once');
      return visit;
    },
    walk,
  };
}
