/**
 * Access tokens (JWT) of OpenID Connect issuers, verified by jose. This module is loaded with the first token, so that
 * a function that only knows keys never pays for it.
 */

import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import type { DenyReason } from '../../contract/decision';
import { TOKEN_ALGORITHMS, type TokenIssuer } from '../../contract/token-issuer';
import type { Clock } from './clock';
import { type IssuerKeys, issuerKeys } from './issuer-keys';
import { KeyStoreError } from './key-store';

export type TokenResult =
  | {
      readonly outcome: 'valid';
      readonly principal: string;
      readonly scopes: readonly string[];
      /** Seconds since the epoch. */
      readonly expires: number;
    }
  | { readonly outcome: 'invalid'; readonly reason: DenyReason };

/** @throws KeyStoreError when the issuer's keys cannot be had: that is no refusal. */
export type TokenVerifier = (token: string) => Promise<TokenResult>;

const DEFAULT_SKEW = 60;
const MAX_PRINCIPAL = 1024;
const MAX_SCOPES = 100;
const MAX_KEY_ID = 256;

export function tokenVerifier(issuers: readonly TokenIssuer[], clock: Clock): TokenVerifier {
  const keysOf = new Map(issuers.map((issuer) => [issuer.issuer, issuerKeys(issuer, clock)]));
  return async (token) => {
    const claimed = readClaims(token);
    const issuer = issuers.find(({ issuer: name }) => name === claimed?.issuer);
    const keys = issuer && keysOf.get(issuer.issuer);
    if (claimed === undefined) return invalid('malformed');
    if (issuer === undefined || keys === undefined) return invalid('unknown');
    // Nothing of this is trusted yet; but what is refused anyway need not cost a look at the issuer's keys.
    if (!algorithms(issuer).includes(claimed.algorithm)) return invalid('refused');
    if (typeof claimed.expires !== 'number') return invalid('refused');
    if (claimed.expires <= clock()) return invalid('expired');
    return verify(token, issuer, keys, clock());
  };
}

async function verify(token: string, issuer: TokenIssuer, keys: IssuerKeys, now: number): Promise<TokenResult> {
  const skew = issuer.clockSkew ?? DEFAULT_SKEW;
  let claims: JWTPayload;
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: issuer.issuer,
      algorithms: [...algorithms(issuer)],
      clockTolerance: skew,
      currentDate: new Date(now * 1000),
      requiredClaims: ['exp'],
    });
    claims = payload;
  } catch (error) {
    if (error instanceof KeyStoreError) throw error;
    return invalid(reasonOf(error));
  }
  if (claims.exp === undefined || claims.exp <= now) return invalid('expired');
  if (claims.iat !== undefined && claims.iat > now + skew) return invalid('not-yet-valid');
  if (!isFor(claims[issuer.audienceClaim ?? 'aud'], issuer.audiences)) return invalid('refused');
  for (const [name, values] of Object.entries(issuer.requiredClaims ?? {})) {
    if (!values.some((value) => value === claims[name])) return invalid('refused');
  }
  const principal = claims[issuer.principalClaim ?? 'sub'];
  if (typeof principal !== 'string' || principal === '' || principal.length > MAX_PRINCIPAL) return invalid('refused');
  const scopes = readScopes(claims[issuer.scopeClaim ?? 'scope']);
  if (scopes === undefined) return invalid('refused');
  return {
    outcome: 'valid',
    principal: `${issuer.principalPrefix ?? ''}${principal}`,
    scopes,
    expires: claims.exp,
  };
}

function readClaims(
  token: string,
): { readonly issuer: unknown; readonly algorithm: string; readonly expires: unknown } | undefined {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    const { iss, exp } = decodeJwt(token);
    if (typeof alg !== 'string' || (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KEY_ID))) {
      return undefined;
    }
    return { issuer: iss, algorithm: alg, expires: exp };
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): DenyReason {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return error.claim === 'nbf' ? 'not-yet-valid' : 'refused';
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey)
    return 'unknown';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'malformed';
  return 'refused';
}

function algorithms(issuer: TokenIssuer): readonly string[] {
  return issuer.algorithms ?? TOKEN_ALGORITHMS;
}

function isFor(claim: unknown, audiences: readonly string[]): boolean {
  const meant = Array.isArray(claim) ? claim : [claim];
  return meant.some((entry) => typeof entry === 'string' && audiences.includes(entry));
}

/** Undefined when the claim is neither absent nor a text nor a list of texts. */
function readScopes(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return [];
  const entries = typeof claim === 'string' ? claim.split(' ').filter(Boolean) : claim;
  if (!Array.isArray(entries) || entries.length > MAX_SCOPES) return undefined;
  return entries.every((entry) => typeof entry === 'string') ? entries : undefined;
}

function invalid(reason: DenyReason): TokenResult {
  return { outcome: 'invalid', reason };
}
