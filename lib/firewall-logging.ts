import { ArnFormat, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';

/** Headers that hold credentials. */
export const SECRET_HEADERS = ['authorization', 'cookie', 'x-api-key'] as const;

/** AWS WAF delivers only to log groups whose names begin so. */
const NAME_PREFIX = 'aws-waf-logs-';

/** Options of a firewall's log. */
export interface FirewallLogOptions {
  /**
   * How long the log is kept.
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly retention?: logs.RetentionDays;
}

/** Logs what the web ACL did to a log group of its own, without credentials and without the query. */
export function createFirewallLog(scope: Construct, webAclArn: string, options: FirewallLogOptions): logs.LogGroup {
  const logGroup = new logs.LogGroup(scope, 'Log', {
    logGroupName: NAME_PREFIX + Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' }),
    retention: options.retention ?? logs.RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  new wafv2.CfnLoggingConfiguration(scope, 'Logging', {
    resourceArn: webAclArn,
    logDestinationConfigs: [
      // Not logGroup.logGroupArn: it ends in ":*", which AWS WAF refuses.
      Stack.of(scope).formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName: logGroup.logGroupName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    ],
    redactedFields: [...SECRET_HEADERS.map((name) => ({ singleHeader: { Name: name } })), { queryString: {} }],
  });
  return logGroup;
}

/** What `redactedFields` does not reach: sampled requests, and what rules say they matched. */
export function dataProtection(): wafv2.CfnWebACL.DataProtectionConfigProperty {
  const substitute = { action: 'SUBSTITUTION', excludeRateBasedDetails: false, excludeRuleMatchDetails: false };
  return {
    dataProtections: [
      { ...substitute, field: { fieldType: 'SINGLE_HEADER', fieldKeys: [...SECRET_HEADERS] } },
      { ...substitute, field: { fieldType: 'QUERY_STRING' } },
      { ...substitute, field: { fieldType: 'BODY' } },
    ],
  };
}
