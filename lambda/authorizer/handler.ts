import type { AuthorizerEvent, PolicyAnswer, SimpleAnswer } from '../../contract/authorizer-event';
import type { Decision } from '../../contract/decision';
import { GATE_API_ID } from '../../contract/names';
import { type LeaseGrant, readLeaseRequest } from '../../contract/quota';
import type { Clock } from './clock';
import type { AuthorizerConfig } from './config';
import { type Credential, readCredential } from './credential';
import { decide } from './decide';
import type { KeyStore } from './key-store';
import { policyAnswer } from './policy-answer';
import { takeLease } from './quota';
import type { QuotaStore } from './quota-store';
import { decideForHttpApi, simpleAnswer } from './simple-answer';
import type { TokenVerifier } from './token-verifier';

/** One line of the log. It never holds anything of the event but the public key id. */
export interface LogEntry {
  readonly level: 'info' | 'error';
  readonly message: string;
  readonly outcome: 'allow' | 'deny' | 'error';
  readonly reason?: string;
  readonly keyId?: string;
  /** Milliseconds. */
  readonly ms: number;
}

export interface HandlerPorts {
  readonly keys: KeyStore;
  readonly quotas: QuotaStore;
  /** Absent: no tokens are accepted. */
  readonly verifyToken?: TokenVerifier;
  readonly clock: Clock;
  readonly log: (entry: LogEntry) => void;
}

export type AuthorizerHandler = (event: AuthorizerEvent) => Promise<SimpleAnswer | PolicyAnswer>;

/**
 * The authorizer: event → credential → decision → answer in the event's own format.
 *
 * @throws Error `Unauthorized` for a 401 in format 1.0; any other error is a failure of the authorizer, which its caller
 * must answer with 5xx.
 */
export function createHandler(config: AuthorizerConfig, ports: HandlerPorts): AuthorizerHandler {
  return async (event) => {
    const started = ports.clock();
    assertAuthorizerEvent(event);
    const credential = readCredential(event, config.keyPrefix);
    const log = (entry: Pick<LogEntry, 'level' | 'message' | 'outcome' | 'reason'>) =>
      ports.log({ ...entry, ...publicId(credential), ms: Math.round((ports.clock() - started) * 1000) });
    let decision: Decision;
    let lease: LeaseGrant | undefined;
    try {
      decision = await decide(credential, ports.keys, ports.clock, config, ports.verifyToken);
      if (isFromGate(event)) lease = await leaseFor(event, decision, ports);
      else decision = decideWithoutGate(decision, event, ports.clock(), config.negativeTtl);
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown error';
      log({ level: 'error', message: 'no decision', outcome: 'error', reason });
      throw new Error(`no decision: ${reason}`);
    }
    const { outcome } = decision;
    log({ level: 'info', message: 'decision', outcome, ...(outcome === 'deny' && { reason: decision.reason }) });
    return isVersion2(event) ? simpleAnswer(decision, lease) : policyAnswer(decision, event.methodArn, lease);
  };
}

function isVersion2(event: AuthorizerEvent): event is Extract<AuthorizerEvent, { readonly version: '2.0' }> {
  return 'version' in event && event.version === '2.0';
}

/** A gate evaluates the grant on every request; API Gateway only knows what this function answers. */
function isFromGate(event: AuthorizerEvent): boolean {
  return 'requestContext' in event && event.requestContext.apiId === GATE_API_ID;
}

async function leaseFor(
  event: AuthorizerEvent,
  decision: Decision,
  ports: HandlerPorts,
): Promise<LeaseGrant | undefined> {
  const request = 'voicegate' in event ? event.voicegate?.lease : undefined;
  if (request === undefined || decision.outcome === 'deny') return undefined;
  const { keyId, quota } = decision.grant;
  if (keyId === undefined || quota === undefined) return undefined;
  return takeLease(ports.quotas, keyId, quota, readLeaseRequest(request), ports.clock);
}

/** Nothing counts what a key uses where no gate does: a key with a quota is refused there, not unlimited. */
function decideWithoutGate(decision: Decision, event: AuthorizerEvent, now: number, ttl: number): Decision {
  if (decision.outcome === 'allow' && decision.grant.quota !== undefined) {
    return { outcome: 'deny', status: 403, reason: 'quota', ttl };
  }
  // A policy (format 1.0) states the other constraints itself.
  return isVersion2(event) ? decideForHttpApi(decision, event, now, ttl) : decision;
}

function assertAuthorizerEvent(event: AuthorizerEvent): void {
  const { type } = event;
  const version = 'version' in event ? event.version : undefined;
  if (type === 'TOKEN' || (type === 'REQUEST' && (version === undefined || version === '1.0' || version === '2.0'))) {
    return;
  }
  throw new Error(
    `event: type must be REQUEST (version 2.0, 1.0 or none) or TOKEN, got type ${shown(type)}, version ${shown(version)}; ` +
      'this function is a Lambda authorizer and is called by API Gateway or by a Voicegate gate only',
  );
}

/** A word of the event; anything longer or stranger could be somebody's secret. */
function shown(value: unknown): string {
  return typeof value === 'string' && /^[\w.-]{0,20}$/.test(value) ? `"${value}"` : `(${typeof value})`;
}

function publicId(credential: Credential): Pick<LogEntry, 'keyId'> {
  return credential.kind === 'key' ? { keyId: credential.key.keyId } : {};
}
