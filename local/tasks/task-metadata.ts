import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import type { LocalAws } from '../contracts.js';

/** What is told of a task. */
export interface DescribedTask {
  readonly id: string;
  readonly address: string;
  readonly state: 'pending' | 'running' | 'stopping' | 'stopped';
  readonly containers: readonly { readonly name: string; readonly state: string }[];
  readonly service: {
    readonly name: string;
    readonly cluster: string;
    readonly taskDefinition: {
      readonly family?: string;
      readonly revision?: number;
      readonly containerDefinitions?: readonly ContainerDefinition[];
    };
  };
}

/** What the task metadata endpoint (version 4) says: the members that programs use to find out who and where they are. */
export function taskMetadata(
  task: DescribedTask,
  aws: LocalAws,
): { readonly task: object; readonly containers: Readonly<Record<string, object>> } {
  const { cluster, taskDefinition } = task.service;
  const arn = `arn:aws:ecs:${aws.region}:${aws.accountId}:task/${cluster}/${task.id}`;
  const knownStatus = task.state === 'running' ? 'RUNNING' : task.state === 'pending' ? 'PENDING' : 'STOPPED';
  const containers = Object.fromEntries(
    task.containers.map((container): [string, object] => [
      container.name,
      {
        DockerId: `${task.id}-${container.name}`,
        Name: container.name,
        DockerName: container.name,
        Image: taskDefinition.containerDefinitions?.find(({ name }) => name === container.name)?.image ?? '',
        Labels: {
          'com.amazonaws.ecs.cluster': cluster,
          'com.amazonaws.ecs.container-name': container.name,
          'com.amazonaws.ecs.task-arn': arn,
          'com.amazonaws.ecs.task-definition-family': taskDefinition.family ?? '',
          'com.amazonaws.ecs.task-definition-version': String(taskDefinition.revision ?? ''),
        },
        DesiredStatus: 'RUNNING',
        KnownStatus: container.state,
        Type: 'NORMAL',
        Networks: [{ NetworkMode: 'awsvpc', IPv4Addresses: [task.address] }],
      },
    ]),
  );
  return {
    containers,
    task: {
      Cluster: cluster,
      ServiceName: task.service.name,
      TaskARN: arn,
      Family: taskDefinition.family ?? '',
      Revision: String(taskDefinition.revision ?? ''),
      DesiredStatus: 'RUNNING',
      KnownStatus: knownStatus,
      LaunchType: 'FARGATE',
      AvailabilityZone: `${aws.region}a`,
      Containers: Object.values(containers),
    },
  };
}
