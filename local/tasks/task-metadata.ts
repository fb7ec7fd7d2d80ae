import type { LocalAws } from '../contracts.js';
import type { Task } from './task.js';

/** What the task metadata endpoint (version 4) says: the members that programs use to find out who and where they are. */
export function taskMetadata(
  task: Task,
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
