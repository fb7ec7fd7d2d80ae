import { Annotations, ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type Kinds, shown } from './kinds';

/** How the log groups are kept that something makes. */
export interface LogOptions {
  /**
   * How long logs are kept; what is kept costs about 0.03 USD a GB and month. The log of a gate, in a SecureTtsService
   * that of the whole task, says who called when: Chinese cybersecurity law asks for six months of it. In a
   * SecureTtsService these options also hold for an authorizer, a firewall and the functions of a certificate that it
   * makes.
   * @default - logs.RetentionDays.ONE_YEAR for the log of a gate and its task, ONE_MONTH for others
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * A KMS key that encrypts the logs, in the same region. The policy of a key of this app is extended so that CloudWatch
   * Logs may use it; that of a key from elsewhere must allow it already.
   * @default - CloudWatch Logs encrypts with a key of its own
   */
  readonly logEncryptionKey?: kms.IKey;
  /**
   * What becomes of the log groups when the stack is destroyed. `RETAIN` keeps them. That of a firewall has a name which
   * AWS WAF demands: a stack that is made anew under the same name needs it to be deleted first.
   * @default RemovalPolicy.DESTROY
   */
  readonly logRemovalPolicy?: RemovalPolicy;
}

/** What each of these props holds. */
export const LOG_KINDS: Kinds = { logRetention: 'number', logEncryptionKey: 'key', logRemovalPolicy: 'text' };

/** Those of some props that say how logs are kept. */
export function logOptions({ logRetention, logEncryptionKey, logRemovalPolicy }: LogOptions): LogOptions {
  return { logRetention, logEncryptionKey, logRemovalPolicy };
}

/** Policies that a log group can have: it takes no snapshots. */
const REMOVAL_POLICIES: readonly string[] = [
  RemovalPolicy.DESTROY,
  RemovalPolicy.RETAIN,
  RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
];

/** A log group, as these options want it. @throws Error naming a removal policy that a log group cannot have. */
export function createLogGroup(
  scope: Construct,
  id: string,
  options: LogOptions & { readonly logGroupName?: string; readonly defaultRetention?: logs.RetentionDays },
): logs.LogGroup {
  const { logEncryptionKey: encryptionKey, logRemovalPolicy: removalPolicy = RemovalPolicy.DESTROY } = options;
  if (!REMOVAL_POLICIES.includes(removalPolicy)) {
    throw new Error(
      `${scope.node.path}: logRemovalPolicy must be RemovalPolicy.DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE, got ${shown(removalPolicy)}`,
    );
  }
  if (encryptionKey) allowLogs(scope, encryptionKey);
  return new logs.LogGroup(scope, id, {
    logGroupName: options.logGroupName,
    retention: options.logRetention ?? options.defaultRetention ?? logs.RetentionDays.ONE_MONTH,
    encryptionKey,
    removalPolicy,
  });
}

/** Lets CloudWatch Logs use a key, for log groups of this account and region alone. */
function allowLogs(scope: Construct, key: kms.IKey): void {
  const stack = Stack.of(scope);
  const logGroups = stack.formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  const { statementAdded } = key.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal(`logs.${stack.region}.${stack.urlSuffix}`)],
      actions: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
      resources: ['*'],
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups } },
    }),
  );
  if (statementAdded) return;
  Annotations.of(scope).addWarningV2(
    'voicegate:logEncryptionKey',
    `logEncryptionKey ${key.node.path} was made outside this app, so its policy cannot be changed here: it must let ` +
      'logs.REGION.amazonaws.com encrypt and decrypt, or the deployment fails.',
  );
}
