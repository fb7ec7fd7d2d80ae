import type * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import { checkInteger } from '../shared/checks';
import type { WafRule } from './waf-rule';

/** A rule of one's own. Its place and its metrics are the firewall's business. */
export interface FirewallRule {
  /** Name of the rule: 1 to 128 letters, digits, `-` and `_`. */
  readonly name: string;
  /** What requests must meet. */
  readonly statement: wafv2.CfnWebACL.StatementProperty;
  /**
   * What happens to them, such as `{ block: {} }`.
   * @default - none: the statement is a rule group, whose rules have actions of their own
   */
  readonly action?: wafv2.CfnWebACL.RuleActionProperty;
  /**
   * Capacity units (WCU) that the statement costs, from 0 to 5000, as AWS WAF's CheckCapacity says. They are added to the
   * firewall's.
   * @default 0
   */
  readonly capacity?: number;
}

/** The rule as the firewall renders it. @throws Error naming what is wrong. */
export function customRule({ name, statement, action, capacity }: FirewallRule): WafRule {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(name)) {
    throw new Error(`Firewall: rules: name must be 1 to 128 letters, digits, "-" and "_", got "${name}"`);
  }
  checkInteger(`Firewall: rules: capacity of ${name}`, capacity, 0, 5000);
  return {
    name,
    statement,
    capacity: capacity ?? 0,
    ...(action ? { action } : { overrideAction: { none: {} } }),
  };
}
