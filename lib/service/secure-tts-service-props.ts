import type { Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as route53 from 'aws-cdk-lib/aws-route53';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { IRequestAuthorizer } from '../authorizer/request-authorizer';
import type { EdgeCertificate } from '../edge/edge-certificate';
import type { LoadBalancerOptions } from '../edge/https-load-balancer-props';
import type { IHttpsLoadBalancer } from '../edge/listener-rules';
import type { PageLogin } from '../edge/page-login';
import type { TokenValidation } from '../edge/token-validation';
import type { Firewall } from '../firewall/firewall';
import type { GateImage } from '../gate/gate-image';
import type { GateProps } from '../gate/gate-props';
import type { AppContainerProps } from './app-container-props';
import type { DeploymentProps } from './deployment-props';
import type { ServiceNetwork } from './service-network';
import type { ServiceScaling } from './service-scaling';
import type { TaskCapacity } from './task-capacity';

/** Options of the whole service. Only the image or a task definition, and the certificate or a load balancer, have no default. */
export interface SecureTtsServiceProps extends GateProps, AppContainerProps, DeploymentProps {
  /**
   * The app's container image: an HTTP server on `upstreamPort`.
   * @default - none: then `taskDefinition` must be given, which has one
   */
  readonly image?: ecs.ContainerImage;
  /**
   * The certificate that clients see.
   * @default - none: then `loadBalancer` must be given, which has one
   */
  readonly certificate?: EdgeCertificate;
  /**
   * An existing load balancer, shared with other services: an `HttpsLoadBalancer`, or anybody's by
   * `HttpsLoadBalancer.fromListener`. Its idle timeout must exceed `longestRequest`. A firewall is then yours too.
   * @default - a new HttpsLoadBalancer
   */
  readonly loadBalancer?: IHttpsLoadBalancer;
  /**
   * Which requests of the load balancer are for this service, such as `ListenerCondition.hostHeaders(['tts.example.com'])`.
   * @default - all that no other rule takes
   */
  readonly routing?: elbv2.ListenerCondition[];
  /**
   * Names under which clients reach the service.
   * @default - none: the load balancer's own DNS name
   */
  readonly domainNames?: string[];
  /**
   * A Route 53 hosted zone in which the domain names become alias records of a new load balancer.
   * @default - none: their DNS records are yours
   */
  readonly hostedZone?: route53.IHostedZone;
  /**
   * Security groups of the tasks. They must not admit the app's port.
   * @default - a new one, which admits the load balancer to the gate
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
  /**
   * An existing network.
   * @default - that of `cluster` or `loadBalancer`, where one is given; else a new one with two availability zones
   */
  readonly vpc?: ec2.IVpc;
  /**
   * Where in the network the tasks live.
   * @default ServiceNetwork.privateSubnets(), with one NAT gateway
   */
  readonly network?: ServiceNetwork;
  /**
   * Subnets of the tasks, where those that `network` chooses are not the right ones.
   * @default - all subnets of the kind that `network` says
   */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /**
   * An existing cluster in the same network.
   * @default - a new one, with Container Insights
   */
  readonly cluster?: ecs.ICluster;
  /**
   * On what the tasks run.
   * @default TaskCapacity.fargate(): 2 vCPU, 8 GB, 40 GiB of storage
   */
  readonly capacity?: TaskCapacity;
  /**
   * How many tasks run, from 0 to 1000.
   * @default 2
   */
  readonly desiredCount?: number;
  /**
   * How the number of tasks follows the load, instead of `desiredCount`.
   * @default - it does not
   */
  readonly scaling?: ServiceScaling;
  /**
   * Who decides on requests.
   * @default - a new ApiKeyAuthorizer
   */
  readonly authorizer?: IRequestAuthorizer;
  /**
   * An existing firewall, or one with options of its own.
   * @default - a new Firewall
   */
  readonly firewall?: Firewall;
  /**
   * ARN of an existing regional web ACL, instead of a new Firewall. Where the load balancer has one already, leave this
   * out and set `firewallEnabled: false`: a load balancer takes one.
   * @default - none
   */
  readonly webAclArn?: string;
  /**
   * Whether a firewall stands in front. It costs about 10 USD a month before the first request.
   * @default true, unless `loadBalancer` is given without `firewall`
   */
  readonly firewallEnabled?: boolean;
  /**
   * Options of the load balancer.
   * @default - see the members
   */
  readonly loadBalancerOptions?: LoadBalancerOptions;
  /**
   * Environment of the app, besides PORT.
   * @default - none
   */
  readonly environment?: { [key: string]: string };
  /**
   * Files of environment in S3, for more than a task definition holds: it takes 64 KiB, of which the gate has 52.
   * @default - none
   */
  readonly environmentFiles?: ecs.EnvironmentFile[];
  /**
   * Secrets that the app gets as environment.
   * @default - none
   */
  readonly secrets?: { [key: string]: ecs.Secret };
  /**
   * Whether the app's root file system is read-only. Many images write to theirs, so it is off by default.
   * @default false
   */
  readonly readonlyRootFilesystem?: boolean;
  /**
   * Whether the app's container loses every Linux capability. Switch it off for an image that starts as root and
   * changes its user.
   * @default true
   */
  readonly dropCapabilities?: boolean;
  /**
   * How long the app may take until it answers for the first time. Failing health checks do not count until then.
   * @default Duration.minutes(5)
   */
  readonly startupTime?: Duration;
  /**
   * Characters of the longest text that `/tts` speaks, from 1 to 100,000 Unicode code points. The image gets it as
   * TTS_MAX_TEXT_CHARACTERS; the firewall's length rule and the gate's body limit follow. A query holds some 600 at
   * most, since servers end request lines at 8 KB: longer texts need POST.
   * @default 500
   */
  readonly maxTextCharacters?: number;
  /**
   * Characters of the longest text that `/v1/audio/speech` speaks, from 1 to 100,000 Unicode code points. The image is
   * told so by TTS_MAX_SPEECH_CHARACTERS; the gate's body limit follows.
   * @default 4096, as OpenAI's
   */
  readonly maxSpeechCharacters?: number;
  /**
   * Paths that turn text into speech: limited more tightly, and taken as prose by the firewall.
   * @default - ["/tts", "/tts/", "/api/tts", "/v1/audio/speech", "/v1/audio/speech/"]
   */
  readonly synthesisPaths?: string[];
  /**
   * Login by the load balancer that browsers need for the web page. It says who may see the page; the API behind the
   * page still wants its own credential.
   * @default - none
   */
  readonly pageLogin?: PageLogin;
  /**
   * Paths that `pageLogin` is for, with every method. They must be public, or `webSession` on, and no synthesis path.
   * @default - `publicPaths`, as far as they are for GET
   */
  readonly pageLoginPaths?: string[];
  /**
   * Validation of access tokens by the load balancer, before the gate decides on them as before: forged and expired ones
   * cost no capacity. The authorizer must accept tokens of the same issuer; requests with an API key pass as they are.
   * @default - none: only the gate decides
   */
  readonly tokenValidation?: TokenValidation;
  /**
   * Paths that `tokenValidation` is for, with every method.
   * @default - `synthesisPaths`
   */
  readonly tokenValidationPaths?: string[];
  /**
   * The gate's image.
   * @default GateImage.publicEcr()
   */
  readonly gateImage?: GateImage;
  /**
   * Whether `aws ecs execute-command` works on the tasks.
   * @default false
   */
  readonly enableExecuteCommand?: boolean;
  /**
   * Whether alarms and a dashboard are made. An alarm costs about 0.10 USD a month.
   * @default true
   */
  readonly monitoringEnabled?: boolean;
  /**
   * SNS topic that is notified when an alarm starts and when it ends.
   * @default - nowhere: they only show in CloudWatch
   */
  readonly alarmTopic?: sns.ITopic;
}
