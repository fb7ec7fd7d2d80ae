import { Annotations, Duration, Names, Stack, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, type IConstruct } from 'constructs';
import { SERVICE_RANGES } from '../../contract/service-ranges';
import { acknowledge } from '../shared/acknowledge';
import { checkRange } from '../shared/checks';
import { checkKinds } from '../shared/kinds';
import { logOptions } from '../shared/log-options';
import type { AuthorizerGateOptions, AuthorizerGateProps } from './authorizer-gate-props';
import { warnOfCors } from './cors';
import { gateOptions, LONGEST_STOP_SECONDS, METRIC_NAMESPACE } from './gate-bundle';
import { addGateContainers } from './gate-containers';
import { GateImage } from './gate-image';
import { GATE_KINDS } from './gate-kinds';
import { createGateLog } from './gate-log';
import { checkGatePorts, checkPlace } from './gate-place';
import { GateValidation } from './gate-validation';
import { findUpstream } from './upstream';

/**
 * A sidecar (nginx) in front of an app in the same ECS task: it lets a request pass only after an authorizer's
 * allow. It becomes the task definition's default container, so a load balancer that is attached afterwards sends to
 * it; synthesis fails while traffic could still reach the app around it.
 */
export class AuthorizerGate extends Construct {
  /** Puts a gate into an existing task definition. */
  public static addTo(taskDefinition: ecs.TaskDefinition, options: AuthorizerGateOptions): AuthorizerGate {
    return new AuthorizerGate(taskDefinition, 'Gate', { ...options, taskDefinition });
  }

  /** Name of the gate's container. */
  public static readonly CONTAINER_NAME = 'gate';
  /** Port that takes requests, unless told otherwise. */
  public static readonly PORT = 8080;
  /** Port that answers health checks, unless told otherwise. */
  public static readonly HEALTH_PORT = 8081;

  /** The gate's container. */
  public readonly container: ecs.ContainerDefinition;
  /** The container that prepares the gate's volume before it starts. */
  public readonly initContainer: ecs.ContainerDefinition;
  /** The health check that a target group of the gate needs. */
  public readonly healthCheck: elbv2.HealthCheck;
  /** Port that takes requests. */
  public readonly port: number;
  /** Port that answers health checks. */
  public readonly healthPort: number;
  private readonly metricsService: string;
  private readonly validation: GateValidation;

  constructor(scope: Construct, id: string, props: AuthorizerGateProps) {
    super(scope, id);
    checkKinds(
      'AuthorizerGate',
      props,
      {
        ...GATE_KINDS,
        authorizer: 'authorizer',
        taskDefinition: 'object',
        upstreamContainer: 'object',
        loadBalancerIdleTimeout: 'duration',
        drainDelay: 'duration',
        allowQueryKey: 'boolean',
        image: 'object',
        logging: 'object',
      },
      ['authorizer', 'taskDefinition'],
    );
    const { taskDefinition } = props;
    checkRange('AuthorizerGate: upstreamPort', props.upstreamPort, SERVICE_RANGES.port);
    this.port = props.gatePort ?? AuthorizerGate.PORT;
    this.healthPort = props.gateHealthPort ?? AuthorizerGate.HEALTH_PORT;
    checkPlace(taskDefinition, AuthorizerGate.CONTAINER_NAME);
    const { container: upstream, port: upstreamPort } = findUpstream(taskDefinition, props);
    checkGatePorts(this.port, this.healthPort, upstreamPort);

    const { handler } = props.authorizer.bindGate();
    this.metricsService = Names.uniqueResourceName(taskDefinition, { maxLength: 200, separator: '-' });
    const options = gateOptions(props, this.metricsService);
    const { longestRequest } = options;
    const gateImage = props.image ?? GateImage.publicEcr();
    if (isChina(Stack.of(this))) gateImage._checkReach('a region in China');
    const logging =
      props.logging ??
      createGateLog(this, {
        description: 'Log group of the gate, with its access log',
        streamPrefix: 'voicegate',
        ...logOptions(props),
      }).logging;
    const { initContainer, container } = addGateContainers(this, taskDefinition, {
      props,
      options,
      image: gateImage.image,
      logging,
      containerName: AuthorizerGate.CONTAINER_NAME,
      port: this.port,
      healthPort: this.healthPort,
      upstream,
      upstreamPort,
      authorizerArn: handler.functionArn,
    });
    this.initContainer = initContainer;
    this.container = container;
    taskDefinition.defaultContainer = this.container;
    // Containers of a task share its role, so whatever the gate may do the app may do: this one call, nothing else.
    iam.Grant.addToPrincipal({
      grantee: taskDefinition.taskRole,
      actions: ['lambda:InvokeFunction'],
      resourceArns: [handler.functionArn],
    });
    this.healthCheck = {
      port: String(this.healthPort),
      path: '/',
      healthyHttpCodes: '200',
      interval: Duration.seconds(10),
      timeout: Duration.seconds(5),
      healthyThresholdCount: 2,
      unhealthyThresholdCount: 3,
    };
    this.validation = new GateValidation(this, {
      taskDefinition,
      gateContainer: AuthorizerGate.CONTAINER_NAME,
      gatePort: this.port,
      healthPort: this.healthPort,
      upstreamContainer: upstream.containerName,
      upstreamPort,
      trustedHops: options.trustedHops,
      longestRequest,
      loadBalancerIdleTimeout: options.loadBalancerIdleTimeout,
    });
    this.node.addValidation(this.validation);
    acknowledge(taskDefinition, {
      'AwsSolutions-ECS2': 'The environment holds configuration only; secrets of the app belong into its secrets.',
    });
    this.warn(props, longestRequest);
  }

  /**
   * The gate as a target: what to pass to a target group's `targets`.
   * @param service the service that runs the gate's task
   * @param alternateTarget the second target group, for deployments that move requests between two
   */
  public loadBalancerTarget(
    service: ecs.BaseService,
    alternateTarget?: ecs.IAlternateTarget,
  ): ecs.IEcsLoadBalancerTarget {
    return service.loadBalancerTarget({
      containerName: AuthorizerGate.CONTAINER_NAME,
      containerPort: this.port,
      alternateTarget,
    });
  }

  /**
   * Makes a target group check the gate's own health, and lets its load balancers reach the port for that.
   * @param service the service that is registered with the target group
   */
  public configureTargetGroup(targetGroup: elbv2.ApplicationTargetGroup, service: ec2.IConnectable): void {
    targetGroup.configureHealthCheck(this.healthCheck);
    targetGroup.registerConnectable(service, ec2.Port.tcp(this.healthPort));
  }

  /**
   * Lets synthesis pass although traffic can reach the app around its gate, because it is meant to.
   * @param through what opens the route, or something around it: a security group or its rule, or a service
   * @param reason why it is meant; it stands beside the construct in the metadata of the cloud assembly
   */
  public acknowledgeRoute(through: IConstruct, reason: string): void {
    if (typeof reason !== 'string' || reason.trim() === '') {
      throw new Error(`AuthorizerGate.acknowledgeRoute: give the reason why ${through.node.path} leads past the gate`);
    }
    this.validation.acknowledge(through);
    through.node.addMetadata('voicegate:routeAroundGate', reason);
  }

  /**
   * A metric that the gates of this task definition write every minute: Allowed, Denied, Shed, FailedAttempts, Bans,
   * Banned, AdmittedInFlight, AdmittedInFlightMaximum, CacheHits, StaleServed, AuthorizerInvocations, AuthorizerErrors,
   * AuthorizerThrottles or AuthorizerLatency.
   */
  public metric(metricName: string, options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap: { Service: this.metricsService },
      statistic: cloudwatch.Stats.SUM,
      period: Duration.minutes(1),
      ...options,
    });
  }

  /** Requests in flight to the app per task, the mean over a minute: what to scale by. */
  public metricAdmittedInFlight(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.metric('AdmittedInFlight', { statistic: cloudwatch.Stats.AVERAGE, ...options });
  }

  private warn(props: AuthorizerGateOptions, longestRequest: number): void {
    if (props.cors) warnOfCors(this, props.cors);
    const annotations = Annotations.of(this);
    if (props.publicPaths === undefined) {
      annotations.addInfoV2(
        'voicegate:publicPaths',
        'Every path needs a credential, also a web page and its files: publicPaths names those that need none; [] silences this.',
      );
    }
    if (longestRequest > LONGEST_STOP_SECONDS) {
      annotations.addWarningV2(
        'voicegate:longestRequest',
        `longestRequest is ${longestRequest} s, but ECS gives a stopping task at most ${LONGEST_STOP_SECONDS} s: deployments and scaling in may cut longer requests off.`,
      );
    }
    if (props.allowQueryKey) {
      annotations.addWarningV2(
        'voicegate:queryKey',
        'allowQueryKey is on: the access logs of the load balancer and of proxies on the way hold API keys. Prefer the header X-API-Key.',
      );
    }
  }
}

/** Whether a stack is known to be in a region that the public gallery does not serve. */
function isChina({ region }: Stack): boolean {
  return !Token.isUnresolved(region) && region.startsWith('cn-');
}
