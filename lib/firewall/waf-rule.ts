import type * as wafv2 from 'aws-cdk-lib/aws-wafv2';

/** A rule without its place among the others, and the capacity units (WCU) it costs. */
export interface WafRule {
  readonly name: string;
  readonly capacity: number;
  readonly statement: wafv2.CfnWebACL.StatementProperty;
  /** For rules of one statement. */
  readonly action?: wafv2.CfnWebACL.RuleActionProperty;
  /** For rule groups, whose rules have actions of their own. */
  readonly overrideAction?: wafv2.CfnWebACL.OverrideActionProperty;
}

/** Keys of the bodies with which requests are refused. */
export const RESPONSE_BODIES = {
  forbidden: { contentType: 'APPLICATION_JSON', content: JSON.stringify({ error: 'Forbidden' }) },
  tooManyRequests: { contentType: 'APPLICATION_JSON', content: JSON.stringify({ error: 'Too Many Requests' }) },
  tooLong: { contentType: 'APPLICATION_JSON', content: JSON.stringify({ error: 'URI Too Long' }) },
} as const;

export const BLOCK: wafv2.CfnWebACL.RuleActionProperty = {
  block: { customResponse: { responseCode: 403, customResponseBodyKey: 'forbidden' } },
};

export const TOO_LONG: wafv2.CfnWebACL.RuleActionProperty = {
  block: { customResponse: { responseCode: 414, customResponseBodyKey: 'tooLong' } },
};

export const COUNT: wafv2.CfnWebACL.RuleActionProperty = { count: {} };

/** A refusal for asking too often. */
export function tooManyRequests(retryAfterSeconds: number): wafv2.CfnWebACL.RuleActionProperty {
  return {
    block: {
      customResponse: {
        responseCode: 429,
        customResponseBodyKey: 'tooManyRequests',
        responseHeaders: [{ name: 'Retry-After', value: String(retryAfterSeconds) }],
      },
    },
  };
}

/** The rules in their order, as CloudFormation takes them. */
export function renderRules(
  rules: readonly WafRule[],
  headers: readonly wafv2.CfnWebACL.CustomHTTPHeaderProperty[] = [],
): wafv2.CfnWebACL.RuleProperty[] {
  return rules.map(({ name, statement, action, overrideAction }, priority) => ({
    name,
    priority,
    statement,
    action: withHeaders(action, headers),
    overrideAction,
    visibilityConfig: { cloudWatchMetricsEnabled: true, metricName: name, sampledRequestsEnabled: true },
  }));
}

/** The action, with these headers on the answer of a refusal of our own; those of rule groups cannot have any. */
function withHeaders(
  action: wafv2.CfnWebACL.RuleActionProperty | undefined,
  headers: readonly wafv2.CfnWebACL.CustomHTTPHeaderProperty[],
): wafv2.CfnWebACL.RuleActionProperty | undefined {
  const block = action?.block as wafv2.CfnWebACL.BlockActionProperty | undefined;
  const response = block?.customResponse as wafv2.CfnWebACL.CustomResponseProperty | undefined;
  if (response === undefined || headers.length === 0) return action;
  const own = (response.responseHeaders ?? []) as wafv2.CfnWebACL.CustomHTTPHeaderProperty[];
  return { ...action, block: { customResponse: { ...response, responseHeaders: [...own, ...headers] } } };
}
