import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { awsClients } from '../aws-clients.js';
import type { LocalAws } from '../contracts.js';

export type Clients = ReturnType<typeof taskClients>;

/** What running tasks needs of AWS. */
export function taskClients(aws: LocalAws) {
  return awsClients(aws, {
    cloudFormation: CloudFormationClient,
    ecs: ECSClient,
    elb: ElasticLoadBalancingV2Client,
    logs: CloudWatchLogsClient,
    secrets: SecretsManagerClient,
    ssm: SSMClient,
    sts: STSClient,
  });
}
