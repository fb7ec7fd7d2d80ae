import { ACMClient } from '@aws-sdk/client-acm';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { WAFV2Client } from '@aws-sdk/client-wafv2';
import type { LocalAws } from '../contracts.js';

export interface AwsClients {
  readonly elb: ElasticLoadBalancingV2Client;
  readonly waf: WAFV2Client;
  readonly acm: ACMClient;
  destroy(): void;
}

export function awsClients(aws: LocalAws): AwsClients {
  const config = {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: {
      accessKeyId: aws.env.AWS_ACCESS_KEY_ID ?? 'local',
      secretAccessKey: aws.env.AWS_SECRET_ACCESS_KEY ?? 'local',
    },
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000 },
  };
  const elb = new ElasticLoadBalancingV2Client(config);
  const waf = new WAFV2Client(config);
  const acm = new ACMClient(config);
  return {
    elb,
    waf,
    acm,
    destroy: () => {
      for (const client of [elb, waf, acm]) client.destroy();
    },
  };
}
