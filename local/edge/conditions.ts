import { cidrContains, parseCidr } from '../../contract/cidr.js';
import { matchesWildcard } from '../wildcard.js';
import type { Condition, ListenerRule } from './model.js';

/** What rules look at in a request. */
export interface RuleRequest {
  readonly method: string;
  /** As sent, without query. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  /** As sent, with a port if there was one. */
  readonly host: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly client: string;
}

/** The first rule, by priority, of which every condition holds. */
export function matchingRule(rules: readonly ListenerRule[], request: RuleRequest): ListenerRule | undefined {
  return rules.find((rule) => rule.conditions.every((condition) => conditionHolds(condition, request)));
}

/** One of a condition's values is enough. A field that is not known never holds, so that its rule is not applied. */
export function conditionHolds(condition: Condition, request: RuleRequest): boolean {
  switch (condition.field) {
    case 'path-pattern':
      return matches(condition, request.path);
    case 'host-header':
      return matches(condition, hostWithoutPort(request.host), true) || matches(condition, request.host, true);
    case 'http-header': {
      const name = condition.headerName?.toLowerCase();
      return request.headers.some(([key, value]) => key.toLowerCase() === name && matches(condition, value, true));
    }
    case 'http-request-method':
      return condition.values.includes(request.method);
    case 'query-string':
      return condition.pairs.some((pair) => queryHolds(pair, request.query));
    case 'source-ip':
      return condition.values.some((value) => {
        const cidr = parseCidr(value);
        return cidr !== undefined && cidrContains(cidr, request.client);
      });
    default:
      return false;
  }
}

/** The name or address of a Host header: `localhost:8080` is `localhost`, `[::1]:8080` is `[::1]`. */
export function hostWithoutPort(host: string): string {
  return host.replace(/:\d*$/, '');
}

function matches(condition: Condition, text: string, ignoreCase = false): boolean {
  const fold = (value: string) => (ignoreCase ? value.toLowerCase() : value);
  return (
    condition.values.some((pattern) => matchesWildcard(fold(pattern), fold(text))) ||
    condition.regexValues.some((pattern) => regexMatches(pattern, text, ignoreCase))
  );
}

function regexMatches(pattern: string, text: string, ignoreCase: boolean): boolean {
  try {
    return new RegExp(pattern, ignoreCase ? 'i' : '').test(text);
  } catch {
    return false;
  }
}

function queryHolds(pair: { readonly key?: string; readonly value: string }, query: string): boolean {
  if (query === '') return false;
  return query.split('&').some((part) => {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? '' : part.slice(equals + 1);
    return (
      (pair.key === undefined || matchesWildcard(pair.key.toLowerCase(), key.toLowerCase())) &&
      matchesWildcard(pair.value.toLowerCase(), value.toLowerCase())
    );
  });
}
