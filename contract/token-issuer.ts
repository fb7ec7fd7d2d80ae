/** One OpenID Connect issuer whose access tokens (JWT) are accepted as `Authorization: Bearer`. */

import { isRecord } from './record';
export interface TokenIssuer {
  /** The `iss` of its tokens, exactly: an https URL without query or fragment. */
  readonly issuer: string;
  /** A token must be meant for one of these. At least one. */
  readonly audiences: readonly string[];
  /** The claim that holds the audience. Default `aud`; Cognito's access tokens have `client_id` instead. */
  readonly audienceClaim?: string;
  /** Where its public keys are. Default: what `<issuer>/.well-known/openid-configuration` says. */
  readonly jwksUri?: string;
  /** Signature algorithms that are accepted. Default both. */
  readonly algorithms?: readonly TokenAlgorithm[];
  /** The claim that becomes the principal: free text of 1 to 1024 characters. Default `sub`. */
  readonly principalClaim?: string;
  /**
   * Put before the principal, so that no subject of this issuer is taken for an owner of a key or for a subject of
   * another issuer. Default none.
   */
  readonly principalPrefix?: string;
  /** The claim that holds the scopes: a text separated by spaces, or a list of texts. Default `scope`. */
  readonly scopeClaim?: string;
  /** Claims that must have one of the given values. Default none. */
  readonly requiredClaims?: Readonly<Record<string, readonly (string | number | boolean)[]>>;
  /**
   * Seconds, 0 to 300, by which the issuer's clock may be ahead: `nbf` and `iat` may lie that far in the future. `exp`
   * is taken as it is. Default 60.
   */
  readonly clockSkew?: number;
}

export const TOKEN_ALGORITHMS = ['RS256', 'ES256'] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

export const MAX_ISSUERS = 10;
const MAX_SKEW = 300;

type Check = readonly [allowed: string, check: (value: unknown) => boolean];
const TEXT: Check = ['a text of 1 to 256 characters', (value) => isText(value)];
const URL_: Check = ['an https URL without user, query and fragment (http on loopback only)', isIssuerUrl];

/** Every field of a {@link TokenIssuer}. */
const FIELDS: Readonly<Record<keyof TokenIssuer, Check>> = {
  issuer: URL_,
  jwksUri: URL_,
  audiences: ['a list of at least one text', (value) => isList(value) && value.every(isText)],
  audienceClaim: TEXT,
  algorithms: [
    `a list of ${TOKEN_ALGORITHMS.join(' and ')}`,
    (value) => isList(value) && value.every((entry) => TOKEN_ALGORITHMS.some((algorithm) => algorithm === entry)),
  ],
  principalClaim: TEXT,
  principalPrefix: TEXT,
  scopeClaim: TEXT,
  requiredClaims: [
    'an object of lists, each of at least one text, number or boolean',
    (value) => isRecord(value) && Object.values(value).every((list) => isList(list) && list.every(isPlain)),
  ],
  clockSkew: [
    `a whole number of seconds from 0 to ${MAX_SKEW}`,
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_SKEW,
  ],
};

/**
 * Checks a list of issuers that was written by hand.
 * @param name what the list is called in errors
 * @throws Error naming the issuer's place in the list, the field, and what is allowed.
 */
export function checkTokenIssuers(name: string, value: unknown): readonly TokenIssuer[] {
  if (!Array.isArray(value) || value.length > MAX_ISSUERS || !value.every(isRecord)) {
    throw new Error(`${name} must be a list of at most ${MAX_ISSUERS} issuers`);
  }
  for (const [index, issuer] of value.entries()) checkIssuer(`${name}[${index}]`, issuer);
  const issuers = value as unknown as readonly TokenIssuer[];
  const names = issuers.map(({ issuer }) => issuer);
  if (new Set(names).size < names.length) {
    throw new Error(`${name} must name each issuer once (one may have several audiences), got ${names.join(', ')}`);
  }
  return issuers;
}

function checkIssuer(place: string, issuer: Readonly<Record<string, unknown>>): void {
  for (const field of Object.keys(issuer)) {
    if (!(field in FIELDS))
      throw new Error(`${place}: no field "${field}"; allowed: ${Object.keys(FIELDS).join(', ')}`);
  }
  for (const [field, [allowed, check]] of Object.entries(FIELDS)) {
    const value = issuer[field];
    const required = field === 'issuer' || field === 'audiences';
    if ((required || value !== undefined) && !check(value)) {
      throw new Error(`${place}.${field} must be ${allowed}, got ${JSON.stringify(value) ?? 'nothing'}`);
    }
  }
}

function isIssuerUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const url = new URL(value);
  if (url.username !== '' || url.password !== '' || /[?#]/.test(value)) return false;
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname))
  );
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length >= 1 && value.length <= 256;
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0;
}
