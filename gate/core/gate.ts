/** The way of one request through the gate, from its first byte to pass or refusal. */

import { type Grant, refusal } from '../../contract/decision';
import type { Amounts, LeaseRequest } from '../../contract/quota';
import { type Outcome, type RefusalReason, refuse, type Trace } from './answer/outcome';
import { claimedKeyId, isWellFormed } from './credential/credential';
import { type Identified, identify } from './credential/identify';
import { consumedHeaders } from './credential/identity-source';
import { askAuthorizer, cachedVerdict, type Held, type Identity, type Verdict } from './decision/authorize';
import { eventV1, eventV2, routeArn } from './decision/event';
import type { Authorizer } from './decision/lambda-endpoint';
import { policyAllows } from './decision/policy';
import { banLeft, noteFailure } from './limits/abuse';
import { counted, takeLimits } from './limits/limits';
import { placeLife, QUEUE_WAIT, takeNextPlace, waitForPlace } from './limits/queue';
import { takePlace } from './limits/window';
import { type Paid, refund } from './quota/lease';
import {
  costOf,
  lapsedGrant,
  type MeteredPorts,
  mayCountBody,
  noteCharacters,
  payFor,
  withLease,
} from './quota/metered';
import { rateLimitFields } from './quota/rate-limit-fields';
import { clientText, type Facts } from './request/facts';
import { loggable } from './request/loggable';
import { clientHeaders, headerOf, readHeaders } from './request/request-headers';
import { isKnownMethod, isPublic, requiredScopes } from './request/routes';
import { parseTarget } from './request/target';
import type { GateRequest, Visit } from './request/visit';
import type { CountingDict } from './shared/dict';

export interface GatePorts extends MeteredPorts {
  readonly facts: Facts;
  /** Places of requests in flight to the app. */
  readonly places: CountingDict;
  authorizer(): Authorizer;
  /** A fixed-length text that tells two inputs apart and does not tell the input. */
  digest(text: string): string;
}

/** Who asks, under what the cache knows it. */
interface Asking {
  readonly identified: Identified;
  readonly cacheKey: string;
  /** What the request costs, where that is known already. */
  readonly cost?: Amounts;
}

const PROVEN: readonly RefusalReason[] = ['revoked', 'disabled', 'expired', 'not-yet-valid'];

/** Decides; synchronous whenever the cache knows the answer and the app has a free place. */
export function passThrough(
  request: GateRequest,
  ports: GatePorts,
  held: Held,
  trace: Trace,
): Outcome | Promise<Outcome> {
  const { options } = ports.settings;
  const target = parseTarget(request.target, options.relaxedPaths);
  const { identitySource } = options.authorizer;
  const consumed = identitySource === 'credential' ? undefined : consumedHeaders(identitySource);
  const headers = readHeaders(request.headers, consumed);
  const client = ports.facts.clients.get(clientText(request.peer, headers.forwardedFor, headers.forwardedProto));
  trace.client = client.address;
  // HTTP/0.9 has no headers, no status and no client of today.
  if (target === undefined || request.protocol === '') return refuse(400, 'target');
  trace.path = loggable(target.rawPath);
  if (!isKnownMethod(request.method)) return refuse(405, 'method-unknown');
  const visit: Visit = { request, target, headers, client, network: client.network };

  const identified = identify(visit, options);
  if (isPublic(options, request.method, target.path)) {
    return takeLimits(visit.network, target.path, undefined, ports) ?? seat(visit, identified.query, '', ports, held);
  }
  if (identified.kind === 'refuse') {
    if (identified.reason === 'malformed') noteFailure(ports, visit.network, undefined);
    return counted(visit, refuse(identified.status, identified.reason), ports);
  }
  const cacheKey = ports.digest(identified.cacheText);
  const asking: Asking = { identified, cacheKey };
  const cached = cachedVerdict(ports, cacheKey);
  if (cached?.kind !== 'allow') {
    const seconds = banLeft(ports, visit.network, cacheKey);
    if (seconds > 0) return refuse(429, 'banned', seconds);
  }
  if (cached !== undefined) return apply(visit, asking, cached, ports, held, trace);
  const { scheme } = identified;
  if (scheme !== undefined && !isWellFormed(identified.cacheText, scheme, options.keyPrefix)) {
    noteFailure(ports, visit.network, undefined);
    return counted(visit, refuse(401, 'malformed'), ports);
  }
  const lapsed = lapsedGrant(visit, cacheKey, ports);
  if (lapsed !== undefined) return askForBoth(visit, asking, lapsed, ports, held, trace);
  return ask(visit, asking, ports, held, trace);
}

async function ask(visit: Visit, asking: Asking, ports: GatePorts, held: Held, trace: Trace): Promise<Outcome> {
  if (mayCountBody(visit, ports)) await ports.readBody();
  return apply(visit, asking, await askAuthorizer(ports, identityOf(visit, asking, ports), held), ports, held, trace);
}

/** What is needed to ask the authorizer; not made for those whom the cache knows. */
function identityOf(visit: Visit, { identified, cacheKey }: Asking, ports: GatePorts): Identity {
  return {
    cacheKey,
    network: visit.network,
    event: (lease) => JSON.stringify(authorizerEvent(visit, identified, ports, lease)),
  };
}

/** Asks for decision and lease by one invocation. */
async function askForBoth(
  visit: Visit,
  asking: Asking,
  { quota = {}, keyId = '' }: Grant,
  ports: GatePorts,
  held: Held,
  trace: Trace,
): Promise<Outcome> {
  if (mayCountBody(visit, ports)) await ports.readBody();
  const cost = await costOf(visit, asking.identified.query, quota, ports);
  if ('kind' in cost) return counted(visit, cost, ports);
  const verdict = await askAuthorizer(ports, withLease(identityOf(visit, asking, ports), keyId, cost, ports), held);
  return apply(visit, { ...asking, cost }, verdict, ports, held, trace);
}

function apply(
  visit: Visit,
  asking: Asking,
  verdict: Verdict,
  ports: GatePorts,
  held: Held,
  trace: Trace,
): Outcome | Promise<Outcome> {
  if (verdict.kind === 'busy') {
    if (verdict.reason === 'misses') noteFailure(ports, visit.network, claimed(asking, ports));
    return refuse(429, verdict.reason, verdict.retryAfter);
  }
  if (verdict.kind === 'failure') {
    trace.cache = 'none';
    return refuse(503, 'authorizer', 5);
  }
  trace.cache = verdict.cache;
  if (verdict.kind === 'deny') {
    // Of these the authorizer has seen the secret: they are the key's own refusals.
    if (PROVEN.includes(verdict.reason)) trace.keyId = claimed(asking, ports) ?? '';
    if (verdict.status === 401 && verdict.cache === 'miss') {
      noteFailure(ports, visit.network, claimed(asking, ports));
    }
    return counted(visit, refuse(verdict.status, verdict.reason, verdict.retryAfter), ports);
  }
  const { grant, statements, lines } = verdict;
  trace.keyId = grant.keyId ?? '';
  const { path } = visit.target;
  const refused = refusal(grant, {
    method: visit.request.method,
    path,
    sourceIp: visit.client.address,
    now: ports.now() / 1000,
    requiredScopes: requiredScopes(ports.settings.options, path),
  });
  if (refused !== undefined) return counted(visit, refuse(refused.status, refused.reason), ports);
  if (statements !== undefined && !policyAllows(statements, arnOf(visit, ports))) {
    return counted(visit, refuse(403, 'refused'), ports);
  }
  const { identified } = asking;
  const { rate } = grant;
  const plan = rate === undefined ? undefined : { name: grant.keyId ?? ports.digest(identified.cacheText), rate };
  const limited = takeLimits(visit.network, path, plan, ports);
  if (limited !== undefined) return limited;
  const noting = noteCharacters(visit, identified.query, ports, trace);
  if (noting === undefined) return admit(visit, asking, grant, lines, ports, held, trace);
  return noting.then(() => admit(visit, asking, grant, lines, ports, held, trace));
}

function admit(
  visit: Visit,
  asking: Asking,
  grant: Grant,
  lines: string,
  ports: GatePorts,
  held: Held,
  trace: Trace,
): Outcome | Promise<Outcome> {
  const { identified } = asking;
  return grant.quota === undefined
    ? seat(visit, identified.query, lines, ports, held)
    : admitMetered(visit, asking, grant, lines, ports, held, trace);
}

/** Pays for the request; it gets its money back when the app has no place for it. */
async function admitMetered(
  visit: Visit,
  asking: Asking,
  grant: Grant,
  lines: string,
  ports: GatePorts,
  held: Held,
  trace: Trace,
): Promise<Outcome> {
  const { identified } = asking;
  const { keyId, quota } = grant;
  if (keyId === undefined || quota === undefined) return refuse(503, 'lease');
  const cost = asking.cost ?? (await costOf(visit, identified.query, quota, ports));
  if ('kind' in cost) return cost;
  const payment = await payFor(cost, keyId, identityOf(visit, asking, ports), ports, held);
  if (payment.kind === 'refuse') return payment;
  if (payment.kind === 'verdict') return apply(visit, asking, payment.verdict, ports, held, trace);
  const outcome = await seat(visit, identified.query, lines, ports, held, payment);
  if (outcome.kind === 'refuse') refund(ports, keyId, payment, cost);
  return outcome;
}

/** A place in flight, which may take a while. `lines`: what the app is told about the grant. */
function seat(
  visit: Visit,
  query: string | undefined,
  lines: string,
  ports: GatePorts,
  held: Held,
  payment?: Paid,
): Outcome | Promise<Outcome> {
  const { inFlight, queue } = ports.settings.options.limits;
  const life = placeLife(ports.settings.options);
  const place = takeNextPlace(ports, inFlight, life, ports.now());
  if (place !== undefined) return pass(visit, query, lines, place, payment);
  const waiting = queue === 0 ? undefined : takePlace(ports.flights, 'q', queue, ports.now(), QUEUE_WAIT + 1000);
  if (waiting === undefined) return refuse(503, 'overload', 1);
  held.hold(waiting);
  return waitForPlace(ports, inFlight, life).then((found) => {
    ports.flights.delete(waiting);
    held.release(waiting);
    return found === undefined ? refuse(503, 'overload', 1) : pass(visit, query, lines, found, payment);
  });
}

function pass(visit: Visit, query: string | undefined, lines: string, place: string, payment?: Paid): Outcome {
  const { target, request, client, headers } = visit;
  const passed: Outcome = {
    kind: 'pass',
    // Mostly the query is what it was, and then the target need not be put together again.
    target:
      query === target.query ? request.target : query === undefined ? target.rawPath : `${target.rawPath}?${query}`,
    headers: clientHeaders(client) + lines + headers.lines,
    place,
  };
  return payment === undefined ? passed : { ...passed, fields: rateLimitFields(payment.limits) };
}

/** The id that a refused key states. */
function claimed({ identified }: Asking, ports: GatePorts): string | undefined {
  return claimedKeyId(identified.cacheText, ports.settings.options.keyPrefix);
}

/** The event for a visit, of the format that the authorizer expects. */
export function authorizerEvent(
  visit: Omit<Visit, 'headers'>,
  identified: Identified,
  ports: GatePorts,
  lease?: LeaseRequest,
): object {
  const { options } = ports.settings;
  const facts = {
    identity: identified.values,
    routeArn: arnOf(visit, ports),
    account: ports.authorizer().account,
    method: visit.request.method,
    path: visit.target.path,
    protocol: visit.request.protocol,
    host: headerOf(visit.request.headers, 'host') ?? '',
    sourceIp: visit.client.address,
    requestId: visit.request.requestId,
    now: ports.now(),
    ...(lease && { lease }),
    ...(options.authorizer.forwardRequest
      ? { request: { headers: visit.request.headers, query: visit.target.query } }
      : {}),
  };
  return options.authorizer.payloadFormat === '2.0' ? eventV2(facts) : eventV1(facts);
}

function arnOf(visit: Pick<Visit, 'request' | 'target'>, ports: GatePorts): string {
  const { partition, region, account } = ports.authorizer();
  return routeArn(partition, region, account, visit.request.method, visit.target.path);
}
