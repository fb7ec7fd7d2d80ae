/** Reads the issuers from the function's environment. */

import { AUTHORIZER_ENV } from '../../contract/names';
import { checkTokenIssuers, type TokenIssuer } from '../../contract/token-issuer';

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
  return checkTokenIssuers(name, value);
}
