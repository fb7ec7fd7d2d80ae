import { Annotations } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type { IConstruct, IValidation } from 'constructs';
import { FinalTemplate } from '../shared/final-template';
import { type Route, routesAround } from './gate-routes';
import { balancerErrors, balancerWarnings } from './gate-targets';
import { type GatedTask, type GateValidationProps, taskErrors } from './gated-task';

/** Fails synthesis while traffic can reach the app around its gate, or ECS would refuse the task. */
export class GateValidation implements IValidation {
  private readonly acknowledged: IConstruct[] = [];

  constructor(
    private readonly gate: IConstruct,
    private readonly props: GateValidationProps,
  ) {}

  /** Takes routes through a construct, or what is inside it, for meant. */
  public acknowledge(construct: IConstruct): void {
    this.acknowledged.push(construct);
  }

  public validate(): string[] {
    const { taskDefinition } = this.props;
    const resource = taskDefinition.node.defaultChild;
    if (!(resource instanceof ecs.CfnTaskDefinition)) return [];
    const app = new FinalTemplate(taskDefinition.node.root);
    const task: GatedTask = { ...this.props, app, definition: app.resource(resource) };
    for (const { id, message } of balancerWarnings(task)) Annotations.of(this.gate).addWarningV2(id, message);
    const { around, unseen } = routesAround(task);
    for (const message of unseen) Annotations.of(this.gate).addWarningV2('voicegate:unseenSecurityGroup', message);
    return [
      ...around
        .filter((route) => !this.isAcknowledged(route))
        .map(
          ({ message }) =>
            `${message}; where the route is meant, say so: gate.acknowledgeRoute(thatConstruct, 'the reason')`,
        ),
      ...balancerErrors(task),
      ...taskErrors(task),
    ];
  }

  private isAcknowledged({ through }: Route): boolean {
    return this.acknowledged.some((construct) => through.node.scopes.includes(construct));
  }
}
