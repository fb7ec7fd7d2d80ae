/** Reads the issuers from the function's environment. */

import { AUTHORIZER_ENV } from '../../contract/names';
import { TOKEN_ALGORITHMS, type TokenIssuer } from '../../contract/token-issuer';

const MAX_ISSUERS = 10;
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

/** @throws Error naming the issuer's place in the list, the field, and what is allowed. */
export function readTokenIssuers(text: string | undefined): readonly TokenIssuer[] {
  if (text === undefined || text === '') return [];
  const name = AUTHORIZER_ENV.tokenIssuers;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${name} must be a JSON list of issuers, got no JSON`);
  }
  if (!Array.isArray(value) || value.length > MAX_ISSUERS || !value.every(isRecord)) {
    throw new Error(`${name} must be a JSON list of at most ${MAX_ISSUERS} issuers`);
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

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
