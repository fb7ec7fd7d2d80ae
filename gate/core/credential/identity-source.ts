/** Identity sources of a foreign authorizer, written as API Gateway writes them. */

import { queryPairs } from '../request/query';

export interface IdentityFacts {
  readonly headers: readonly (readonly [string, string])[];
  readonly query: string | undefined;
  readonly method: string;
  readonly path: string;
  readonly sourceIp: string;
}

const HEADER = /^\$request\.header\.([A-Za-z0-9!#$%&'*+.^`|~-]+)$/;
const QUERY = /^\$request\.querystring\.(.+)$/;
const CONTEXT: Readonly<Record<string, (facts: IdentityFacts) => string>> = {
  '$context.httpMethod': (facts) => facts.method,
  '$context.path': (facts) => facts.path,
  '$context.routeKey': (facts) => `${facts.method} ${facts.path}`,
  '$context.identity.sourceIp': (facts) => facts.sourceIp,
};

export const IDENTITY_SOURCES = `$request.header.NAME, $request.querystring.NAME, ${Object.keys(CONTEXT).join(', ')}`;

export function isIdentitySource(source: string): boolean {
  return HEADER.test(source) || QUERY.test(source) || Object.hasOwn(CONTEXT, source);
}

/** The values, or undefined when one of them is missing or empty: then the request is 401 without an invocation. */
export function identityValues(sources: readonly string[], facts: IdentityFacts): readonly string[] | undefined {
  const values: string[] = [];
  for (const source of sources) {
    const value = identityValue(source, facts);
    if (value === undefined || value === '') return undefined;
    values.push(value);
  }
  return values;
}

/** Lower-case names of the headers that hold the credential, so that the app need not see them. */
export function consumedHeaders(sources: readonly string[]): readonly string[] {
  return sources.flatMap((source) => HEADER.exec(source)?.[1]?.toLowerCase() ?? []).filter((name) => name !== 'cookie');
}

function identityValue(source: string, facts: IdentityFacts): string | undefined {
  const header = HEADER.exec(source)?.[1]?.toLowerCase();
  if (header !== undefined) return joined(facts.headers.filter(([name]) => name.toLowerCase() === header));
  const parameter = QUERY.exec(source)?.[1];
  if (parameter !== undefined) return joined(queryPairs(facts.query).filter(([name]) => name === parameter));
  return CONTEXT[source]?.(facts);
}

function joined(pairs: readonly (readonly [string, string])[]): string | undefined {
  return pairs.length === 0 ? undefined : pairs.map(([, value]) => value).join(',');
}
