import { Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { DEFAULT_STARTUP_TIME } from '../../contract/service-ranges';
import { ApiKeyAuthorizer } from '../authorizer/api-key-authorizer';
import type { IRequestAuthorizer } from '../authorizer/request-authorizer';
import { HttpsLoadBalancer } from '../edge/https-load-balancer';
import type { IHttpsLoadBalancer } from '../edge/listener-rules';
import type { Firewall } from '../firewall/firewall';
import { AuthorizerGate } from '../gate/authorizer-gate';
import { addCorsHeaders } from '../gate/cors';
import { longestRequestSeconds } from '../gate/gate-bundle';
import { GateImage } from '../gate/gate-image';
import { resolveGateLimits } from '../gate/gate-limits';
import { createGateLog } from '../gate/gate-log';
import { acknowledge } from '../shared/acknowledge';
import { logOptions } from '../shared/log-options';
import { serviceTask } from './app-container';
import { rollBackOnAlarms, shiftsTraffic } from './deployment';
import type { SecureTtsServiceProps } from './secure-tts-service-props';
import { createService } from './service';
import { checkServiceProps } from './service-checks';
import { serviceEdge, warnOfLoggedText } from './service-edge';
import { serviceFirewall } from './service-firewall';
import { ServiceMonitoring } from './service-monitoring';
import { givenVpc, ServiceNetwork } from './service-network';
import { listenerRules, publicPathsOf } from './service-rules';
import { scaleService } from './service-scaling';
import { speechLimits } from './speech-limits';
import { TaskCapacity } from './task-capacity';

/** Spot capacity goes two minutes after the notice: health must be seen red, and the rest is for requests. */
const SPOT_DRAIN_DELAY = Duration.seconds(35);
const SPOT_DEREGISTRATION_SECONDS = 90;

/**
 * A text-to-speech container on the public internet: HTTPS load balancer, firewall, and an ECS service whose requests
 * an authorizer decides.
 */
export class SecureTtsService extends Construct implements ec2.IConnectable {
  /** The network. */
  public readonly vpc: ec2.IVpc;
  /** The cluster. */
  public readonly cluster: ecs.ICluster;
  /** The load balancer and its HTTPS listener. */
  public readonly edge: IHttpsLoadBalancer;
  /** The firewall, unless it is switched off. */
  public readonly firewall?: Firewall;
  /** Who decides on requests. */
  public readonly authorizer: IRequestAuthorizer;
  /** The authorizer, when it decides on API keys. */
  public readonly apiKeys?: ApiKeyAuthorizer;
  /** The gate in front of the app. */
  public readonly gate: AuthorizerGate;
  /** The app's container. */
  public readonly container: ecs.ContainerDefinition;
  /** The ECS service. */
  public readonly service: ecs.BaseService;
  /** The service's target group. */
  public readonly targetGroup: elbv2.ApplicationTargetGroup;
  /** The second target group, where deployments move requests between two. */
  public readonly alternateTargetGroup?: elbv2.ApplicationTargetGroup;
  /** Alarms and dashboard, unless they are switched off. */
  public readonly monitoring?: ServiceMonitoring;
  /** Where clients find the service. */
  public readonly url: string;
  /** Network access of the tasks. */
  public readonly connections: ec2.Connections;

  constructor(scope: Construct, id: string, props: SecureTtsServiceProps) {
    super(scope, id);
    checkServiceProps(props);
    const longestRequest = longestRequestSeconds(props);
    const network = (props.network ?? ServiceNetwork.privateSubnets())._bind(
      this,
      givenVpc({ vpc: props.vpc, cluster: props.cluster?.vpc, loadBalancer: props.loadBalancer?.loadBalancer.vpc }),
      props.secrets !== undefined || props.webSession === true,
    );
    if (!network.internet) (props.gateImage ?? GateImage.publicEcr())._checkReach('an isolated network');
    this.vpc = network.vpc;
    this.cluster = props.cluster ?? this.createCluster();

    this.edge = serviceEdge(this, this.vpc, props, longestRequest);
    this.url = this.edge.url;
    warnOfLoggedText(this, this.edge, props);
    if (props.cors && this.edge instanceof HttpsLoadBalancer) addCorsHeaders(this.edge.httpsListener, props.cors);
    const speech = speechLimits(props);
    this.firewall = serviceFirewall(this, this.edge, props, speech);

    this.authorizer = props.authorizer ?? new ApiKeyAuthorizer(this, 'Authorizer', logOptions(props));
    if (this.authorizer instanceof ApiKeyAuthorizer) this.apiKeys = this.authorizer;

    const gateLog = createGateLog(this, {
      description: 'Log group of the tasks, with the access log of the gate',
      streamPrefix: 'task',
      ...logOptions(props),
    });
    const { logging } = gateLog;
    const capacity = props.capacity ?? TaskCapacity.fargate();
    const { taskDefinition, upstream } = serviceTask(this, props, capacity, logging, speech);
    this.container = upstream.container;
    this.gate = new AuthorizerGate(this, 'Gate', {
      ...props,
      authorizer: this.authorizer,
      publicPaths: publicPathsOf(props),
      trustedHops: props.trustedHops ?? this.edge.trustedHops,
      maxBodySize: speech.maxBodySize,
      textRules: speech.textRules,
      upstreamContainer: this.container,
      upstreamPort: upstream.port,
      loadBalancerIdleTimeout: this.edge.idleTimeout,
      image: props.gateImage,
      logging,
      drainDelay: capacity._interruptible ? SPOT_DRAIN_DELAY : undefined,
      taskDefinition,
    });
    const startupTime = props.startupTime ?? Duration.seconds(DEFAULT_STARTUP_TIME);
    const { service, targetGroup, alternateTargetGroup } = createService(this, {
      capacity,
      taskDefinition,
      cluster: this.cluster,
      network,
      gate: this.gate,
      edge: this.edge,
      rules: listenerRules(props),
      vpcSubnets: props.vpcSubnets,
      securityGroups: props.securityGroups,
      // Left out where it is scaled: a deployment must not set it back.
      desiredCount: props.scaling ? undefined : (props.desiredCount ?? 2),
      startupTime,
      deregistrationDelay: Duration.seconds(
        capacity._interruptible ? Math.min(longestRequest, SPOT_DEREGISTRATION_SECONDS) : longestRequest,
      ),
      enableExecuteCommand: props.enableExecuteCommand ?? false,
      deployment: props,
    });
    if (props.scaling) {
      const { inFlight } = resolveGateLimits('SecureTtsService', props.limits);
      scaleService(service, this.gate, inFlight, props.scaling);
    }
    acknowledge(taskDefinition.obtainExecutionRole(), {
      'AwsSolutions-IAM5[Resource::*]':
        'ecr:GetAuthorizationToken knows no resource; pulling itself is bound to the repository.',
    });
    this.service = service;
    this.connections = service.connections;
    this.targetGroup = targetGroup;
    this.alternateTargetGroup = alternateTargetGroup;
    if (props.monitoringEnabled !== false) {
      this.monitoring = new ServiceMonitoring(this, 'Monitoring', {
        loadBalancer: this.edge.loadBalancer,
        targetGroup,
        alternateTargetGroup,
        service,
        gate: this.gate,
        apiKeys: this.apiKeys,
        firewall: this.firewall,
        certificate: this.edge instanceof HttpsLoadBalancer ? this.edge.certificate : undefined,
        gateLog: gateLog.logGroup,
        alarmTopic: props.alarmTopic,
      });
      if (props.rollbackOnAlarms ?? shiftsTraffic(props)) {
        rollBackOnAlarms(this, service, this.monitoring, { targetGroup, alternateTargetGroup }, startupTime);
      }
    }
  }

  private createCluster(): ecs.Cluster {
    return new ecs.Cluster(this, 'Cluster', { vpc: this.vpc, containerInsightsV2: ecs.ContainerInsights.ENABLED });
  }
}
