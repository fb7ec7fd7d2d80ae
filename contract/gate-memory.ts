/** What the gate holds in memory at most, and the bounds that see to it. */

import type { GateOptions } from './gate-options';

type Limits = Pick<GateOptions['limits'], 'inFlight' | 'queue'>;

/** Requests beyond those in the app and its queue: they are decided about, or their answer is on its way. */
const DECIDED_OF_CLIENT = 24;
const DECIDED_OF_ALL = 80;
/** How many clients at their bound are served at once. */
const CLIENTS = 2;

/** Requests of one client that are with the gate at the same time, at most: 503 beyond. */
export function requestsOfClient({ inFlight, queue }: Limits): number {
  return inFlight + queue + DECIDED_OF_CLIENT;
}

/** Requests of all clients that are with the gate at the same time, at most: 503 beyond. */
export function requestsOfAll({ inFlight, queue }: Limits): number {
  return CLIENTS * (inFlight + queue) + DECIDED_OF_ALL;
}

/** Connections that a worker takes; each request has one to the app as well. */
export function connectionsOf(limits: Limits): number {
  return Math.max(4096, 2 * requestsOfAll(limits) + 1024);
}

/** Refused requests whose body is still to come and is listened to, so that the answer surely arrives. */
export const LINGERING = { ofClient: 4, ofAll: 32 } as const;

/**
 * Requests for the sign-in page at the same time, how many of them send the form, and requests for its style: 503 beyond.
 * The style has places of its own, so that refusals there, which can be many at once, do not keep anybody from signing in.
 */
export const SIGN_IN = { pages: 24, forms: { ofClient: 4, ofAll: 16 }, styles: 8 } as const;

/**
 * Requests of one client that wait for the decision about a credential that nobody knows, at most: 429 beyond. As many as
 * may be served once it is known.
 */
export function undecidedOfClient({ inFlight, queue }: Limits): number {
  return Math.max(DECIDED_OF_CLIENT, inFlight + queue);
}

/**
 * The same of all clients. With those that are listened to they leave room for all that have a place in the app or its
 * queue, and for some that are just being decided about.
 */
export function undecidedOfAll(limits: Limits): number {
  return requestsOfAll(limits) - LINGERING.ofAll - limits.inFlight - limits.queue - JUST_COME;
}

const JUST_COME = 8;

/** Bodies of one caller that are held to be counted, at most: 429 beyond. */
export function bodiesOfClient({ inFlight, queue }: Limits): number {
  return inFlight + queue;
}

/** Bodies of all callers that are held to be counted, at most: 429 beyond. */
export function bodiesOfAll(limits: Limits): number {
  return CLIENTS * bodiesOfClient(limits);
}

const KB = 1024;
const MB = 1024 * KB;

/**
 * What a request costs with which njs is at work, measured: a context with the program loaded. Each location keeps its
 * own for the next request.
 */
const CONTEXT = 768 * KB;
/** The load balancer takes headers of 64 KB. */
const HEADERS = 64 * KB;
/** They are held as they came, as text, and as lines for the app. */
const REQUEST = CONTEXT + 3 * HEADERS;
/** nginx's master and a worker without requests, measured. */
const MASTER = 12 * MB;
const WORKER = 12 * MB;
/** What is read of the app's answer ahead of the client. */
const ANSWER = 80 * KB;

/** The zones of nginx.conf, in bytes. */
export function zoneBytes(options: Pick<GateOptions, 'cacheBytes' | 'limits'>) {
  const { cacheBytes, limits } = options;
  return {
    /** About 0.5 KB a decision. */
    allow: cacheBytes,
    /** Kept for seconds. */
    deny: Math.max(64 * KB, cacheBytes / 2),
    limits: Math.max(8 * MB, cacheBytes / 2),
    abuse: Math.max(MB, cacheBytes / 4),
    leases: cacheBytes,
    /** Numbers, of which a key has three. */
    allowances: cacheBytes / 2,
    flights: MB,
    places: Math.max(64 * KB, limits.inFlight * 256),
    state: 64 * KB,
    metrics: 64 * KB,
  };
}

/** What the gate holds at most, by what it is for, in bytes. */
export function memoryParts(
  options: Pick<GateOptions, 'cacheBytes' | 'limits' | 'workers' | 'maxTextBytes' | 'webSession' | 'trustedHops'>,
): readonly (readonly [what: string, bytes: number])[] {
  const { limits, workers, maxTextBytes, webSession, trustedHops } = options;
  const all = requestsOfAll(limits);
  const pages = SIGN_IN.pages + SIGN_IN.styles;
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
  return [
    ['shared memory: decisions, refusals, limits, bans, leases', sum(Object.values(zoneBytes(options)))],
    ['nginx with its workers', MASTER + workers * WORKER],
    [`${all} requests at the same time, with headers of 64 KB`, all * REQUEST],
    [`${pages} more for the sign-in page and its style`, webSession === undefined ? 0 : pages * REQUEST],
    [`${LINGERING.ofAll} requests that nginx refuses by itself, with headers of 64 KB`, LINGERING.ofAll * HEADERS],
    // As nginx read it, and twice as text; and where it is counted njs has a context more.
    [`${bodiesOfAll(limits)} bodies whose text is counted`, bodiesOfAll(limits) * (3 * maxTextBytes + CONTEXT)],
    [`${limits.inFlight} answers on their way`, limits.inFlight * ANSWER],
    ...(trustedHops === 0 ? [halfOpen(workers * connectionsOf(limits))] : []),
  ];
}

/** A load balancer of requests sends whole heads. Where none stands in front clients may stop amid theirs. */
function halfOpen(connections: number): readonly [what: string, bytes: number] {
  return [`${connections} connections whose headers are still to come`, connections * HEADERS];
}

/** Mebibytes that the gate's container needs. @default 256 */
export function memoryLimitMiB(options: Parameters<typeof memoryParts>[0]): number {
  const needed = memoryParts(options).reduce((total, [, bytes]) => total + bytes, 0);
  return Math.max(LEAST_MIB, Math.ceil(needed / MB));
}

const LEAST_MIB = 256;
