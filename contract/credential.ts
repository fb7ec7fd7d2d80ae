/** The grammar of a credential in a header, for gate and authorizer alike: what one reads the other reads. */

const SCHEME = 'bearer';

/**
 * What stands after the scheme Bearer of an `Authorization` value, in any case and after any spaces or tabs (RFC 6750,
 * 2.1, read as leniently as clients write it). Empty where the token is missing; undefined for another scheme.
 */
export function bearerToken(authorization: string): string | undefined {
  const text = authorization.trim();
  if (text.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  if (text.length === SCHEME.length) return '';
  const separator = text[SCHEME.length];
  return separator === ' ' || separator === '\t' ? text.slice(SCHEME.length).trim() : undefined;
}

const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Whether the text has the shape of a JWT: three parts of base64url. With an empty third, unsigned, it is none. */
export function isTokenShape(text: string): boolean {
  return TOKEN.test(text);
}
