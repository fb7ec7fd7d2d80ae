import { paginateListStackResources } from '@aws-sdk/client-cloudformation';
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  type Service,
  type TaskDefinition,
} from '@aws-sdk/client-ecs';
import type { Clients } from './clients.js';

/** An ECS service as it is deployed now. */
export interface DeployedService {
  readonly arn: string;
  readonly name: string;
  readonly cluster: string;
  readonly desired: number;
  readonly taskDefinition: TaskDefinition;
  /** Changes with every deployment, also with a forced one of the same task definition. */
  readonly deployment: string;
  readonly loadBalancers: readonly LoadBalancerBinding[];
  /** Seconds after a task's start in which the load balancer's health checks do not count against it. */
  readonly healthCheckGracePeriod: number;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
}

export interface LoadBalancerBinding {
  readonly targetGroupArn: string;
  readonly containerName: string;
  readonly containerPort: number;
}

/** Reads the ECS services of some stacks, nested stacks included. */
export class DeployedServices {
  private seen = false;
  private readonly definitions = new Map<string, TaskDefinition>();

  constructor(
    private readonly clients: Clients,
    private readonly stackNames: readonly string[],
  ) {}

  async read(): Promise<readonly DeployedService[]> {
    const arns = (await Promise.all(this.stackNames.map((stack) => this.serviceArns(stack)))).flat();
    const services = await Promise.all(arns.map((arn) => this.describe(arn)));
    this.seen = true;
    return services.filter((service) => service !== undefined);
  }

  private async serviceArns(stack: string): Promise<string[]> {
    const arns: string[] = [];
    try {
      const pages = paginateListStackResources({ client: this.clients.cloudFormation }, { StackName: stack });
      for await (const { StackResourceSummaries = [] } of pages) {
        for (const { ResourceType, PhysicalResourceId: id, ResourceStatus } of StackResourceSummaries) {
          if (!id || ResourceStatus?.startsWith('DELETE')) continue;
          if (ResourceType === 'AWS::ECS::Service') arns.push(id);
          if (ResourceType === 'AWS::CloudFormation::Stack') arns.push(...(await this.serviceArns(id)));
        }
      }
    } catch (error) {
      // A stack that was there and is deleted has no services any more.
      if (!this.seen || !/does not exist/.test((error as Error).message)) throw error;
    }
    return arns;
  }

  private async describe(serviceArn: string): Promise<DeployedService | undefined> {
    // arn:…:service/CLUSTER/NAME; CLUSTER may be an ARN where a template gave one.
    const path = serviceArn.slice(serviceArn.indexOf(':service/') + ':service/'.length);
    const [, cluster = 'default', name = path] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
    const { services = [] } = await this.clients.ecs.send(new DescribeServicesCommand({ cluster, services: [name] }));
    const service = services[0];
    if (service?.status !== 'ACTIVE' || !service.taskDefinition) return undefined;
    return {
      arn: service.serviceArn ?? serviceArn,
      name,
      cluster: cluster.split('/').pop() ?? cluster,
      desired: service.desiredCount ?? 0,
      taskDefinition: await this.definition(service.taskDefinition),
      deployment: deploymentOf(service),
      loadBalancers: (service.loadBalancers ?? []).flatMap(({ targetGroupArn, containerName, containerPort }) =>
        targetGroupArn && containerName && containerPort ? [{ targetGroupArn, containerName, containerPort }] : [],
      ),
      healthCheckGracePeriod: service.healthCheckGracePeriodSeconds ?? 0,
      minimumHealthyPercent: service.deploymentConfiguration?.minimumHealthyPercent ?? 100,
      maximumPercent: service.deploymentConfiguration?.maximumPercent ?? 200,
    };
  }

  /** A task definition's revision never changes. */
  private async definition(arn: string): Promise<TaskDefinition> {
    const known = this.definitions.get(arn);
    if (known !== undefined) return known;
    const { taskDefinition } = await this.clients.ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: arn }));
    if (taskDefinition === undefined) throw new Error(`task definition ${arn} does not exist`);
    this.definitions.set(arn, taskDefinition);
    return taskDefinition;
  }
}

function deploymentOf(service: Service): string {
  const primary = service.deployments?.find(({ status }) => status === 'PRIMARY');
  return `${primary?.id ?? ''} ${service.taskDefinition}`;
}
