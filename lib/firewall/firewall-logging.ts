import { ArnFormat, Names, type RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as firehose from 'aws-cdk-lib/aws-kinesisfirehose';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct, IConstruct } from 'constructs';
import { createLogGroup } from '../shared/log-options';

/** Headers that hold credentials. */
export const SECRET_HEADERS = ['authorization', 'cookie', 'x-api-key'] as const;

/** AWS WAF delivers only to log groups whose names begin so. */
const NAME_PREFIX = 'aws-waf-logs-';

/** Options of a log in CloudWatch Logs. */
export interface FirewallLogOptions {
  /**
   * How long the log is kept.
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly retention?: logs.RetentionDays;
  /**
   * A KMS key that encrypts the log, in the same region. The policy of a key of this app is extended so that CloudWatch
   * Logs may use it; that of a key from elsewhere must allow it already.
   * @default - CloudWatch Logs encrypts with a key of its own
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * What becomes of the log group when the stack is destroyed. AWS WAF demands a fixed name: one that was kept must be
   * deleted before a stack is made anew under the same name.
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Where a firewall writes what it did: without credentials and without the query, wherever that is. */
export abstract class FirewallLogging {
  /** To a new log group. */
  public static cloudWatch(options: FirewallLogOptions = {}): FirewallLogging {
    return new CloudWatchLogging(options);
  }

  /** To a bucket whose name begins with `aws-waf-logs-`, which AWS WAF demands. */
  public static s3(bucket: s3.IBucket): FirewallLogging {
    checkName('FirewallLogging.s3: bucket', bucket, bucket.bucketName);
    return new ArnLogging(bucket.bucketArn);
  }

  /** To a delivery stream of Amazon Data Firehose whose name begins with `aws-waf-logs-`, which AWS WAF demands. */
  public static firehose(deliveryStream: firehose.IDeliveryStream): FirewallLogging {
    checkName('FirewallLogging.firehose: deliveryStream', deliveryStream, deliveryStream.deliveryStreamName);
    return new ArnLogging(deliveryStream.deliveryStreamArn);
  }

  /** Nowhere. Metrics and sampled requests remain. */
  public static none(): FirewallLogging {
    return new NoLogging();
  }

  /** @internal The log group that was made, if any. */
  public abstract _bind(scope: Construct, webAclArn: string): logs.LogGroup | undefined;
}

class CloudWatchLogging extends FirewallLogging {
  constructor(private readonly options: FirewallLogOptions) {
    super();
  }

  public _bind(scope: Construct, webAclArn: string): logs.LogGroup {
    const { retention, encryptionKey, removalPolicy } = this.options;
    const logGroup = createLogGroup(scope, 'Log', {
      logGroupName: NAME_PREFIX + Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' }),
      logRetention: retention,
      logEncryptionKey: encryptionKey,
      logRemovalPolicy: removalPolicy,
    });
    // Not logGroup.logGroupArn: it ends in ":*", which AWS WAF refuses.
    const destination = Stack.of(scope).formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: logGroup.logGroupName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    configure(scope, webAclArn, destination);
    return logGroup;
  }
}

class ArnLogging extends FirewallLogging {
  constructor(private readonly destinationArn: string) {
    super();
  }

  public _bind(scope: Construct, webAclArn: string): undefined {
    configure(scope, webAclArn, this.destinationArn);
  }
}

class NoLogging extends FirewallLogging {
  public _bind(_scope: Construct, _webAclArn: string): undefined {}
}

function configure(scope: Construct, resourceArn: string, destination: string): void {
  new wafv2.CfnLoggingConfiguration(scope, 'Logging', {
    resourceArn,
    logDestinationConfigs: [destination],
    redactedFields: [...SECRET_HEADERS.map((name) => ({ singleHeader: { Name: name } })), { queryString: {} }],
  });
}

function checkName(prop: string, destination: IConstruct, name: string): void {
  const given = Token.isUnresolved(name) ? nameGiven(destination, name) : name;
  if (given === undefined) {
    throw new Error(
      `${prop}: ${destination.node.path} has no name, so CloudFormation would choose one; AWS WAF demands a name that begins with "${NAME_PREFIX}"`,
    );
  }
  if (typeof given === 'string' && !given.startsWith(NAME_PREFIX)) {
    throw new Error(`${prop}: the name must begin with "${NAME_PREFIX}", which AWS WAF demands, got "${given}"`);
  }
}

/** What a resource of this app was told about its name: its own `…Name` is a reference either way. */
function nameGiven(destination: IConstruct, name: string): unknown {
  const { defaultChild: resource } = destination.node;
  if (resource instanceof s3.CfnBucket) return resource.stack.resolve(resource.bucketName);
  if (resource instanceof firehose.CfnDeliveryStream) return resource.stack.resolve(resource.deliveryStreamName);
  return Stack.of(destination).resolve(name);
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
