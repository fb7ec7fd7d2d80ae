import { Stack } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** Saved queries over the gate's log, by name. The runbook speaks of each. */
export const LOG_QUERIES: Readonly<Record<string, string>> = {
  'answers by status and reason': `filter ispresent(decision)
| stats count(*) as answers by status, reason
| sort answers desc`,
  'errors with their reasons': `filter status >= 500
| fields @timestamp, status, reason, method, path, keyId, seconds, appSeconds, requestId, traceId
| sort @timestamp desc
| limit 200`,
  'refused by key and client': `filter decision = "deny"
| stats count(*) as refused by reason, keyId, client
| sort refused desc
| limit 100`,
  'one key': `filter keyId = "KEYID"
| fields @timestamp, status, reason, method, path, client, characters, seconds, requestId
| sort @timestamp desc
| limit 200`,
  'one request': `filter requestId = "REQUESTID"
| fields @timestamp, @message`,
  'slowest answers': `filter decision = "allow"
| fields @timestamp, seconds, appSeconds, status, path, characters, keyId, requestId
| sort seconds desc
| limit 100`,
  'who fails most': `filter ispresent(failedClients)
| fields @timestamp, FailedAttempts, Bans, Banned, @message
| sort @timestamp desc
| limit 60`,
  'what the gates say of themselves': `filter @message like /voicegate gate:|\\[(error|crit|alert|emerg)\\]/
| fields @timestamp, @logStream, @message
| sort @timestamp desc
| limit 200`,
};

/** Saves the queries in CloudWatch Logs Insights, in a folder with the stack's name. */
export function saveLogQueries(scope: Construct, logGroup: logs.ILogGroup): void {
  for (const [name, queryString] of Object.entries(LOG_QUERIES)) {
    const id = name.replace(/(?:^| )([a-z])/g, (_, letter: string) => letter.toUpperCase());
    new logs.CfnQueryDefinition(scope, `${id}Query`, {
      name: `${Stack.of(scope).stackName}/${name}`,
      queryString,
      logGroupNames: [logGroup.logGroupName],
    });
  }
}
