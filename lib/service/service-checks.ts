import { Token } from 'aws-cdk-lib';
import { SERVICE_RANGES } from '../../contract/service-ranges';
import { GATE_VOLUME } from '../gate/gate-containers';
import { GATE_KINDS } from '../gate/gate-kinds';
import { checkExclusive, checkInteger, checkRange, checkSecondsIn } from '../shared/checks';
import { checkKinds, type Kinds } from '../shared/kinds';
import { checkDeployment, DEPLOYMENT_KINDS } from './deployment';
import type { SecureTtsServiceProps } from './secure-tts-service-props';
import { checkScaling } from './service-scaling';

const SERVICE_KINDS: Kinds = {
  ...GATE_KINDS,
  image: 'image',
  command: 'texts',
  entryPoint: 'texts',
  user: 'text',
  workingDirectory: 'text',
  healthCheck: 'object',
  cpu: 'number',
  memoryLimitMiB: 'number',
  memoryReservationMiB: 'number',
  logging: 'object',
  volumes: 'list',
  mountPoints: 'list',
  taskRole: 'role',
  executionRole: 'role',
  taskDefinition: 'taskDefinition',
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
  ...DEPLOYMENT_KINDS,
};

const WEB_ACL_ARN = /^arn:[a-z-]+:wafv2:[a-z0-9-]+:\d{12}:regional\/webacl\/[\w-]+\/[\w-]+$/;

/** @throws Error naming a prop that is wrong by itself, or beside another. */
export function checkServiceProps(props: SecureTtsServiceProps): void {
  checkKinds('SecureTtsService', props, SERVICE_KINDS, props?.taskDefinition === undefined ? ['image'] : []);
  checkContainerProps(props);
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
  checkRange('SecureTtsService: desiredCount', props.desiredCount, SERVICE_RANGES.desiredCount);
  if (props.startupTime) {
    checkSecondsIn('SecureTtsService: startupTime', props.startupTime, SERVICE_RANGES.startupTime);
  }
  checkExclusive('SecureTtsService', { desiredCount: props.desiredCount, scaling: props.scaling });
  if (props.scaling) checkScaling(props.scaling);
  checkDeployment(props);
}

/** What a given task definition has already. */
const OF_THE_TASK = [
  'image',
  'command',
  'entryPoint',
  'user',
  'workingDirectory',
  'healthCheck',
  'cpu',
  'memoryLimitMiB',
  'memoryReservationMiB',
  'logging',
  'volumes',
  'mountPoints',
  'taskRole',
  'executionRole',
  'environment',
  'environmentFiles',
  'secrets',
  'readonlyRootFilesystem',
  'dropCapabilities',
] as const;
/** CPU units and MiB of the largest task on Fargate; the smallest container that ECS takes has 6 MiB. */
const LARGEST = { cpu: 16_384, memory: 122_880 };
const LEAST_MEMORY = 6;

function checkContainerProps(props: SecureTtsServiceProps): void {
  for (const name of OF_THE_TASK) {
    if (props.taskDefinition === undefined || props[name] === undefined) continue;
    throw new Error(
      `SecureTtsService: ${name} is given, but taskDefinition too, which has its own; say it there, where you make the task`,
    );
  }
  checkInteger('SecureTtsService: cpu', props.cpu, 1, LARGEST.cpu);
  checkInteger('SecureTtsService: memoryLimitMiB', props.memoryLimitMiB, LEAST_MEMORY, LARGEST.memory);
  const most = props.memoryLimitMiB ?? LARGEST.memory;
  checkInteger('SecureTtsService: memoryReservationMiB', props.memoryReservationMiB, LEAST_MEMORY, most);
  const names = (props.volumes ?? []).map(({ name }) => name);
  for (const [index, name] of names.entries()) {
    if (name === GATE_VOLUME || names.indexOf(name) !== index) {
      throw new Error(
        `SecureTtsService: volumes: "${name}" is taken ${name === GATE_VOLUME ? 'by the gate' : 'twice'}; give each a name of its own`,
      );
    }
  }
  for (const { sourceVolume } of props.mountPoints ?? []) {
    if (!names.includes(sourceVolume)) {
      throw new Error(
        `SecureTtsService: mountPoints: no volume is named "${sourceVolume}"; volumes has ${names.join(', ') || 'none'}`,
      );
    }
  }
}
