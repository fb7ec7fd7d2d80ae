import { Annotations, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from '../shared/acknowledge';

/** Days that access logs are kept. They hold full URLs, so the text of GET requests too: not longer than needed. */
export const ACCESS_LOG_DAYS = 14;

/** The bucket for a load balancer's access logs, emptied after 14 days. */
export function createAccessLogBucket(scope: Construct, id: string, removalPolicy: RemovalPolicy): s3.Bucket {
  const bucket = new s3.Bucket(scope, id, {
    // Load balancers deliver to buckets with keys of S3 only, never to ones with KMS keys.
    encryption: s3.BucketEncryption.S3_MANAGED,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    lifecycleRules: [
      { expiration: Duration.days(ACCESS_LOG_DAYS), abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
    removalPolicy,
    autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY,
  });
  acknowledge(bucket, {
    'AwsSolutions-S1': 'This bucket is where access logs go; logging its own access would only log the delivery.',
  });
  return bucket;
}

/** A bucket of somebody else. @throws Error where a load balancer could not deliver to it. */
export function checkAccessLogBucket(scope: Construct, bucket: s3.IBucket): void {
  const resource = bucket.node.defaultChild;
  const stack = Stack.of(bucket);
  const encryption =
    resource instanceof s3.CfnBucket ? JSON.stringify(stack.resolve(resource.bucketEncryption ?? null)) : '';
  if (bucket.encryptionKey || encryption.includes('"aws:kms')) {
    throw new Error(
      `HttpsLoadBalancer: accessLogBucket ${bucket.node.path} is encrypted with a KMS key, but load balancers deliver to ` +
        'buckets with keys of S3 only; give one with BucketEncryption.S3_MANAGED',
    );
  }
  if (resource instanceof s3.CfnBucket) return;
  Annotations.of(scope).addWarningV2(
    'voicegate:importedLogBucket',
    `accessLogBucket ${bucket.node.path} was made outside this app, so its policy cannot be changed here and its encryption not seen. ` +
      'It must be encrypted with keys of S3, and its policy must allow the principal logdelivery.elasticloadbalancing.amazonaws.com ' +
      `s3:PutObject on ${bucket.arnForObjects('*')}; otherwise the deployment fails with "Access Denied for bucket".`,
  );
}
