import type { FieldToMatch, Statement, TextTransformation } from '@aws-sdk/client-wafv2';
import { cidrContains, parseCidr } from '../../../contract/cidr.js';
import { type Bytes, bytesOf, bytesOfBuffer } from './bytes.js';
import { fieldToMatch } from './fields.js';
import { forwardedAddresses } from './forwarded-address.js';
import type { Compiled, Matcher } from './matcher.js';
import { type RateCounters, rateMatcher } from './rate.js';
import { transformations } from './transformations.js';

export interface StatementContext {
  readonly ipSets: ReadonlyMap<string, readonly string[]>;
  readonly regexPatternSets: ReadonlyMap<string, readonly string[]>;
  /** `awswaf:ACCOUNT:webacl:NAME:`, before the labels of this web ACL's own rules. */
  readonly labelPrefix: string;
  readonly rates: RateCounters;
}

export function compileStatement(statement: Statement | undefined, context: StatementContext): Compiled {
  if (statement?.AndStatement) {
    return combine(statement.AndStatement.Statements, context, (all) => (request) => all.every((one) => one(request)));
  }
  if (statement?.OrStatement) {
    return combine(statement.OrStatement.Statements, context, (all) => (request) => all.some((one) => one(request)));
  }
  if (statement?.NotStatement) {
    const inner = compileStatement(statement.NotStatement.Statement, context);
    return typeof inner === 'function' ? (request) => !inner(request) : inner;
  }
  if (statement?.RateBasedStatement) return compileRate(statement, context);
  if (statement?.SizeConstraintStatement) {
    const { FieldToMatch, TextTransformations, ComparisonOperator, Size = 0 } = statement.SizeConstraintStatement;
    const compare = COMPARE[ComparisonOperator ?? ''];
    if (compare === undefined) return { missing: `the comparison ${ComparisonOperator}` };
    return onField(FieldToMatch, TextTransformations, (value) => compare(value.length, Size));
  }
  if (statement?.ByteMatchStatement) {
    const { FieldToMatch, TextTransformations, PositionalConstraint, SearchString } = statement.ByteMatchStatement;
    const position = POSITION[PositionalConstraint ?? ''];
    if (position === undefined) return { missing: `the position ${PositionalConstraint}` };
    const wanted = bytesOfBuffer(SearchString ?? new Uint8Array());
    return onField(FieldToMatch, TextTransformations, (value) => position(value, wanted));
  }
  if (statement?.RegexMatchStatement) {
    const { FieldToMatch, TextTransformations, RegexString = '' } = statement.RegexMatchStatement;
    return onRegex(FieldToMatch, TextTransformations, [RegexString]);
  }
  if (statement?.RegexPatternSetReferenceStatement) {
    const { FieldToMatch, TextTransformations, ARN = '' } = statement.RegexPatternSetReferenceStatement;
    const patterns = context.regexPatternSets.get(ARN);
    if (patterns === undefined) return { missing: `the regex pattern set ${ARN}, which AWS does not know` };
    return onRegex(FieldToMatch, TextTransformations, patterns);
  }
  if (statement?.IPSetReferenceStatement) return compileIpSet(statement.IPSetReferenceStatement, context);
  if (statement?.LabelMatchStatement) {
    const { Key = '', Scope } = statement.LabelMatchStatement;
    const names = [Key, context.labelPrefix + Key];
    return Scope === 'NAMESPACE'
      ? ({ labels }) => labels.some((label) => names.some((name) => label.startsWith(name)))
      : ({ labels }) => labels.some((label) => names.includes(label));
  }
  return { missing: `a ${Object.keys(statement ?? {}).join(', ') || 'rule without a statement'}` };
}

function combine(
  statements: readonly Statement[] | undefined,
  context: StatementContext,
  join: (all: readonly Matcher[]) => Matcher,
): Compiled {
  const all: Matcher[] = [];
  for (const statement of statements ?? []) {
    const compiled = compileStatement(statement, context);
    if (typeof compiled !== 'function') return compiled;
    all.push(compiled);
  }
  return join(all);
}

function compileRate(statement: Statement, context: StatementContext): Compiled {
  const rate = statement.RateBasedStatement;
  if (rate === undefined) return { missing: 'a rate-based statement' };
  const scope = rate.ScopeDownStatement ? compileStatement(rate.ScopeDownStatement, context) : () => true;
  if (typeof scope !== 'function') return scope;
  return rateMatcher(rate, scope, context.rates);
}

function compileIpSet(
  statement: NonNullable<Statement['IPSetReferenceStatement']>,
  { ipSets }: StatementContext,
): Compiled {
  const addresses = ipSets.get(statement.ARN ?? '');
  if (addresses === undefined) return { missing: `the IP set ${statement.ARN}, which AWS does not know` };
  const cidrs = addresses.flatMap((address) => parseCidr(address) ?? []);
  const inSet = (address: string) => cidrs.some((cidr) => cidrContains(cidr, address));
  const forwarded = statement.IPSetForwardedIPConfig;
  if (forwarded === undefined) return (request) => inSet(request.client);
  return (request) => {
    const found = forwardedAddresses(request, forwarded.HeaderName);
    if (found === undefined) return false;
    if (found.includes(undefined)) return forwarded.FallbackBehavior === 'MATCH';
    const position = forwarded.Position;
    const looked =
      position === 'FIRST' ? found.slice(0, 1) : position === 'LAST' ? found.slice(-1) : found.slice(0, 10);
    return looked.some((address) => address !== undefined && inSet(address));
  };
}

function onField(
  field: FieldToMatch | undefined,
  transforms: readonly TextTransformation[] | undefined,
  test: (value: Bytes) => boolean,
): Compiled {
  const read = fieldToMatch(field);
  if (typeof read !== 'function') return read;
  const transform = transformations(transforms);
  if (typeof transform !== 'function') return { missing: `the text transformation ${transform.missing}` };
  return (request) => {
    const inspected = read(request);
    return typeof inspected === 'boolean' ? inspected : inspected.some((value) => test(transform(value)));
  };
}

function onRegex(
  field: FieldToMatch | undefined,
  transforms: readonly TextTransformation[] | undefined,
  patterns: readonly string[],
): Compiled {
  try {
    const expressions = patterns.map((pattern) => {
      // PCRE writes options inline at the beginning; JavaScript beside the expression.
      const inline = /^\(\?([ims]+)\)/.exec(pattern);
      return new RegExp(bytesOf(pattern.slice(inline?.[0].length ?? 0)), inline?.[1] ?? '');
    });
    return onField(field, transforms, (value) => expressions.some((expression) => expression.test(value)));
  } catch (error) {
    return { missing: `a regular expression (${error instanceof Error ? error.message : 'unreadable'})` };
  }
}

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  EQ: (a, b) => a === b,
  NE: (a, b) => a !== b,
  LE: (a, b) => a <= b,
  LT: (a, b) => a < b,
  GE: (a, b) => a >= b,
  GT: (a, b) => a > b,
};

const POSITION: Readonly<Record<string, (value: Bytes, wanted: Bytes) => boolean>> = {
  EXACTLY: (value, wanted) => value === wanted,
  STARTS_WITH: (value, wanted) => value.startsWith(wanted),
  ENDS_WITH: (value, wanted) => value.endsWith(wanted),
  CONTAINS: (value, wanted) => value.includes(wanted),
  CONTAINS_WORD: containsWord,
};

/** The wanted bytes with no letter, digit or underscore before and after them. */
function containsWord(value: Bytes, wanted: Bytes): boolean {
  if (wanted === '') return true;
  const word = (character: string) => /\w/.test(character);
  for (let at = value.indexOf(wanted); at >= 0; at = value.indexOf(wanted, at + 1)) {
    if (!word(value.charAt(at - 1)) && !word(value.charAt(at + wanted.length))) return true;
  }
  return false;
}
