import { Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IConstruct, IValidation } from 'constructs';

/** Bytes of a task definition at which we stop: ECS refuses more than 64 KiB, and names and ARNs still grow. */
const LARGEST_TASK_DEFINITION = 48 * 1024;

/** What the validation looks at. */
export interface GateValidationProps {
  readonly taskDefinition: ecs.TaskDefinition;
  readonly gateContainer: string;
  readonly upstreamPort: number;
}

/** Fails synthesis while traffic can reach the app around its gate. */
export class GateValidation implements IValidation {
  constructor(private readonly props: GateValidationProps) {}

  public validate(): string[] {
    const { taskDefinition } = this.props;
    const services = taskDefinition.node.root.node
      .findAll()
      .filter((construct) => construct instanceof ecs.BaseService)
      .filter((service) => service.taskDefinition === taskDefinition);
    return [
      ...services.flatMap((service) => [
        ...this.otherTargets(service),
        ...this.serviceConnect(service),
        ...this.openGroups(service),
      ]),
      ...this.tooLarge(),
    ];
  }

  /** Target groups that send to another container than the gate. */
  private otherTargets(service: ecs.BaseService): string[] {
    return records(resolved(service, cfnService(service)?.loadBalancers))
      .filter((target) => target.containerName !== this.props.gateContainer)
      .map(
        (target) =>
          `service ${service.node.path} registers container "${target.containerName}" with a load balancer, around the gate; ` +
          'register the gate instead: AuthorizerGate.loadBalancerTarget(service), or attach the service after adding the gate',
      );
  }

  /** Service Connect names that lead to another container than the gate. */
  private serviceConnect(service: ecs.BaseService): string[] {
    const configuration = record(resolved(service, cfnService(service)?.serviceConnectConfiguration));
    return records(configuration?.services)
      .filter((entry) => entry.portName !== 'gate')
      .map(
        (entry) =>
          `service ${service.node.path} offers port "${entry.portName}" by Service Connect, around the gate; offer port "gate" instead`,
      );
  }

  /** Security groups of the service that admit the app's port. */
  private openGroups(service: ecs.BaseService): string[] {
    const ids = new Set(
      service.connections.securityGroups.map((group) => JSON.stringify(resolved(service, group.securityGroupId))),
    );
    const rules = service.node.root.node.findAll().flatMap((construct) => this.ingress(construct, ids));
    return [...new Set(rules)].map(
      (path) =>
        `security group rule ${path} admits port ${this.props.upstreamPort} of service ${service.node.path}, around the gate; ` +
        'remove it: only the gate, in the same task, needs that port',
    );
  }

  private ingress(construct: IConstruct, groupIds: ReadonlySet<string>): string[] {
    if (construct instanceof ec2.CfnSecurityGroupIngress) {
      const id = JSON.stringify(resolved(construct, construct.groupId));
      return groupIds.has(id) && this.admits(rule(construct)) ? [construct.node.path] : [];
    }
    if (construct instanceof ec2.CfnSecurityGroup) {
      const id = JSON.stringify(resolved(construct, construct.attrGroupId));
      if (!groupIds.has(id)) return [];
      const inline = records(resolved(construct, construct.securityGroupIngress));
      return inline.some((entry) => this.admits(entry)) ? [construct.node.path] : [];
    }
    return [];
  }

  private admits(entry: Readonly<Record<string, unknown>>): boolean {
    if (String(entry.ipProtocol) === '-1') return true;
    if (String(entry.ipProtocol) !== 'tcp' && String(entry.ipProtocol) !== '6') return false;
    const from = Number(entry.fromPort ?? 0);
    const to = Number(entry.toPort ?? 65_535);
    // A port that is known only at deployment might be this one.
    if (Number.isNaN(from) || Number.isNaN(to)) return true;
    return from <= this.props.upstreamPort && this.props.upstreamPort <= to;
  }

  private tooLarge(): string[] {
    const { taskDefinition } = this.props;
    const resource = taskDefinition.node.defaultChild;
    if (!(resource instanceof ecs.CfnTaskDefinition)) return [];
    const bytes = Buffer.byteLength(JSON.stringify(resolved(resource, resource.containerDefinitions)));
    if (bytes <= LARGEST_TASK_DEFINITION) return [];
    return [
      `the containers of task definition ${taskDefinition.node.path} take ${bytes} bytes, more than ${LARGEST_TASK_DEFINITION}; ` +
        'ECS refuses 64 KiB: move environment of the app to secrets or to environment files',
    ];
  }
}

function cfnService(service: ecs.BaseService): ecs.CfnService | undefined {
  return service.node.findAll().find((child) => child instanceof ecs.CfnService);
}

function rule(ingress: ec2.CfnSecurityGroupIngress): Readonly<Record<string, unknown>> {
  return {
    ipProtocol: ingress.ipProtocol,
    fromPort: resolved(ingress, ingress.fromPort),
    toPort: resolved(ingress, ingress.toPort),
  };
}

function resolved(scope: IConstruct, value: unknown): unknown {
  return Stack.of(scope).resolve(value);
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map((entry) => record(entry) ?? {}) : [];
}
