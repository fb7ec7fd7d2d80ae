/** Requests of keys with a quota: what one costs, and the lease that it is paid from. */

import type { Grant } from '../../../contract/decision';
import type { Amounts, LeaseRequest, Quota } from '../../../contract/quota';
import { rateLimitFields } from '../answer/rate-limit-fields';
import { type Refusal, refuse, refuseSaying } from '../answer/refusal';
import { type AuthorizePorts, type Inquiry, renewDecision, type Verdict } from '../decision/authorize';
import { type Held, SLACK } from '../decision/invocations';
import { LARGEST_LEASE } from './allowance';
import { acceptLease, type LeasePorts, leaseRequest, type Paid, pay } from './lease';
import type { Metered } from './metering';

export type MeteredPorts = AuthorizePorts & LeasePorts;

/** Of a request of which nothing but itself is counted, or nothing is known yet. */
export const ONE_REQUEST: Amounts = { requests: 1, characters: 0 };

export function countsCharacters(quota: Quota | undefined): boolean {
  return Object.values(quota ?? {}).some(({ characters }) => characters !== undefined);
}

/** What the request costs, or why that cannot be told. `metered`: absent where it asks for no speech. */
export function costOf(quota: Quota, metered: Metered | undefined): Amounts | Refusal {
  if (metered === undefined || !countsCharacters(quota)) return ONE_REQUEST;
  if (metered.kind === 'refused') return refuseSaying(metered.status, 'unreadable', metered.problem);
  const { characters } = metered;
  const most = LARGEST_LEASE.characters;
  return characters > most
    ? refuseSaying(413, 'unreadable', `has a text of more than ${most} characters`)
    : { requests: 1, characters };
}

/** Pays, renewing the lease where needed. A verdict: the authorizer answered something else than a lease. */
export async function payFor(
  cost: Amounts,
  keyId: string,
  inquiry: Inquiry,
  ports: MeteredPorts,
  held: Held,
): Promise<Paid | Refusal | Verdict> {
  const patience = ports.settings.options.authorizer.timeout + SLACK;
  const payment = await pay(ports, keyId, cost, patience, held, (request) =>
    renewDecision(ports, inquiry, held, request),
  );
  switch (payment.kind) {
    case 'paid':
      return payment;
    case 'other':
      return payment.other;
    case 'failed':
      ports.warn(`lease: ${payment.cause}`);
      return refuse(503, 'lease', 1);
    case 'limited': {
      const { limit, retryAfter, limits } = payment;
      const fields = rateLimitFields(limits);
      return {
        ...refuse(429, 'quota', retryAfter),
        members: { limit, resetsIn: retryAfter },
        ...(fields !== undefined && { fields }),
      };
    }
  }
}

/** The inquiry that asks for a lease along with the decision, for a key with a quota whose decision has just run out. */
export function withLease(
  inquiry: Inquiry,
  { keyId = '' }: Pick<Grant, 'keyId'>,
  cost: Amounts,
  ports: MeteredPorts,
): Inquiry {
  return {
    ...inquiry,
    lease: {
      request: (): LeaseRequest => leaseRequest(ports, keyId, cost),
      take: (request, grant, from) => acceptLease(ports, keyId, request, grant, from),
    },
  };
}
