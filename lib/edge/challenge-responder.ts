import { ArnFormat, Duration, Fn, Stack } from 'aws-cdk-lib';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, type IConstruct } from 'constructs';
import { CHALLENGE_ENV, CHALLENGE_PATH } from '../../contract/acme';
import { createBundledFunction } from '../shared/bundled-function';
import { type LogOptions, logOptions } from '../shared/log-options';

/** Before the redirect. */
const PRIORITY = 5;

/** @internal */
export interface ChallengeResponderProps extends LogOptions {
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /** Its listener on port 80. */
  readonly listener: elbv2.IApplicationListener;
  /** Thumbprint of the account's key. */
  readonly thumbprint: string;
}

/**
 * Answers HTTP-01 challenges on port 80: a rule of the listener, and a function that needs neither state nor rights.
 *
 * @internal
 */
export class ChallengeResponder extends Construct {
  /** Whether challenges come through this load balancer. */
  public static answersFor(loadBalancer: elbv2.IApplicationLoadBalancer): boolean {
    const all: IConstruct[] = loadBalancer.node.root.node.findAll();
    return all.some((construct) => construct instanceof ChallengeResponder && construct.loadBalancer === loadBalancer);
  }

  private readonly loadBalancer: elbv2.IApplicationLoadBalancer;

  constructor(scope: Construct, id: string, props: ChallengeResponderProps) {
    super(scope, id);
    this.loadBalancer = props.loadBalancer;
    const handler = createBundledFunction(this, {
      bundle: 'acme-challenge',
      description: 'Answers the challenges of the certificate authority',
      memorySize: 128,
      timeout: Duration.seconds(5),
      ...logOptions(props),
      environment: { [CHALLENGE_ENV.thumbprint]: props.thumbprint },
    });
    // The permission has to be there before the function becomes a target, so it cannot name the target group by a
    // reference. The name is made of the load balancer's id: a load balancer that is replaced gets a group of its own.
    const loadBalancerId = Fn.select(3, Fn.split('/', props.loadBalancer.loadBalancerArn));
    const targetGroupName = Fn.join('-', ['acme', loadBalancerId]);
    const stack = Stack.of(this);
    handler.addPermission('Challenges', {
      principal: new iam.ServicePrincipal('elasticloadbalancing.amazonaws.com'),
      sourceAccount: stack.account,
      sourceArn: stack.formatArn({
        service: 'elasticloadbalancing',
        resource: 'targetgroup',
        resourceName: `${targetGroupName}/*`,
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      }),
    });
    const targetGroup = new elbv2.ApplicationTargetGroup(this, 'Targets', {
      targetGroupName,
      targetType: elbv2.TargetType.LAMBDA,
      targets: [
        {
          attachToApplicationTargetGroup: () => ({
            targetType: elbv2.TargetType.LAMBDA,
            targetJson: { id: handler.functionArn },
          }),
        },
      ],
    });
    targetGroup.node.addDependency(handler.node.findChild('Challenges'));
    new elbv2.ApplicationListenerRule(this, 'Rule', {
      listener: props.listener,
      priority: PRIORITY,
      conditions: [
        elbv2.ListenerCondition.pathPatterns([`${CHALLENGE_PATH}*`]),
        elbv2.ListenerCondition.httpRequestMethods(['GET']),
      ],
      action: elbv2.ListenerAction.forward([targetGroup]),
    });
  }
}
