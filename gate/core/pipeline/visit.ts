/** One request on its way through the gate: the steps fill it, one after the other. */

import type { RateLimitFields } from '../answer/rate-limit-fields';
import type { Found } from '../credential/credential';
import type { Allowed, CacheState } from '../decision/authorize';
import type { Held } from '../decision/invocations';
import type { Authorizer } from '../decision/lambda-endpoint';
import type { Debit } from '../quota/lease';
import type { MeteredPorts } from '../quota/metered';
import type { Metered } from '../quota/metering';
import type { Client } from '../request/client';
import type { Facts, Route } from '../request/facts';
import type { Headers } from '../request/request-headers';
import type { CountingDict } from '../shared/dict';

/** What of the host is the same for all requests. */
export interface SharedPorts
  extends Pick<MeteredPorts, 'settings' | 'allow' | 'deny' | 'flights' | 'limits' | 'abuse' | 'allowances' | 'now'> {
  readonly facts: Facts;
  /** Places of requests in flight to the app. */
  readonly places: CountingDict;
  /** A fixed-length text that tells two inputs apart and does not tell the input. */
  digest(text: string): string;
}

/** What of the host needs the request itself. */
export interface GatePorts extends SharedPorts, MeteredPorts, Held {
  authorizer(): Authorizer;
  /** The bytes of all headers of that name (lower case), as nginx joins them. */
  rawHeader(name: string): Uint8Array | undefined;
  /** Notes what was paid, so that it is given back should the request end before it reaches the app. */
  notePayment(debit: Debit): void;
}

/** What came, and what the steps found; a field has its default until its step. */
export interface Visit extends Found {
  /** Milliseconds since the epoch at which it came, or its last wait ended. */
  at: number;
  readonly method: string;
  /** Raw, as in the request line. */
  readonly target: string;
  headers: Headers;
  readonly peer: string;
  readonly protocol: string;
  readonly requestId: string;
  /** Made when it is first asked for. */
  readonly ports: GatePorts;

  route: Route;
  client: Client;
  /** As it came, and as the app gets it; without the question mark. */
  given: string | undefined;
  query: string | undefined;
  /** Whether an `Authorization: Bearer` came, though it may be empty. */
  hasBearer: boolean;
  /** What a foreign authorizer's identity sources gave. */
  values: readonly string[] | undefined;
  trace: string;
  /** Whether every header that is passed on can be passed on as it came. */
  isClean: boolean;
  hasBody: boolean;
  /** As the client states it; empty in chunks. */
  contentLength: string;
  /** What is passed on to the app: lines that each begin with CR LF. */
  lines: string;
  cacheKey: string;
  allow: Allowed | undefined;
  cache: CacheState | '';
  /** The id that a refused key states, where its secret was seen. */
  keyId: string;
  /** Of a request for speech: how many characters, once that is known. */
  metered: Metered | undefined;
  fields: RateLimitFields | undefined;
  place: string;
}

/** On the prototype of a host's visits, so that a request pays only for what it fills. */
export const UNFILLED = {
  given: undefined,
  query: undefined,
  credential: '',
  scheme: undefined,
  isConflict: false,
  hasBearer: false,
  values: undefined,
  trace: '',
  isClean: true,
  hasBody: false,
  contentLength: '',
  lines: '',
  cacheKey: '',
  allow: undefined,
  cache: '',
  keyId: '',
  metered: undefined,
  fields: undefined,
  place: '',
} satisfies Partial<Visit>;

/** What goes with a request to the location that reads its body: there it is a new visit. */
const CARRIED = [
  ...(['headers', 'route', 'client', 'given', 'query', 'credential', 'scheme', 'values', 'trace', 'hasBody'] as const),
  ...(['lines', 'cacheKey', 'allow', 'cache'] as const),
] satisfies readonly (keyof Visit)[];

export function carry(visit: Visit): string {
  return JSON.stringify(Object.fromEntries(CARRIED.map((name) => [name, visit[name]])));
}

export function unpack(visit: Visit, carried: string): void {
  Object.assign(visit, JSON.parse(carried));
}
