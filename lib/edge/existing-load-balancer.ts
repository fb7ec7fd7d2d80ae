import { Annotations, Duration, Stack, Token } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { SERVICE_RANGES } from '../../contract/service-ranges';
import { checkDomainNames, checkInteger, checkRange, checkSeconds } from '../shared/checks';
import { records } from '../shared/final-template';
import { checkKinds } from '../shared/kinds';
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
  /**
   * Port of the listener, from 1 to 65535.
   * @default - that of a listener of this app, 443 of an imported one
   */
  readonly port?: number;
  /**
   * How long the load balancer keeps a silent connection, from 1 to 4000 seconds. It must exceed the longest request.
   * @default - what a load balancer of this app is set to; unknown of an imported one
   */
  readonly idleTimeout?: Duration;
}

/** What a load balancer does that is told nothing. */
const DEFAULT_IDLE_TIMEOUT = Duration.seconds(60);
const HTTPS_PORT = 443;

export class ExistingLoadBalancer implements IHttpsLoadBalancer {
  public readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  public readonly url: string;
  public readonly idleTimeout?: Duration;
  private readonly listener: elbv2.IApplicationListener;
  private readonly firstPriority?: number;
  private priorities?: RulePriorities;

  constructor(props: ExistingListenerProps) {
    checkKinds(
      'HttpsLoadBalancer.fromListener',
      props,
      {
        loadBalancer: 'object',
        listener: 'object',
        domainName: 'text',
        firstPriority: 'number',
        port: 'number',
        idleTimeout: 'duration',
      },
      ['loadBalancer', 'listener'],
    );
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
    const [domainName] = checkDomainNames(
      'HttpsLoadBalancer.fromListener: domainName',
      props.domainName === undefined ? [] : [props.domainName],
    );
    checkRange('HttpsLoadBalancer.fromListener: port', props.port, SERVICE_RANGES.port);
    if (props.idleTimeout) checkSeconds('HttpsLoadBalancer.fromListener: idleTimeout', props.idleTimeout, 1, 4000);
    this.idleTimeout = props.idleTimeout ?? idleTimeoutOf(props.loadBalancer);
    const port = props.port ?? portOf(props.listener) ?? HTTPS_PORT;
    this.url = `https://${domainName ?? props.loadBalancer.loadBalancerDnsName}${port === HTTPS_PORT ? '' : `:${port}`}`;
  }

  public forward(scope: Construct, id: string, props: ForwardProps): elbv2.ApplicationTargetGroup {
    const imported = !(this.listener.node.defaultChild instanceof elbv2.CfnListener);
    if (imported && this.firstPriority === undefined && props.priority === undefined) {
      Annotations.of(scope).addWarningV2(
        'voicegate:firstPriority',
        'The listener was made outside this app, so the places of its other rules are unknown; another app that joins it ' +
          'by HttpsLoadBalancer.fromListener would choose the same ones. Give each app a firstPriority of its own.',
      );
    }
    this.priorities ??= new RulePriorities(this.firstPriority, takenPriorities(this.listener));
    return forward(scope, id, this.listener, this.priorities, props);
  }
}

function portOf(listener: elbv2.IApplicationListener): number | undefined {
  const resource = listener.node.defaultChild;
  return resource instanceof elbv2.CfnListener ? resource.port : undefined;
}

/** What a load balancer of this app is set to by now. */
function idleTimeoutOf(loadBalancer: elbv2.IApplicationLoadBalancer): Duration | undefined {
  const resource = loadBalancer.node.defaultChild;
  if (!(resource instanceof elbv2.CfnLoadBalancer)) return undefined;
  const attributes: unknown = Stack.of(resource).resolve(resource.loadBalancerAttributes);
  const found = records(attributes).find(({ key }) => key === 'idle_timeout.timeout_seconds')?.value;
  if (found === undefined) return DEFAULT_IDLE_TIMEOUT;
  const seconds = Number(found);
  return Number.isInteger(seconds) ? Duration.seconds(seconds) : undefined;
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
