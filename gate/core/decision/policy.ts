/** The IAM policy that a foreign authorizer may answer, evaluated for one route as API Gateway does. */

export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  /** Resource patterns; empty: the statement could not be read, so a Deny refuses everything. */
  readonly resources: readonly string[];
  readonly conditional: boolean;
}

const INVOKE = 'execute-api:Invoke';

/** The statements that concern invoking an API, or undefined when the document is no policy. */
export function readPolicy(document: unknown): readonly Statement[] | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { Statement: given } = document as { Statement?: unknown };
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  const statements: Statement[] = [];
  for (const item of list) {
    if (typeof item !== 'object' || item === null) return undefined;
    const { Effect, Action, Resource, Condition } = item as Readonly<Record<string, unknown>>;
    if (Effect !== 'Allow' && Effect !== 'Deny') return undefined;
    const actions = texts(Action);
    // NotAction: what it covers cannot be told, so it refuses, or allows nothing.
    if (
      actions !== undefined &&
      !actions.some((action) => matchesWildcard(action.toLowerCase(), INVOKE.toLowerCase()))
    ) {
      continue;
    }
    const resources = actions === undefined ? [] : (texts(Resource) ?? []);
    statements.push({ effect: Effect, resources, conditional: Condition !== undefined });
  }
  return statements;
}

/** Whether the route is allowed: no Deny matches and some Allow does. Conditions are not evaluated, so they never allow. */
export function policyAllows(statements: readonly Statement[], arn: string): boolean {
  let allowed = false;
  for (const { effect, resources, conditional } of statements) {
    const matches = resources.some((pattern) => matchesWildcard(pattern, arn));
    if (effect === 'Deny' && (matches || resources.length === 0)) return false;
    if (effect === 'Allow' && matches && !conditional) allowed = true;
  }
  return allowed;
}

/** `*` is any run of characters, `?` any one. Linear in the text for each `*`, so no pattern is a trap. */
export function matchesWildcard(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

function texts(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
