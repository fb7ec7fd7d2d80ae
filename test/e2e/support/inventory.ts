import { ACMClient, ListCertificatesCommand } from '@aws-sdk/client-acm';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ECSClient, ListClustersCommand } from '@aws-sdk/client-ecs';
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListWebACLsCommand, WAFV2Client } from '@aws-sdk/client-wafv2';
import type { LocalAws } from '../../../local/contracts.js';
import { namingKey } from '../../../local/emulator/aws.js';

/** What an account holds, by kind: asked from each service, not from CloudFormation. */
export type Inventory = Readonly<Record<string, readonly string[]>>;

export async function takeInventory(aws: LocalAws): Promise<Inventory> {
  const options = {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: {
      accessKeyId: aws.env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: aws.env.AWS_SECRET_ACCESS_KEY ?? '',
    },
    requestHandler: { requestTimeout: 20_000 },
  };
  const elb = new ElasticLoadBalancingV2Client(options);
  const clients = {
    acm: new ACMClient(options),
    ecs: new ECSClient(options),
    lambda: new LambdaClient(options),
    logs: new CloudWatchLogsClient(options),
    dynamodb: new DynamoDBClient(options),
    waf: new WAFV2Client(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
  };
  const { acm, ecs, lambda, logs, dynamodb, waf, s3 } = clients;
  try {
    return {
      loadBalancers: names((await elb.send(new DescribeLoadBalancersCommand({}))).LoadBalancers, 'LoadBalancerName'),
      targetGroups: names((await elb.send(new DescribeTargetGroupsCommand({}))).TargetGroups, 'TargetGroupName'),
      certificates: names((await acm.send(new ListCertificatesCommand({}))).CertificateSummaryList, 'CertificateArn'),
      clusters: ((await ecs.send(new ListClustersCommand({}))).clusterArns ?? []).toSorted(),
      functions: names((await lambda.send(new ListFunctionsCommand({}))).Functions, 'FunctionName'),
      // Lambda itself makes those of aws-cdk-lib's providers, when they run; they stay in every account.
      logGroups: names((await logs.send(new DescribeLogGroupsCommand({}))).logGroups, 'logGroupName').filter(
        (name) => !/^\/aws\/lambda\/\w+-Custom\w+CustomResource/.test(name),
      ),
      tables: ((await dynamodb.send(new ListTablesCommand({}))).TableNames ?? []).toSorted(),
      webAcls: names((await waf.send(new ListWebACLsCommand({ Scope: 'REGIONAL' }))).WebACLs, 'Name'),
      // The bucket of `cdk bootstrap` stays in an account for good.
      buckets: names((await s3.send(new ListBucketsCommand({}))).Buckets, 'Name').filter(
        (name) => !name.startsWith('cdk-'),
      ),
      networks: await networks(aws),
    };
  } finally {
    elb.destroy();
    for (const client of Object.values(clients)) client.destroy();
  }
}

/** What an inventory has and an earlier one had not, by kind. */
export function added(before: Inventory, after: Inventory): Inventory {
  return Object.fromEntries(
    Object.entries(after)
      .map(([kind, found]) => [kind, found.filter((name) => !before[kind]?.includes(name))] as const)
      .filter(([, found]) => found.length > 0),
  );
}

function names<K extends string>(found: readonly { readonly [key in K]?: string }[] | undefined, key: K): string[] {
  return (found ?? []).map((one) => one[key] ?? '').sort();
}

/** EC2 speaks a protocol of its own; one question needs no client for it. */
async function networks(aws: LocalAws): Promise<readonly string[]> {
  const response = await fetch(aws.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...namingKey(aws, 'ec2'),
    },
    body: 'Action=DescribeVpcs&Version=2016-11-15',
    signal: AbortSignal.timeout(20_000),
  });
  return [...(await response.text()).matchAll(/<vpcId>([^<]+)/g)].map(([, id = '']) => id).sort();
}
