import { assertKeyPrefix, DEFAULT_KEY_PREFIX } from '../../contract/api-key';
import { AUTHORIZER_ENV } from '../../contract/names';
import type { TokenIssuer } from '../../contract/token-issuer';
import { readTokenIssuers } from './token-issuers';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface AuthorizerConfig {
  readonly keyTable: string;
  readonly keyPrefix: string;
  /** Seconds for which an allow may be cached, at most. */
  readonly positiveTtl: number;
  /** Seconds for which a refusal may be cached, at most. */
  readonly negativeTtl: number;
  /** Empty: no tokens are accepted. */
  readonly tokenIssuers: readonly TokenIssuer[];
}

const DEFAULT_POSITIVE_TTL = 60;
const DEFAULT_NEGATIVE_TTL = 10;
/** API Gateway caches an authorizer's answer for an hour at most; nobody needs a slower revocation. */
const MAX_TTL = 3600;

/** @throws Error naming the variable, what was given and what is allowed. */
export function readConfig(env: Environment): AuthorizerConfig {
  const keyTable = env[AUTHORIZER_ENV.keyTable];
  if (!keyTable) {
    throw new Error(`${AUTHORIZER_ENV.keyTable} must name the DynamoDB table of the API keys, got nothing`);
  }
  const keyPrefix = env[AUTHORIZER_ENV.keyPrefix] ?? DEFAULT_KEY_PREFIX;
  assertKeyPrefix(keyPrefix);
  return {
    keyTable,
    keyPrefix,
    positiveTtl: readTtl(env, AUTHORIZER_ENV.positiveTtl, DEFAULT_POSITIVE_TTL),
    negativeTtl: readTtl(env, AUTHORIZER_ENV.negativeTtl, DEFAULT_NEGATIVE_TTL),
    tokenIssuers: readTokenIssuers(env[AUTHORIZER_ENV.tokenIssuers]),
  };
}

function readTtl(env: Environment, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined) return fallback;
  if (!/^\d{1,4}$/.test(text) || Number(text) > MAX_TTL) {
    throw new Error(`${name} must be a whole number of seconds from 0 to ${MAX_TTL}, got "${text}"`);
  }
  return Number(text);
}
