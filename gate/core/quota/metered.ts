/** Requests of keys with a quota: what one costs, and the lease that it is paid from. */

import { type Grant, refusal } from '../../../contract/decision';
import type { GateOptions } from '../../../contract/gate-options';
import { textField } from '../../../contract/names';
import type { Amounts, LeaseRequest, Quota } from '../../../contract/quota';
import type { Refusal, Trace } from '../answer/outcome';
import { type AuthorizePorts, type Held, type Identity, renewLease, SLACK, type Verdict } from '../decision/authorize';
import { getAllow } from '../decision/decision-cache';
import { isSynthesis, requiredScopes } from '../request/routes';
import type { GateRequest, Visit } from '../request/visit';
import { LARGEST_LEASE } from './allowance';
import { type LeasePorts, leaseRequest, type Paid, pay, takeLease } from './lease';
import { meter } from './metering';
import { rateLimitFields } from './rate-limit-fields';

export interface MeteredPorts extends AuthorizePorts, LeasePorts {
  /**
   * The whole body of the request; empty when it has none. The first call must come before anything has been waited for;
   * further ones may come at any time.
   */
  readBody(): Promise<Uint8Array>;
}

/** Whether the body must be read before anybody is asked, since a quota of characters may turn out to count it. */
export function mayCountBody(visit: Visit, ports: MeteredPorts): boolean {
  const { options } = ports.settings;
  if (options.authorizer.identitySource !== 'credential') return false;
  return isSynthesis(options, visit.target.path) && visit.headers.hasBody;
}

/**
 * Notes how many characters the request asks to speak, for the log. What cannot be told is no reason to refuse here.
 * Returns a promise only where a body must be waited for.
 */
export function noteCharacters(
  visit: Visit,
  query: string | undefined,
  ports: MeteredPorts,
  trace: Trace,
): Promise<void> | undefined {
  const { options } = ports.settings;
  const { path } = visit.target;
  if (!isSynthesis(options, path)) return undefined;
  if (mayCountBody(visit, ports)) {
    return ports.readBody().then((body) => {
      trace.characters = charactersOf(visit.request, path, query, body, options);
    });
  }
  trace.characters = charactersOf(visit.request, path, query, NO_BODY, options);
  return undefined;
}

/** Characters of the text to speak, or undefined when they cannot be told. */
export function charactersOf(
  { method, headers }: Pick<GateRequest, 'method' | 'headers'>,
  path: string,
  query: string | undefined,
  body: Uint8Array,
  { maxBodyBytes }: Pick<GateOptions, 'maxBodyBytes'>,
): number | undefined {
  const metered = meter({ method, query, headers, body }, textField(path), maxBodyBytes);
  return metered.kind === 'counted' ? metered.characters : undefined;
}

export const NO_BODY = new Uint8Array();

/** What the request costs, or why that cannot be told. The body is read only where its characters count. */
export async function costOf(
  visit: Visit,
  query: string | undefined,
  quota: Quota,
  ports: MeteredPorts,
): Promise<Amounts | Refusal> {
  const { options } = ports.settings;
  const { method, headers } = visit.request;
  const { path } = visit.target;
  const countsCharacters = quota.day?.characters !== undefined || quota.month?.characters !== undefined;
  if (!countsCharacters || !isSynthesis(options, path)) return { requests: 1, characters: 0 };
  const body = visit.headers.hasBody ? await ports.readBody() : NO_BODY;
  const metered = meter({ method, query, headers, body }, textField(path), options.maxBodyBytes);
  if (metered.kind === 'refused') return unreadable(metered.status, metered.problem);
  const { characters } = metered;
  const most = LARGEST_LEASE.characters;
  return characters > most
    ? unreadable(413, `has a text of more than ${most} characters`)
    : { requests: 1, characters };
}

function unreadable(status: Refusal['status'], problem: string): Refusal {
  return { kind: 'refuse', status, reason: 'unreadable', members: { detail: `The request ${problem}.` } };
}

/** Pays, renewing the lease where needed. A verdict: the authorizer answered something else than a lease. */
export async function payFor(
  cost: Amounts,
  keyId: string,
  identity: Identity,
  ports: MeteredPorts,
  held: Held,
): Promise<Paid | Refusal | { readonly kind: 'verdict'; readonly verdict: Verdict }> {
  const patience = ports.settings.options.authorizer.timeout + SLACK;
  const payment = await pay(ports, keyId, cost, patience, held, (request) =>
    renewLease(ports, identity, held, request),
  );
  switch (payment.kind) {
    case 'paid':
      return payment;
    case 'other':
      return { kind: 'verdict', verdict: payment.other };
    case 'failed':
      ports.warn(`lease: ${payment.cause}`);
      return { kind: 'refuse', status: 503, reason: 'lease', retryAfter: 1 };
    case 'limited': {
      const { limit, retryAfter, limits } = payment;
      const members = { limit, resetsIn: retryAfter };
      return { kind: 'refuse', status: 429, reason: 'quota', retryAfter, members, fields: rateLimitFields(limits) };
    }
  }
}

/**
 * The grant of a key with a quota whose decision has just run out, if it would have covered this request: then decision
 * and lease are asked for together.
 */
export function lapsedGrant(visit: Visit, cacheKey: string, ports: MeteredPorts): Grant | undefined {
  const grant = getAllow(ports, cacheKey)?.grant;
  if (grant?.quota === undefined || grant.keyId === undefined) return undefined;
  const { method } = visit.request;
  const { path } = visit.target;
  const facts = { method, path, sourceIp: visit.client.address, now: ports.now() / 1000 };
  const scopes = requiredScopes(ports.settings.options, path);
  return refusal(grant, { ...facts, requiredScopes: scopes }) === undefined ? grant : undefined;
}

/** The identity that asks for a lease along with the decision. */
export function withLease(identity: Identity, keyId: string, cost: Amounts, ports: MeteredPorts): Identity {
  return {
    ...identity,
    lease: {
      request: (): LeaseRequest => leaseRequest(ports, keyId, cost),
      take: (request, grant, from) => takeLease(ports, keyId, request, grant, from),
    },
  };
}
