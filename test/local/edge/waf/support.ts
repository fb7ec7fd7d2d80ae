import type { FieldToMatch, Rule, Statement, WebACL } from '@aws-sdk/client-wafv2';
import type { InspectedRequest } from '../../../../local/edge/waf/inspected-request.js';
import { RateCounters } from '../../../../local/edge/waf/rate.js';
import { compileStatement } from '../../../../local/edge/waf/statement.js';
import { compileWebAcl } from '../../../../local/edge/waf/web-acl.js';

export const NONE = [{ Priority: 0, Type: 'NONE' as const }];
export const PREFIX = 'awswaf:000000000000:webacl:Acl:';

export function requestWith(parts: Partial<InspectedRequest> = {}): InspectedRequest {
  return { method: 'GET', path: '/', query: '', headers: [], body: '', client: '127.0.0.1', labels: [], ...parts };
}

/** Whether a statement matches a request; throws where it is not emulated. */
export function matches(statement: Statement, request: Partial<InspectedRequest>, sets: Sets = {}): boolean {
  const compiled = compileStatement(statement, {
    ipSets: new Map(Object.entries(sets.ipSets ?? {})),
    regexPatternSets: new Map(Object.entries(sets.regexPatternSets ?? {})),
    labelPrefix: PREFIX,
    rates: new RateCounters(() => 0, 0),
  });
  if (typeof compiled !== 'function') throw new Error(compiled.missing);
  return compiled(requestWith(request));
}

export interface Sets {
  readonly ipSets?: Record<string, readonly string[]>;
  readonly regexPatternSets?: Record<string, readonly string[]>;
}

export function contains(text: string, field: FieldToMatch): Statement {
  return {
    ByteMatchStatement: {
      SearchString: Buffer.from(text),
      FieldToMatch: field,
      PositionalConstraint: 'CONTAINS',
      TextTransformations: NONE,
    },
  };
}

export const visibility = {
  SampledRequestsEnabled: true,
  CloudWatchMetricsEnabled: true,
  MetricName: 'test',
};

export function webAcl(rules: readonly Omit<Rule, 'VisibilityConfig'>[], parts: Partial<WebACL> = {}) {
  const acl: WebACL = {
    Name: 'Acl',
    Id: '00000000-0000-0000-0000-000000000000',
    ARN: 'arn:aws:wafv2:us-east-1:000000000000:regional/webacl/Acl/0',
    DefaultAction: { Allow: {} },
    VisibilityConfig: visibility,
    Rules: rules.map((rule) => ({ ...rule, VisibilityConfig: visibility })),
    ...parts,
  };
  const counters = new Map<string, RateCounters>();
  return compileWebAcl({ acl, ipSets: new Map(), regexPatternSets: new Map() }, ({ Name = '' }) => {
    const known = counters.get(Name) ?? new RateCounters(() => 0, 0);
    counters.set(Name, known);
    return known;
  });
}
