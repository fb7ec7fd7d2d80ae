import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { RequestLine } from '../contracts.js';
import type { ServedPorts } from './actions.js';
import type { Answer } from './answers.js';
import type { Exchange } from './exchange.js';
import type { TargetConnections } from './forward.js';
import type { IdleTimer } from './idle-timer.js';
import type { Attributes, EdgeModel, Listener } from './model.js';
import type { Targets } from './targets.js';
import type { Firewall } from './waf/firewall.js';

/** What serving one request needs to know; read anew for every request, so that a later deployment takes effect. */
export interface Serving {
  readonly deployment: EdgeModel;
  readonly targets: Targets;
  readonly firewall: Firewall;
  readonly connections: TargetConnections;
  /** Calls functions that are targets. */
  readonly functions: LambdaClient;
  readonly ports: ServedPorts;
  readonly onRequest: (line: RequestLine) => void;
}

/** What an exchange came to, for its line. */
export interface Progress {
  status: number;
  why: string;
  traceId?: string;
}

export interface Context {
  readonly serving: Serving;
  readonly exchange: Exchange;
  readonly listener: Listener;
  readonly attributes: Attributes;
  readonly progress: Progress;
  readonly timer: IdleTimer;
  readonly answer: (answer: Answer, why: string) => void;
}
