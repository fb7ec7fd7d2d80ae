import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import { type SecureTtsServiceProps, TaskCapacity } from '../../../lib';
import { containers, only, type Properties, service, TestStack, taskWithApp } from '../support/stack';

const TASK = 'AWS::ECS::TaskDefinition';

/** Synthesized once, with every prop of the container. */
const stack = new TestStack();
const taskRole = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
const executionRole = new iam.Role(stack, 'Runs', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
const template = service(
  {
    command: ['--port', '5000'],
    entryPoint: ['python', '-m', 'server'],
    user: '1000:1000',
    workingDirectory: '/srv',
    healthCheck: { command: ['CMD-SHELL', 'true'], interval: Duration.seconds(20) },
    cpu: 1536,
    memoryLimitMiB: 6144,
    memoryReservationMiB: 2048,
    gateCpu: 512,
    gateMemoryLimitMiB: 400,
    gateMemoryReservationMiB: 200,
    logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'mine', logGroup: new logs.LogGroup(stack, 'MyLog') }),
    volumes: [{ name: 'models', efsVolumeConfiguration: { fileSystemId: 'fs-12345678' } }],
    mountPoints: [{ sourceVolume: 'models', containerPath: '/models', readOnly: true }],
    taskRole,
    executionRole,
  },
  stack,
).template();

describe("the app's container", () => {
  it('runs with the arguments, user, directory, check and sizes that are given', () => {
    expect(containers(template).app).toMatchObject({
      Command: ['--port', '5000'],
      EntryPoint: ['python', '-m', 'server'],
      User: '1000:1000',
      WorkingDirectory: '/srv',
      HealthCheck: { Command: ['CMD-SHELL', 'true'], Interval: 20 },
      Cpu: 1536,
      Memory: 6144,
      MemoryReservation: 2048,
      MountPoints: [{ SourceVolume: 'models', ContainerPath: '/models', ReadOnly: true }],
    });
  });

  it('logs where it is told, while the gate logs where `voicegate usage` looks', () => {
    const prefix = (name: string) =>
      (containers(template)[name] as { LogConfiguration: { Options: Properties } }).LogConfiguration.Options[
        'awslogs-stream-prefix'
      ];
    expect([prefix('app'), prefix('gate'), prefix('gate-init')]).toEqual(['mine', 'task', 'task']);
  });

  it('stands beside a gate of the size that is given', () => {
    expect(containers(template).gate).toMatchObject({ Cpu: 512, Memory: 400, MemoryReservation: 200 });
  });

  it('is in a task with the given volumes and roles, whose role may invoke the authorizer', () => {
    const { Volumes, TaskRoleArn, ExecutionRoleArn } = only(template, TASK);
    expect(Volumes).toEqual([
      { Name: 'models', EFSVolumeConfiguration: { FilesystemId: 'fs-12345678' } },
      { Name: 'voicegate' },
    ]);
    expect([TaskRoleArn, ExecutionRoleArn].map((arn) => JSON.stringify(arn))).toEqual([
      expect.stringContaining('Mine'),
      expect.stringContaining('Runs'),
    ]);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [{ Action: 'lambda:InvokeFunction' }] },
      Roles: [{ Ref: stack.getLogicalId(taskRole.node.defaultChild as iam.CfnRole) }],
    });
  });
});

describe('a task definition of the user’s own', () => {
  it('gets the gate, and is what the service runs', () => {
    const own = new TestStack();
    const taskDefinition = taskWithApp(own, 8000);
    const { construct } = service({ image: undefined, taskDefinition }, own);
    const found = Template.fromStack(own);
    expect(Object.keys(containers(found)).sort()).toEqual(['app', 'gate', 'gate-init']);
    expect(construct.container.containerName).toBe('app');
    expect(JSON.stringify(containers(found)['gate-init']?.Environment)).toContain('127.0.0.1:8000');
    expect(only(found, 'AWS::ECS::Service').LoadBalancers).toEqual([
      expect.objectContaining({ ContainerName: 'gate', ContainerPort: 8080 }),
    ]);
  });

  it.each<[string, (own: TestStack) => Partial<SecureTtsServiceProps>, string]>([
    [
      'beside an image',
      (own) => ({ taskDefinition: taskWithApp(own) }),
      'SecureTtsService: image is given, but taskDefinition too, which has its own; say it there',
    ],
    [
      'for other capacity',
      (own) => ({ image: undefined, taskDefinition: taskWithApp(own), capacity: TaskCapacity.ec2() }),
      'SecureTtsService: taskDefinition Test/Task is not for EC2, on which capacity runs its tasks; give capacity: TaskCapacity.fargate()',
    ],
    [
      'without a container',
      (own) => ({ image: undefined, taskDefinition: new ecs.FargateTaskDefinition(own, 'Empty') }),
      'the task definition has no container yet; add the app first',
    ],
  ])('is refused %s', (_, props, message) => {
    const own = new TestStack();
    expect(() => service(props(own), own)).toThrow(message);
  });
});
