import { Token } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { checkInteger } from '../shared/checks';
import { type ForwardProps, forward, type IHttpsLoadBalancer, RulePriorities } from './listener-rules';

/** A load balancer of somebody else, and its HTTPS listener. */
export interface ExistingListenerProps {
  /** The load balancer. */
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /** Its listener on port 443, made in this app or imported. */
  readonly listener: elbv2.IApplicationListener;
  /**
   * A name under which clients reach it.
   * @default - the load balancer's own DNS name
   */
  readonly domainName?: string;
  /**
   * Place of the first rule with conditions, from 1 to 39,000. Rules of the listener that this app knows are left
   * alone; of an imported one choose a range that is free.
   * @default 1000
   */
  readonly firstPriority?: number;
}

export class ExistingLoadBalancer implements IHttpsLoadBalancer {
  public readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  public readonly url: string;
  private readonly listener: elbv2.IApplicationListener;
  private readonly firstPriority?: number;
  private priorities?: RulePriorities;

  constructor(props: ExistingListenerProps) {
    checkInteger('HttpsLoadBalancer.fromListener: firstPriority', props.firstPriority, 1, 39_000);
    if (
      props.listener instanceof elbv2.ApplicationListener &&
      props.listener.protocol === elbv2.ApplicationProtocol.HTTP
    ) {
      throw new Error(
        'HttpsLoadBalancer.fromListener: the listener speaks HTTP; API keys would travel unencrypted. Give its HTTPS listener',
      );
    }
    this.loadBalancer = props.loadBalancer;
    this.listener = props.listener;
    this.firstPriority = props.firstPriority;
    this.url = `https://${props.domainName ?? props.loadBalancer.loadBalancerDnsName}`;
  }

  public forward(scope: Construct, id: string, props: ForwardProps): elbv2.ApplicationTargetGroup {
    this.priorities ??= new RulePriorities(this.firstPriority, takenPriorities(this.listener));
    return forward(scope, id, this.listener, this.priorities, props);
  }
}

/** Places of the rules that this app gave the listener. */
function takenPriorities(listener: elbv2.IApplicationListener): ReadonlySet<number> {
  const rules = listener.node.root.node.findAll().filter((child) => child instanceof elbv2.CfnListenerRule);
  return new Set(
    rules
      .filter((rule) => rule.listenerArn === listener.listenerArn && !Token.isUnresolved(rule.priority))
      .map((rule) => rule.priority),
  );
}
