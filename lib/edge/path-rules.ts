import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { matchesPath } from '../../contract/path-pattern';

/** What a listener rule may compare with, at most. */
const MAX_VALUES = 5;

/** Whether a request can meet both patterns. */
export function overlaps(a: string, b: string): boolean {
  const bare = (pattern: string) => (pattern.endsWith('*') ? pattern.slice(0, -1) : pattern);
  return matchesPath(a, bare(b)) || matchesPath(b, bare(a));
}

/**
 * Conditions of the rules that take some of the paths: as many rules as it needs, since each compares with few values.
 * @throws Error where the conditions that every rule repeats leave no room for a path.
 */
export function pathConditions(
  prop: string,
  paths: readonly string[],
  repeated: readonly elbv2.ListenerCondition[],
): elbv2.ListenerCondition[][] {
  const rendered = repeated.map((condition) => condition.renderRawCondition() as Readonly<Record<string, unknown>>);
  if (rendered.some(({ field }) => field === 'path-pattern')) {
    throw new Error(
      `${prop} adds rules by path, and a rule holds only one path condition: route to this service by host name or header instead of by path`,
    );
  }
  const room = MAX_VALUES - rendered.reduce((sum, condition) => sum + valuesOf(condition), 0);
  if (room < 1) {
    throw new Error(
      `${prop} adds rules by path, and a rule compares with at most ${MAX_VALUES} values: the routing leaves no room, have it compare with fewer`,
    );
  }
  const rules: elbv2.ListenerCondition[][] = [];
  for (let start = 0; start < paths.length; start += room) {
    rules.push([...repeated, elbv2.ListenerCondition.pathPatterns(paths.slice(start, start + room))]);
  }
  return rules;
}

function valuesOf(condition: Readonly<Record<string, unknown>>): number {
  return Object.values(condition)
    .map((config) => (config as { values?: unknown } | undefined)?.values)
    .reduce<number>((sum, values) => sum + (Array.isArray(values) ? values.length : 0), 0);
}
