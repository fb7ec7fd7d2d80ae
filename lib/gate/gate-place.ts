import * as ecs from 'aws-cdk-lib/aws-ecs';
import { checkInteger } from '../shared/checks';

/** @throws Error where a gate of this name would guard nothing, or could not run. */
export function checkPlace(taskDefinition: ecs.TaskDefinition, gateContainer: string): void {
  if (taskDefinition.networkMode !== ecs.NetworkMode.AWS_VPC) {
    throw new Error(
      `AuthorizerGate: the task definition's network mode must be awsvpc, got ${taskDefinition.networkMode}: ` +
        'only there do the gate and the app share one loopback interface',
    );
  }
  // biome-ignore lint/complexity/useLiteralKeys: older aws-cdk-lib versions declare the property private.
  const { operatingSystemFamily: system } = taskDefinition['runtimePlatform'] ?? {};
  if (system?._operatingSystemFamily.startsWith('WINDOWS')) {
    throw new Error(
      `AuthorizerGate: the task definition runs on ${system._operatingSystemFamily}, but the gate is an nginx for Linux; use a task on Linux`,
    );
  }
  if (taskDefinition.findContainer(gateContainer)) {
    throw new Error(
      `AuthorizerGate: the task definition already has a container "${gateContainer}"; one gate a task is enough`,
    );
  }
}

/** @throws Error where the containers of one task would share a port. */
export function checkGatePorts(port: number, healthPort: number, upstreamPort: number): void {
  checkInteger('AuthorizerGate: gatePort', port, 1024, 65_535);
  checkInteger('AuthorizerGate: gateHealthPort', healthPort, 1024, 65_535);
  if (port === healthPort) {
    throw new Error(`AuthorizerGate: gatePort and gateHealthPort must differ, got ${port} for both`);
  }
  if (upstreamPort === port || upstreamPort === healthPort) {
    throw new Error(
      `AuthorizerGate: upstreamPort ${upstreamPort} is the gate's own; let the app listen on another port, or give the ` +
        'gate others by gatePort and gateHealthPort',
    );
  }
}
