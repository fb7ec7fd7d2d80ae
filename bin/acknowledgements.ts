import { type Stack, Validations } from 'aws-cdk-lib';

/** A control of a standard that the app does not follow to the letter, and why that is right here. */
export interface Acknowledgement {
  /** Name of the rule in cdk-nag, without its pack. */
  readonly rule: string;
  readonly packs: readonly Pack[];
  readonly reason: string;
}

export type Pack = 'NIST.800.53.R5' | 'PCI.DSS.321';

const BOTH: readonly Pack[] = ['NIST.800.53.R5', 'PCI.DSS.321'];
const NIST: readonly Pack[] = ['NIST.800.53.R5'];

/** All of them: docs/compliance.md shows the same list. */
export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    rule: 'ALBHttpToHttpsRedirection',
    packs: BOTH,
    reason:
      'Port 80 redirects GET and HEAD and refuses every other method: a redirect would turn a POST into a GET and send its body in the clear twice.',
  },
  {
    rule: 'ELBv2ACMCertificateRequired',
    packs: BOTH,
    reason: 'The listener without a certificate is the one on port 80, which serves nothing.',
  },
  {
    rule: 'ELBDeletionProtectionEnabled',
    packs: NIST,
    reason: 'Off by default so that a trial can be removed; -c deletionProtection=true switches it on.',
  },
  {
    rule: 'CloudWatchLogGroupEncrypted',
    packs: BOTH,
    reason:
      'CloudWatch Logs encrypts every log group with keys of its own; the logs hold neither secrets nor the text, so a customer key would protect nothing more.',
  },
  {
    rule: 'CloudWatchAlarmAction',
    packs: NIST,
    reason: 'Where alarms are told depends on who runs the service: the prop alarmTopic of the construct.',
  },
  {
    rule: 'IAMNoInlinePolicy',
    packs: BOTH,
    reason: 'Each policy belongs to one role, lives and goes with it, and names the resources of this stack alone.',
  },
  {
    rule: 'LambdaConcurrency',
    packs: NIST,
    reason:
      'Each gate has at most 8 invocations in flight, which bounds the authorizer; the functions of the certificate run by a schedule, and answering a challenge takes milliseconds.',
  },
  {
    rule: 'LambdaDLQ',
    packs: NIST,
    reason:
      'The authorizer is invoked synchronously, so there is nothing to keep; those of the certificate report failures to CloudFormation or by metrics, and their next run tries again.',
  },
  {
    rule: 'LambdaInsideVPC',
    packs: BOTH,
    reason:
      'The functions call public endpoints with IAM (DynamoDB, ACM, Secrets Manager) and certificate authorities on the internet; a network would add no control.',
  },
  {
    rule: 'S3BucketLoggingEnabled',
    packs: BOTH,
    reason: 'The bucket is where access logs go; logging its own access would only log their delivery.',
  },
  {
    rule: 'S3BucketReplicationEnabled',
    packs: BOTH,
    reason: 'Access logs expire after 14 days on purpose; a second copy in another region would outlive that.',
  },
  {
    rule: 'S3BucketVersioningEnabled',
    packs: BOTH,
    reason: 'Access logs are written once and expire after 14 days; versions would keep them longer than stated.',
  },
  {
    rule: 'S3DefaultEncryptionKMS',
    packs: BOTH,
    reason: 'Elastic Load Balancing delivers to buckets with keys of S3 only.',
  },
  {
    rule: 'SecretsManagerRotationEnabled',
    packs: NIST,
    reason:
      'One secret encrypts session cookies, which live 12 hours at most and are decided like keys on every request; a new value signs everybody out, so when it changes is up to who runs the service. The key of an account at a certificate authority is that account.',
  },
  {
    rule: 'SecretsManagerUsingKMSKey',
    packs: BOTH,
    reason: 'Secrets Manager encrypts it with the key that AWS manages for the account; one account reads it.',
  },
  {
    rule: 'VPCFlowLogsEnabled',
    packs: BOTH,
    reason:
      'Only the load balancer is reachable, and its access log and the firewall log record every request; flow logs can be added to the vpc property.',
  },
  {
    rule: 'VPCNoUnrestrictedRouteToIGW',
    packs: BOTH,
    reason: 'The public subnets are those of the internet-facing load balancer and the NAT gateway.',
  },
];

/** Tells cdk-nag, wherever the app is checked by it, why these rules are not followed. */
export function acknowledgeStandards(stack: Stack): void {
  for (const { rule, packs, reason } of ACKNOWLEDGEMENTS) {
    for (const pack of packs) Validations.of(stack).acknowledge({ id: `${pack}-${rule}`, reason });
  }
}
