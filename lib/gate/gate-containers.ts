import { Duration, Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { memoryLimitMiB } from '../../contract/gate-memory';
import type { GateOptions } from '../../contract/gate-options';
import { GATE_ENV } from '../../contract/names';
import { checkInteger } from '../shared/checks';
import type { AuthorizerGateProps } from './authorizer-gate-props';
import { loadGateBundle, stopTimeoutSeconds } from './gate-bundle';
import { sessionSecrets } from './web-session';

/** Where the init container leaves the configuration, and the gate its temporary files. */
const GATE_DIRECTORY = '/run/voicegate';
export const GATE_VOLUME = 'voicegate';
/** Uid of `nginx` in the official image. */
const GATE_USER = '101';
/** What Docker grants by default, less CHOWN. On Fargate a capability cannot be added, so ALL cannot be dropped here. */
const ALL_BUT_CHOWN = [
  ecs.Capability.AUDIT_WRITE,
  ecs.Capability.DAC_OVERRIDE,
  ecs.Capability.FOWNER,
  ecs.Capability.FSETID,
  ecs.Capability.KILL,
  ecs.Capability.MKNOD,
  ecs.Capability.NET_BIND_SERVICE,
  ecs.Capability.NET_RAW,
  ecs.Capability.SETFCAP,
  ecs.Capability.SETGID,
  ecs.Capability.SETPCAP,
  ecs.Capability.SETUID,
  ecs.Capability.SYS_CHROOT,
];

/** What the two containers of a gate are made of. */
export interface GateContainersOptions {
  readonly props: AuthorizerGateProps;
  /** What the program is told. */
  readonly options: GateOptions;
  readonly image: ecs.ContainerImage;
  readonly logging: ecs.LogDriver;
  /** Name of the container that takes requests. */
  readonly containerName: string;
  readonly port: number;
  readonly healthPort: number;
  /** The app that waits behind. */
  readonly upstream: ecs.ContainerDefinition;
  readonly upstreamPort: number;
  /** ARN of the function, or of its version or alias, that decides. */
  readonly authorizerArn: string;
}

/** Adds the gate and the container that prepares its volume to a task. */
export function addGateContainers(
  scope: Construct,
  taskDefinition: ecs.TaskDefinition,
  gate: GateContainersOptions,
): { initContainer: ecs.ContainerDefinition; container: ecs.ContainerDefinition } {
  const { options, image, logging } = gate;
  const bundle = loadGateBundle().packGate(options);
  const environment = {
    [GATE_ENV.directory]: GATE_DIRECTORY,
    [GATE_ENV.listen]: `0.0.0.0:${gate.port}`,
    [GATE_ENV.healthListen]: `0.0.0.0:${gate.healthPort}`,
    [GATE_ENV.upstream]: `127.0.0.1:${gate.upstreamPort}`,
  };
  taskDefinition.addVolume({ name: GATE_VOLUME });
  const initContainer = taskDefinition.addContainer('GateInitContainer', {
    containerName: 'gate-init',
    image,
    essential: false,
    user: '0',
    command: [...bundle.initCommand],
    environment: { ...environment, [GATE_ENV.bundle]: bundle.bundle },
    readonlyRootFilesystem: true,
    linuxParameters: linuxParameters(scope, 'InitLinux', ALL_BUT_CHOWN),
    memoryReservationMiB: 64,
    logging,
  });
  const container = taskDefinition.addContainer('GateContainer', {
    containerName: gate.containerName,
    image,
    user: GATE_USER,
    command: [...bundle.command],
    environment: {
      ...environment,
      [GATE_ENV.authorizer]: gate.authorizerArn,
      AWS_REGION: Stack.of(scope).region,
    },
    secrets: sessionSecrets(scope, gate.props),
    readonlyRootFilesystem: true,
    linuxParameters: linuxParameters(scope, 'Linux', [ecs.Capability.ALL]),
    cpu: gate.props.gateCpu,
    ...gateMemory(gate.props, memoryLimitMiB(options)),
    stopTimeout: Duration.seconds(stopTimeoutSeconds(options.longestRequest, options.drainDelay)),
    portMappings: [
      { containerPort: gate.port, name: 'gate' },
      { containerPort: gate.healthPort, name: 'gate-health' },
    ],
    logging,
  });
  for (const each of [initContainer, container]) {
    each.addMountPoints({ sourceVolume: GATE_VOLUME, containerPath: GATE_DIRECTORY, readOnly: false });
  }
  container.addContainerDependencies(
    { container: initContainer, condition: ecs.ContainerDependencyCondition.SUCCESS },
    // The order of stopping is the reverse: the gate drains while the app still answers.
    { container: gate.upstream, condition: ecs.ContainerDependencyCondition.START },
  );
  return { initContainer, container };
}

/** All that strangers can make it hold fits in. */
function gateMemory(
  props: AuthorizerGateProps,
  least: number,
): { memoryReservationMiB: number; memoryLimitMiB: number } {
  const { gateMemoryLimitMiB: memoryLimitMiB = least, gateMemoryReservationMiB: memoryReservationMiB = 128 } = props;
  checkInteger('AuthorizerGate: gateCpu', props.gateCpu, 1, 16_384);
  checkInteger('AuthorizerGate: gateMemoryLimitMiB', memoryLimitMiB, least, 122_880);
  checkInteger('AuthorizerGate: gateMemoryReservationMiB', memoryReservationMiB, 64, memoryLimitMiB);
  return { memoryReservationMiB, memoryLimitMiB };
}

function linuxParameters(scope: Construct, id: string, drop: ecs.Capability[]): ecs.LinuxParameters {
  const parameters = new ecs.LinuxParameters(scope, id);
  parameters.dropCapabilities(...drop);
  return parameters;
}
