import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { ApiKeyAuthorizer } from '../authorizer/api-key-authorizer';
import type { EdgeCertificateConfig } from '../edge/edge-certificate';
import type { Firewall } from '../firewall/firewall';
import type { AuthorizerGate } from '../gate/authorizer-gate';

/** What is watched. */
export interface ServiceMonitoringProps {
  /** The load balancer. */
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /** The target group of the gated service. */
  readonly targetGroup: elbv2.ApplicationTargetGroup;
  /**
   * Its second target group, between which and the first a deployment moves the requests.
   * @default - none
   */
  readonly alternateTargetGroup?: elbv2.ApplicationTargetGroup;
  /** The ECS service. */
  readonly service: ecs.BaseService;
  /** Its gate. */
  readonly gate: AuthorizerGate;
  /**
   * The authorizer of API keys.
   * @default - none: the authorizer is not watched
   */
  readonly apiKeys?: ApiKeyAuthorizer;
  /**
   * The firewall in front, whose blocks the dashboard shows.
   * @default - none
   */
  readonly firewall?: Firewall;
  /**
   * The certificate of the load balancer: `HttpsLoadBalancer.certificate`.
   * @default - none: its end is not watched
   */
  readonly certificate?: EdgeCertificateConfig;
  /**
   * The log group of the gate, for which queries are saved in CloudWatch Logs Insights.
   * @default - none: no queries are saved
   */
  readonly gateLog?: logs.ILogGroup;
  /**
   * SNS topic that is notified when an alarm that needs action starts, and when it ends. Other alarms only show.
   * @default - nowhere: they only show in CloudWatch, and synthesis warns of it
   */
  readonly alarmTopic?: sns.ITopic;
  /**
   * Whether a dashboard is made. The first three of an account are free.
   * @default true
   */
  readonly dashboard?: boolean;
}
