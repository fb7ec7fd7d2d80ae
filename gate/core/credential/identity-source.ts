/** What the identity sources of a foreign authorizer are in a request. */

import { type IdentitySource, parseIdentitySource } from '../../../contract/identity-source';
import { parameterValues } from '../request/query';

export interface IdentityFacts {
  readonly headers: readonly (readonly [string, string])[];
  readonly query: string | undefined;
  readonly method: string;
  readonly path: string;
  readonly sourceIp: string;
  readonly routeKey: string;
  readonly stageVariables: Readonly<Record<string, string>>;
}

/** The sources as the options name them, which were checked when they were packed. */
export function readSources(sources: readonly string[]): readonly IdentitySource[] {
  return sources.flatMap((source) => parseIdentitySource(source) ?? []);
}

/** The values, or undefined when one of them is missing or empty: then the request is 401 without an invocation. */
export function identityValues(
  sources: readonly IdentitySource[],
  facts: IdentityFacts,
): readonly string[] | undefined {
  const values: string[] = [];
  for (const source of sources) {
    const value = identityValue(source, facts);
    if (value === undefined || value === '') return undefined;
    values.push(value);
  }
  return values;
}

/** Lower-case names of the headers that hold the credential, so that the app need not see them. */
export function consumedHeaders(sources: readonly IdentitySource[]): readonly string[] {
  return sources.flatMap(({ kind, name }) => (kind === 'header' && name !== 'cookie' ? [name] : []));
}

/** Names of the query's parameters that hold it. */
export function consumedParameters(sources: readonly IdentitySource[]): readonly string[] {
  return sources.flatMap(({ kind, name }) => (kind === 'querystring' ? [name] : []));
}

function identityValue(source: IdentitySource, facts: IdentityFacts): string | undefined {
  switch (source.kind) {
    case 'header':
      return joined(facts.headers.flatMap(([name, value]) => (name.toLowerCase() === source.name ? [value] : [])));
    case 'querystring':
      return joined(parameterValues(facts.query ?? '', source.name));
    case 'stageVariable':
      return Object.hasOwn(facts.stageVariables, source.name) ? facts.stageVariables[source.name] : undefined;
    case 'context':
      if (source.name === 'httpMethod') return facts.method;
      if (source.name === 'identity.sourceIp') return facts.sourceIp;
      return source.name === 'path' ? facts.path : facts.routeKey;
  }
}

function joined(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join(',');
}
