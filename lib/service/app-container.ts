import { Duration } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import type { SecureTtsServiceProps } from './secure-tts-service-props';
import type { SpeechLimits } from './speech-limits';

/** Where the app listens unless told otherwise. */
export const DEFAULT_APP_PORT = 5000;

/** Adds the app's container to its task: without a port of its own, and with as few rights as it can do with. */
export function addAppContainer(
  scope: Construct,
  taskDefinition: ecs.TaskDefinition,
  props: SecureTtsServiceProps,
  logging: ecs.LogDriver,
  limits: SpeechLimits,
  gpuCount?: number,
): ecs.ContainerDefinition {
  const linuxParameters = new ecs.LinuxParameters(scope, 'AppLinux');
  if (props.dropCapabilities !== false) linuxParameters.dropCapabilities(ecs.Capability.ALL);
  return taskDefinition.addContainer('App', {
    containerName: 'app',
    image: props.image,
    environment: { PORT: String(props.upstreamPort ?? DEFAULT_APP_PORT), ...limits.environment, ...props.environment },
    environmentFiles: props.environmentFiles,
    secrets: props.secrets,
    readonlyRootFilesystem: props.readonlyRootFilesystem ?? false,
    linuxParameters,
    memoryReservationMiB: 512,
    gpuCount,
    stopTimeout: Duration.seconds(30),
    logging,
  });
}
