import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { KEY_TABLE } from '../../contract/names';

/** The table of API keys: on demand, with point-in-time recovery, kept when the stack is destroyed. */
export function createApiKeyTable(scope: Construct, id: string, deletionProtection: boolean): dynamodb.TableV2 {
  const text = dynamodb.AttributeType.STRING;
  return new dynamodb.TableV2(scope, id, {
    partitionKey: { name: KEY_TABLE.partitionKey, type: text },
    globalSecondaryIndexes: [
      { indexName: KEY_TABLE.ownerIndex, partitionKey: { name: KEY_TABLE.ownerIndex, type: text } },
    ],
    billing: dynamodb.Billing.onDemand(),
    encryption: dynamodb.TableEncryptionV2.dynamoOwnedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    timeToLiveAttribute: KEY_TABLE.ttlAttribute,
    deletionProtection,
    // Keys are handed out to people: losing them with a stack would lock everyone out. A first deployment that fails has
    // handed out none, and must not leave a table behind.
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
}
