import type * as wafv2 from 'aws-cdk-lib/aws-wafv2';

/** A statement of AWS WAF and the capacity units (WCU) it costs. */
export interface WafStatement {
  readonly statement: wafv2.CfnWebACL.StatementProperty;
  readonly capacity: number;
}

type Transformation = 'NONE' | 'URL_DECODE' | 'NORMALIZE_PATH' | 'LOWERCASE';

/** What a text transformation costs, whichever it is; NONE is free. */
const TRANSFORMATION_CAPACITY = 10;
const BYTE_MATCH_CAPACITY = 2;
const REGEX_CAPACITY = 3;

/**
 * Whether the path matches one of the patterns.
 * @param how `spelled`: exactly as the client wrote it, for exceptions from blocking, which must be narrow.
 * `decoded`: however it is written, for limits, which must not be walked around.
 */
export function pathStatement(patterns: readonly string[], how: 'spelled' | 'decoded'): WafStatement {
  const transformations: readonly Transformation[] = how === 'spelled' ? ['NONE'] : ['URL_DECODE', 'NORMALIZE_PATH'];
  return anyOf(
    patterns.map((pattern) => ({
      statement: {
        byteMatchStatement: {
          fieldToMatch: { uriPath: {} },
          positionalConstraint: pattern.endsWith('*') ? 'STARTS_WITH' : 'EXACTLY',
          searchString: pattern.replace(/\*$/, ''),
          textTransformations: transformations.map((type, priority) => ({ type, priority })),
        },
      },
      capacity: BYTE_MATCH_CAPACITY + (how === 'spelled' ? 0 : transformations.length * TRANSFORMATION_CAPACITY),
    })),
  );
}

/** Whether the query string is longer than so many bytes, as it is sent. */
export function queryLongerThan(bytes: number): WafStatement {
  return {
    statement: {
      sizeConstraintStatement: {
        fieldToMatch: { queryString: {} },
        comparisonOperator: 'GT',
        size: bytes,
        textTransformations: [{ type: 'NONE', priority: 0 }],
      },
    },
    capacity: 1,
  };
}

/** Whether the decoded query or the body matches a regular expression. */
export function textMatches(regexString: string): WafStatement {
  const textTransformations = [{ type: 'URL_DECODE', priority: 0 }];
  const parts = [{ queryString: {} }, { body: { oversizeHandling: 'CONTINUE' } }].map((fieldToMatch) => ({
    statement: { regexMatchStatement: { fieldToMatch, regexString, textTransformations } },
    capacity: REGEX_CAPACITY + TRANSFORMATION_CAPACITY,
  }));
  return anyOf(parts);
}

/** Whether the path, exactly as the client wrote it, matches a regular expression. */
export function pathMatches(regexString: string): WafStatement {
  return {
    statement: {
      regexMatchStatement: {
        fieldToMatch: { uriPath: {} },
        regexString,
        textTransformations: [{ type: 'NONE', priority: 0 }],
      },
    },
    capacity: REGEX_CAPACITY,
  };
}

export function methodStatement(method: string): WafStatement {
  return {
    statement: {
      byteMatchStatement: {
        fieldToMatch: { method: {} },
        positionalConstraint: 'EXACTLY',
        searchString: method,
        textTransformations: [{ type: 'NONE', priority: 0 }],
      },
    },
    capacity: BYTE_MATCH_CAPACITY,
  };
}

export function countryStatement(countryCodes: readonly string[]): WafStatement {
  return { statement: { geoMatchStatement: { countryCodes: [...countryCodes] } }, capacity: 1 };
}

export function ipSetStatement(arn: string): WafStatement {
  return { statement: { ipSetReferenceStatement: { arn } }, capacity: 1 };
}

export function labelStatement(keys: readonly string[]): WafStatement {
  return anyOf(keys.map((key) => ({ statement: { labelMatchStatement: { scope: 'LABEL', key } }, capacity: 1 })));
}

/** At least one of the statements. A single one stands for itself: AWS WAF refuses an OR of one. */
export function anyOf(statements: readonly WafStatement[]): WafStatement {
  return combine(statements, (nested) => ({ orStatement: { statements: nested } }));
}

/** All of the statements. */
export function allOf(statements: readonly WafStatement[]): WafStatement {
  return combine(statements, (nested) => ({ andStatement: { statements: nested } }));
}

export function not(inner: WafStatement): WafStatement {
  return { statement: { notStatement: { statement: inner.statement } }, capacity: inner.capacity };
}

function combine(
  statements: readonly WafStatement[],
  wrap: (nested: wafv2.CfnWebACL.StatementProperty[]) => wafv2.CfnWebACL.StatementProperty,
): WafStatement {
  const [first, ...rest] = statements;
  if (first === undefined) throw new Error('a statement of AWS WAF needs at least one part, got none');
  if (rest.length === 0) return first;
  return {
    statement: wrap(statements.map((part) => part.statement)),
    capacity: statements.reduce((sum, part) => sum + part.capacity, 0),
  };
}
