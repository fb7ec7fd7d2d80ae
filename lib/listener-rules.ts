import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { checkInteger } from './checks';

/** Targets, and which requests go to them. */
export interface ForwardProps extends elbv2.ApplicationTargetGroupProps {
  /**
   * What requests must meet, such as `ListenerCondition.hostHeaders(['tts.example.com'])`.
   * @default - all requests that no other rule took
   */
  readonly conditions?: elbv2.ListenerCondition[];
  /**
   * Place among the rules of the listener, from 1 to 50,000; lower ones come first.
   * @default - a free place: rules with conditions before those without
   */
  readonly priority?: number;
}

/** A load balancer with an HTTPS listener, to which services can be added. */
export interface IHttpsLoadBalancer {
  /** The load balancer. */
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /** Where clients find it: `https://` and a name. */
  readonly url: string;
  /** Forwards requests to targets: those that meet the conditions, or all that no other rule took. */
  forward(scope: Construct, id: string, props: ForwardProps): elbv2.ApplicationTargetGroup;
}

const STEP = 10;
/** Where rules for all requests begin: behind every rule with conditions. */
const FIRST_OPEN = 40_000;

/** Free places among the rules of one listener. */
export class RulePriorities {
  private open = FIRST_OPEN;

  /**
   * @param conditional place of the first rule with conditions
   * @param taken places that rules of somebody else have
   */
  constructor(
    private conditional = 1000,
    private readonly taken: ReadonlySet<number> = new Set(),
  ) {}

  public next(hasConditions: boolean): number {
    for (;;) {
      const place = hasConditions ? this.conditional : this.open;
      if (hasConditions) this.conditional += STEP;
      else this.open += STEP;
      if (!this.taken.has(place)) return place;
    }
  }
}

/**
 * A target group and its rule, both in the scope of the service: two stacks that share a load balancer then refer to it
 * and never to each other.
 */
export function forward(
  scope: Construct,
  id: string,
  listener: elbv2.IApplicationListener,
  priorities: RulePriorities,
  props: ForwardProps,
): elbv2.ApplicationTargetGroup {
  const { conditions, priority, ...targetGroupProps } = props;
  checkInteger('forward: priority', priority, 1, 50_000);
  if (conditions?.length === 0) {
    throw new Error('forward: conditions must hold at least one, got none; leave it out to take all requests');
  }
  const targetGroup = new elbv2.ApplicationTargetGroup(scope, id, targetGroupProps);
  new elbv2.ApplicationListenerRule(scope, `${id}Rule`, {
    listener,
    priority: priority ?? priorities.next(conditions !== undefined),
    conditions: conditions ?? [elbv2.ListenerCondition.pathPatterns(['*'])],
    action: elbv2.ListenerAction.forward([targetGroup]),
  });
  return targetGroup;
}
