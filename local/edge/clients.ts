import { ACMClient } from '@aws-sdk/client-acm';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { WAFV2Client } from '@aws-sdk/client-wafv2';
import { awsClients } from '../aws-clients.js';
import type { LocalAws } from '../contracts.js';

export type Clients = ReturnType<typeof edgeClients>;

/** What the edge reads of AWS. */
export function edgeClients(aws: LocalAws) {
  return awsClients(aws, { elb: ElasticLoadBalancingV2Client, waf: WAFV2Client, acm: ACMClient, lambda: LambdaClient });
}
