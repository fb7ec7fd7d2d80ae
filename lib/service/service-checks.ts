import { Token } from 'aws-cdk-lib';
import { GATE_KINDS } from '../gate/gate-kinds';
import { checkExclusive, checkInteger } from '../shared/checks';
import { checkKinds, type Kinds } from '../shared/kinds';
import type { SecureTtsServiceProps } from './secure-tts-service-props';
import { checkScaling } from './service-scaling';

const SERVICE_KINDS: Kinds = {
  ...GATE_KINDS,
  image: 'image',
  certificate: 'certificate',
  loadBalancer: 'edge',
  routing: 'list',
  domainNames: 'texts',
  hostedZone: 'object',
  securityGroups: 'list',
  vpc: 'vpc',
  network: 'network',
  vpcSubnets: 'object',
  cluster: 'object',
  capacity: 'capacity',
  desiredCount: 'number',
  scaling: 'object',
  authorizer: 'authorizer',
  firewall: 'firewall',
  webAclArn: 'text',
  firewallEnabled: 'boolean',
  loadBalancerOptions: 'object',
  environment: 'textMap',
  environmentFiles: 'list',
  secrets: 'object',
  readonlyRootFilesystem: 'boolean',
  dropCapabilities: 'boolean',
  startupTime: 'duration',
  pageLoginPaths: 'texts',
  tokenValidation: 'object',
  tokenValidationPaths: 'texts',
  gateImage: 'object',
  enableExecuteCommand: 'boolean',
  monitoringEnabled: 'boolean',
  alarmTopic: 'object',
};

const WEB_ACL_ARN = /^arn:[a-z-]+:wafv2:[a-z0-9-]+:\d{12}:regional\/webacl\/[\w-]+\/[\w-]+$/;

/** @throws Error naming a prop that is wrong by itself, or beside another. */
export function checkServiceProps(props: SecureTtsServiceProps): void {
  checkKinds('SecureTtsService', props, SERVICE_KINDS, ['image']);
  checkExclusive('SecureTtsService', { firewall: props.firewall, webAclArn: props.webAclArn });
  for (const name of ['firewall', 'webAclArn'] as const) {
    if (props.firewallEnabled !== false || props[name] === undefined) continue;
    throw new Error(`SecureTtsService: ${name} is given, but firewallEnabled is false; give only one of them`);
  }
  if (props.webAclArn !== undefined && !Token.isUnresolved(props.webAclArn) && !WEB_ACL_ARN.test(props.webAclArn)) {
    throw new Error(
      `SecureTtsService: webAclArn must be that of a regional web ACL, arn:PARTITION:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID, got "${props.webAclArn}"`,
    );
  }
  if (props.enableExecuteCommand && props.readonlyRootFilesystem) {
    throw new Error(
      'SecureTtsService: enableExecuteCommand needs a root file system that the agent of AWS Systems Manager can write to, but readonlyRootFilesystem is true; switch one of them off',
    );
  }
  checkInteger('SecureTtsService: desiredCount', props.desiredCount, 0, 1000);
  checkExclusive('SecureTtsService', { desiredCount: props.desiredCount, scaling: props.scaling });
  if (props.scaling) checkScaling(props.scaling);
}
