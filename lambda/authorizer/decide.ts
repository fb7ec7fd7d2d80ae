/** The one decision about a credential, free of event formats and of any particular store. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from '../../contract/api-key';
import type { Decision, Deny, DenyReason, Grant } from '../../contract/decision';
import { type KeyRecord, keyState } from '../../contract/key-record';
import type { Clock } from './clock';
import type { AuthorizerConfig } from './config';
import type { Credential } from './credential';
import { type KeyStore, LAST_USED_INTERVAL } from './key-store';
import type { TokenResult, TokenVerifier } from './token-verifier';

export type DecideConfig = Pick<AuthorizerConfig, 'positiveTtl' | 'negativeTtl'>;

/**
 * @param verifyToken absent: no tokens are accepted.
 * @throws KeyStoreError when the store, or a token's issuer, does not answer.
 */
export async function decide(
  credential: Credential,
  store: KeyStore,
  clock: Clock,
  config: DecideConfig,
  verifyToken?: TokenVerifier,
): Promise<Decision> {
  if (credential.kind === 'token') {
    if (verifyToken === undefined) return deny('malformed', config.negativeTtl);
    return decideToken(await verifyToken(credential.token), clock(), config);
  }
  if (credential.kind !== 'key') return deny(credential.kind, config.negativeTtl);
  const record = await store.get(credential.key.keyId);
  const now = clock();
  const decision = decideKey(credential.key, record, now, config);
  if (decision.outcome === 'allow' && now - (record?.lastUsedAt ?? 0) >= LAST_USED_INTERVAL) {
    // Awaited, since Lambda freezes the process once it has answered.
    await store.markUsed(credential.key.keyId, Math.floor(now));
  }
  return decision;
}

/** No secret has this digest, so comparing with it costs what a comparison costs and never succeeds. */
const NO_DIGEST = '0'.repeat(64);

/** Decides about a key, given its record (undefined: the table has none) at a time in seconds since the epoch. */
export function decideKey(key: ApiKey, record: KeyRecord | undefined, now: number, config: DecideConfig): Decision {
  const digest = createHash('sha256').update(key.secret).digest();
  // Both comparisons always run, also without a record: an unknown id must cost the same as a wrong secret.
  const isCurrent = timingSafeEqual(digest, Buffer.from(record?.hash ?? NO_DIGEST, 'hex'));
  const isPrevious = timingSafeEqual(digest, Buffer.from(record?.previousHash ?? NO_DIGEST, 'hex'));
  if (record === undefined || record.keyId !== key.keyId || !(isCurrent || isPrevious)) {
    return deny('unknown', config.negativeTtl);
  }
  // From here on the caller has shown the secret. The one before a rotation ends with its grace.
  const expires = isCurrent ? record.expiresAt : earlier(record.expiresAt, record.previousHashUntil ?? 0);
  const state = keyState({ ...record, expiresAt: expires }, now);
  if (state === 'not-yet-valid') return deny(state, ttlUntil(record.notBefore, now, config.negativeTtl));
  if (state !== 'active') return deny(state, config.negativeTtl);
  return {
    outcome: 'allow',
    grant: toGrant(record, expires),
    ttl: ttlUntil(expires, now, config.positiveTtl),
  };
}

/** Decides about a token that was verified, at a time in seconds since the epoch. */
export function decideToken(result: TokenResult, now: number, config: DecideConfig): Decision {
  if (result.outcome === 'invalid') return deny(result.reason, config.negativeTtl);
  const { principal, scopes, expires } = result;
  if (now >= expires) return deny('expired', config.negativeTtl);
  return {
    outcome: 'allow',
    grant: { principal, scopes, expires },
    ttl: ttlUntil(expires, now, config.positiveTtl),
  };
}

function toGrant(record: KeyRecord, expires: number | undefined): Grant {
  return {
    principal: record.owner,
    keyId: record.keyId,
    scopes: record.scopes,
    ...(record.notBefore !== undefined && { notBefore: record.notBefore }),
    ...(expires !== undefined && { expires }),
    ...(record.paths !== undefined && { paths: record.paths }),
    ...(record.methods !== undefined && { methods: record.methods }),
    ...(record.sourceCidrs !== undefined && { sourceCidrs: record.sourceCidrs }),
    ...(record.plan !== undefined && { rate: record.plan }),
    ...(record.quota !== undefined && { quota: record.quota }),
  };
}

// The contract knows 401, 403 and 429; whatever is wrong with the credential itself is a 401.
function deny(reason: DenyReason, ttl: number): Deny {
  return { outcome: 'deny', status: 401, reason, ttl };
}

function earlier(a: number | undefined, b: number): number {
  return a === undefined ? b : Math.min(a, b);
}

/** Whole seconds, rounded down, so that no cache outlives the instant at which the decision changes. */
function ttlUntil(instant: number | undefined, now: number, ttl: number): number {
  return instant === undefined ? ttl : Math.min(ttl, Math.floor(instant - now));
}
