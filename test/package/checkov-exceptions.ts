/** A check of checkov that some resources of the app do not pass, and why that is right. docs/compliance.md has the same list. */
export interface CheckovException {
  readonly check: string;
  /** Which resources may fail it. */
  readonly resources: RegExp;
  readonly reason: string;
}

const FUNCTIONS = /^AWS::Lambda::Function\./;
const LOG_BUCKET = /^AWS::S3::Bucket\.ServiceEdgeAccessLogs/;
const HTTP_LISTENER = /^AWS::ElasticLoadBalancingV2::Listener\.ServiceEdgeLoadBalancerHttp[0-9A-F]{8}$/;

export const CHECKOV_EXCEPTIONS: readonly CheckovException[] = [
  {
    check: 'CKV_AWS_2',
    resources: HTTP_LISTENER,
    reason: 'Port 80 redirects GET and HEAD to HTTPS and refuses everything else.',
  },
  {
    check: 'CKV_AWS_18',
    resources: LOG_BUCKET,
    reason: 'The bucket is where access logs go; logging its own access would only log their delivery.',
  },
  {
    check: 'CKV_AWS_21',
    resources: LOG_BUCKET,
    reason: 'Access logs are written once and expire after 14 days; versions would keep them longer than stated.',
  },
  {
    check: 'CKV_AWS_103',
    resources: HTTP_LISTENER,
    reason: 'Port 80 speaks no TLS; the listener on 443 has TLS 1.2 and 1.3.',
  },
  {
    check: 'CKV_AWS_115',
    resources: FUNCTIONS,
    reason:
      'Each gate has at most 8 invocations of the authorizer in flight; the others run once in a deployment or a day.',
  },
  {
    check: 'CKV_AWS_116',
    resources: FUNCTIONS,
    reason: 'They are invoked synchronously, or report failures to CloudFormation: there is nothing to keep.',
  },
  {
    check: 'CKV_AWS_117',
    resources: FUNCTIONS,
    reason: 'They call public endpoints of AWS with IAM only; a network would add no control.',
  },
  {
    check: 'CKV_AWS_149',
    resources: /^AWS::SecretsManager::Secret\.ServiceGateSession/,
    reason: 'Secrets Manager encrypts it with the key that AWS manages for the account; one account reads it.',
  },
  {
    check: 'CKV_AWS_158',
    resources: /^AWS::Logs::LogGroup\./,
    reason:
      'CloudWatch Logs encrypts every log group with keys of its own; the logs hold neither secrets nor the text.',
  },
  {
    check: 'CKV_AWS_173',
    resources: /^AWS::Lambda::Function\.AuthorizerFunction/,
    reason: 'Lambda encrypts the environment with a key of its own; it holds names and settings, nothing secret.',
  },
  {
    check: 'CKV_AWS_260',
    resources: /^AWS::EC2::SecurityGroup\.ServiceEdgeLoadBalancerSecurityGroup/,
    reason: 'A public service: port 80 is open to the world to say that only HTTPS is spoken.',
  },
];
