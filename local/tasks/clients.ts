import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import type { LocalAws } from '../contracts.js';

/** Milliseconds for one call of an AWS API. */
const CALL_TIMEOUT = 10_000;

export interface Clients {
  readonly cloudFormation: CloudFormationClient;
  readonly ecs: ECSClient;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly logs: CloudWatchLogsClient;
  readonly secrets: SecretsManagerClient;
  readonly ssm: SSMClient;
  readonly sts: STSClient;
  destroy(): void;
}

/** Clients of the emulated AWS: endpoint and credentials are given, nothing comes from the developer's environment. */
export function awsClients(aws: LocalAws): Clients {
  const config = {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: {
      accessKeyId: aws.env.AWS_ACCESS_KEY_ID ?? 'local',
      secretAccessKey: aws.env.AWS_SECRET_ACCESS_KEY ?? 'local',
      ...(aws.env.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: aws.env.AWS_SESSION_TOKEN }),
    },
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 2000, requestTimeout: CALL_TIMEOUT, throwOnRequestTimeout: true },
  };
  const clients = {
    cloudFormation: new CloudFormationClient(config),
    ecs: new ECSClient(config),
    elb: new ElasticLoadBalancingV2Client(config),
    logs: new CloudWatchLogsClient(config),
    secrets: new SecretsManagerClient(config),
    ssm: new SSMClient(config),
    sts: new STSClient(config),
  };
  return {
    ...clients,
    destroy: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}
