import { Duration } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { findUpstream, type Upstream } from '../gate/upstream';
import type { SecureTtsServiceProps } from './secure-tts-service-props';
import type { SpeechLimits } from './speech-limits';
import type { TaskCapacity } from './task-capacity';

/** Where the app listens unless told otherwise. */
const DEFAULT_APP_PORT = 5000;
const MEMORY_RESERVATION = 512;

/** The task of a service with the app in it: the given one, or a new one of the capacity's kind. */
export function serviceTask(
  scope: Construct,
  props: SecureTtsServiceProps,
  capacity: TaskCapacity,
  logging: ecs.LogDriver,
  limits: SpeechLimits,
): { taskDefinition: ecs.TaskDefinition; upstream: Upstream } {
  if (props.taskDefinition) {
    capacity._checkTaskDefinition(props.taskDefinition);
    const { upstreamPort } = props;
    return { taskDefinition: props.taskDefinition, upstream: findUpstream(props.taskDefinition, { upstreamPort }) };
  }
  const { taskRole, executionRole, volumes } = props;
  const taskDefinition = capacity._createTaskDefinition(scope, 'Task', { taskRole, executionRole, volumes });
  const container = addAppContainer(scope, taskDefinition, props, logging, limits, capacity._gpuCount);
  return { taskDefinition, upstream: { container, port: props.upstreamPort ?? DEFAULT_APP_PORT } };
}

/** Adds the app's container to its task: without a port of its own, and with as few rights as it can do with. */
function addAppContainer(
  scope: Construct,
  taskDefinition: ecs.TaskDefinition,
  props: SecureTtsServiceProps,
  logging: ecs.LogDriver,
  limits: SpeechLimits,
  gpuCount?: number,
): ecs.ContainerDefinition {
  if (!props.image) throw new Error('SecureTtsService: give image or taskDefinition, got neither');
  const linuxParameters = new ecs.LinuxParameters(scope, 'AppLinux');
  if (props.dropCapabilities !== false) linuxParameters.dropCapabilities(ecs.Capability.ALL);
  const { memoryLimitMiB } = props;
  const container = taskDefinition.addContainer('App', {
    containerName: 'app',
    image: props.image,
    command: props.command,
    entryPoint: props.entryPoint,
    user: props.user,
    workingDirectory: props.workingDirectory,
    healthCheck: props.healthCheck,
    cpu: props.cpu,
    environment: { PORT: String(props.upstreamPort ?? DEFAULT_APP_PORT), ...limits.environment, ...props.environment },
    environmentFiles: props.environmentFiles,
    secrets: props.secrets,
    readonlyRootFilesystem: props.readonlyRootFilesystem ?? false,
    linuxParameters,
    memoryLimitMiB,
    memoryReservationMiB:
      props.memoryReservationMiB ?? Math.min(MEMORY_RESERVATION, memoryLimitMiB ?? Number.POSITIVE_INFINITY),
    gpuCount,
    stopTimeout: Duration.seconds(30),
    logging: props.logging ?? logging,
  });
  if (props.mountPoints) container.addMountPoints(...props.mountPoints);
  return container;
}
