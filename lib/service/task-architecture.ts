import * as ecs from 'aws-cdk-lib/aws-ecs';

/** Tasks on EC2 instances of that architecture: aws-cdk-lib takes `runtimePlatform` for Fargate alone. */
const armTasks = new WeakSet<ecs.TaskDefinition>();

export function noteArm(taskDefinition: ecs.TaskDefinition): void {
  armTasks.add(taskDefinition);
}

/** Whether images that are built here for a task must be for ARM. */
export function isArm(taskDefinition: ecs.TaskDefinition): boolean {
  // biome-ignore lint/complexity/useLiteralKeys: older aws-cdk-lib versions declare the property private.
  const architecture = taskDefinition['runtimePlatform']?.cpuArchitecture;
  return architecture === ecs.CpuArchitecture.ARM64 || armTasks.has(taskDefinition);
}
