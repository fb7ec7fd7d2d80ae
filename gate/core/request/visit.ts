/** One request, and what is known of it before anybody is asked. */

import type { Client } from './client';
import type { RequestHeaders } from './request-headers';
import type { Target } from './target';

export interface GateRequest {
  readonly method: string;
  /** Raw, as in the request line. */
  readonly target: string;
  /** As they came, names not folded, values trimmed. */
  readonly headers: readonly (readonly [string, string])[];
  readonly peer: string;
  readonly protocol: string;
  readonly requestId: string;
}

export interface Visit {
  readonly request: GateRequest;
  readonly target: Target;
  readonly headers: RequestHeaders;
  readonly client: Client;
  /** Under which the client is counted. */
  readonly network: string;
}
