import { Annotations, Duration, Names, Stack, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, type IConstruct } from 'constructs';
import { memoryLimitMiB } from '../../contract/gate-memory';
import { GATE_ENV } from '../../contract/names';
import { acknowledge } from '../shared/acknowledge';
import { checkInteger } from '../shared/checks';
import { checkKinds } from '../shared/kinds';
import type { AuthorizerGateOptions, AuthorizerGateProps } from './authorizer-gate-props';
import { warnOfCors } from './cors';
import { gateOptions, LONGEST_STOP_SECONDS, loadGateBundle, METRIC_NAMESPACE, stopTimeoutSeconds } from './gate-bundle';
import { GateImage } from './gate-image';
import { GATE_KINDS } from './gate-kinds';
import { createGateLog } from './gate-log';
import { GateValidation } from './gate-validation';
import { findUpstream } from './upstream';
import { sessionSecrets } from './web-session';

/** Where the init container leaves the configuration, and the gate its temporary files. */
const GATE_DIRECTORY = '/run/voicegate';
const VOLUME = 'voicegate';
/** Uid of `nginx` in the official image. */
const GATE_USER = '101';
/** What Docker grants by default, less CHOWN. On Fargate a capability cannot be added, so ALL cannot be dropped here. */
const ALL_BUT_CHOWN = [
  ecs.Capability.AUDIT_WRITE,
  ecs.Capability.DAC_OVERRIDE,
  ecs.Capability.FOWNER,
  ecs.Capability.FSETID,
  ecs.Capability.KILL,
  ecs.Capability.MKNOD,
  ecs.Capability.NET_BIND_SERVICE,
  ecs.Capability.NET_RAW,
  ecs.Capability.SETFCAP,
  ecs.Capability.SETGID,
  ecs.Capability.SETPCAP,
  ecs.Capability.SETUID,
  ecs.Capability.SYS_CHROOT,
];

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
    checkInteger('AuthorizerGate: upstreamPort', props.upstreamPort, 1, 65_535);
    this.port = props.gatePort ?? AuthorizerGate.PORT;
    this.healthPort = props.gateHealthPort ?? AuthorizerGate.HEALTH_PORT;
    checkPlace(taskDefinition);
    const { container: upstream, port: upstreamPort } = findUpstream(taskDefinition, props);
    this.checkPorts(upstreamPort);

    const { handler } = props.authorizer.bindGate();
    this.metricsService = Names.uniqueResourceName(taskDefinition, { maxLength: 200, separator: '-' });
    const options = gateOptions(props, this.metricsService);
    const { longestRequest } = options;
    const bundle = loadGateBundle().packGate(options);
    const gateImage = props.image ?? GateImage.publicEcr();
    if (isChina(Stack.of(this))) gateImage._checkReach('a region in China');
    const { image } = gateImage;
    const logging =
      props.logging ??
      createGateLog(this, {
        description: 'Log group of the gate, with its access log',
        streamPrefix: 'voicegate',
        retention: props.logRetention,
      }).logging;
    const environment = {
      [GATE_ENV.directory]: GATE_DIRECTORY,
      [GATE_ENV.listen]: `0.0.0.0:${this.port}`,
      [GATE_ENV.healthListen]: `0.0.0.0:${this.healthPort}`,
      [GATE_ENV.upstream]: `127.0.0.1:${upstreamPort}`,
    };

    taskDefinition.addVolume({ name: VOLUME });
    this.initContainer = taskDefinition.addContainer('GateInitContainer', {
      containerName: 'gate-init',
      image,
      essential: false,
      user: '0',
      command: [...bundle.initCommand],
      environment: { ...environment, [GATE_ENV.bundle]: bundle.bundle },
      readonlyRootFilesystem: true,
      linuxParameters: this.linuxParameters('InitLinux', ALL_BUT_CHOWN),
      memoryReservationMiB: 64,
      logging,
    });
    this.container = taskDefinition.addContainer('GateContainer', {
      containerName: AuthorizerGate.CONTAINER_NAME,
      image,
      user: GATE_USER,
      command: [...bundle.command],
      environment: {
        ...environment,
        [GATE_ENV.authorizer]: handler.functionArn,
        AWS_REGION: Stack.of(this).region,
      },
      secrets: sessionSecrets(this, props),
      readonlyRootFilesystem: true,
      linuxParameters: this.linuxParameters('Linux', [ecs.Capability.ALL]),
      memoryReservationMiB: 128,
      // All that strangers can make it hold fits in.
      memoryLimitMiB: memoryLimitMiB(options),
      stopTimeout: Duration.seconds(stopTimeoutSeconds(longestRequest, options.drainDelay)),
      portMappings: [
        { containerPort: this.port, name: 'gate' },
        { containerPort: this.healthPort, name: 'gate-health' },
      ],
      logging,
    });
    for (const container of [this.initContainer, this.container]) {
      container.addMountPoints({ sourceVolume: VOLUME, containerPath: GATE_DIRECTORY, readOnly: false });
    }
    this.container.addContainerDependencies(
      { container: this.initContainer, condition: ecs.ContainerDependencyCondition.SUCCESS },
      // The order of stopping is the reverse: the gate drains while the app still answers.
      { container: upstream, condition: ecs.ContainerDependencyCondition.START },
    );
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

  /** The gate as a target: what to pass to a target group's `targets`. */
  public loadBalancerTarget(service: ecs.BaseService): ecs.IEcsLoadBalancerTarget {
    return service.loadBalancerTarget({
      containerName: AuthorizerGate.CONTAINER_NAME,
      containerPort: this.port,
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

  private checkPorts(upstreamPort: number): void {
    checkInteger('AuthorizerGate: gatePort', this.port, 1024, 65_535);
    checkInteger('AuthorizerGate: gateHealthPort', this.healthPort, 1024, 65_535);
    if (this.port === this.healthPort) {
      throw new Error(`AuthorizerGate: gatePort and gateHealthPort must differ, got ${this.port} for both`);
    }
    if (upstreamPort === this.port || upstreamPort === this.healthPort) {
      throw new Error(
        `AuthorizerGate: upstreamPort ${upstreamPort} is the gate's own; let the app listen on another port, or give the ` +
          'gate others by gatePort and gateHealthPort',
      );
    }
  }

  private linuxParameters(id: string, drop: ecs.Capability[]): ecs.LinuxParameters {
    const parameters = new ecs.LinuxParameters(this, id);
    parameters.dropCapabilities(...drop);
    return parameters;
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

/** @throws Error where a gate would guard nothing, or could not run. */
function checkPlace(taskDefinition: ecs.TaskDefinition): void {
  if (taskDefinition.networkMode !== ecs.NetworkMode.AWS_VPC) {
    throw new Error(
      `AuthorizerGate: the task definition's network mode must be awsvpc, got ${taskDefinition.networkMode}: ` +
        'only there do the gate and the app share one loopback interface',
    );
  }
  // biome-ignore lint/complexity/useLiteralKeys: older aws-cdk-lib versions declare the property private.
  const { operatingSystemFamily: system } = taskDefinition['runtimePlatform'] ?? {};
  if (system?._operatingSystemFamily.startsWith('WINDOWS')) {
    throw new Error(
      `AuthorizerGate: the task definition runs on ${system._operatingSystemFamily}, but the gate is an nginx for Linux; use a task on Linux`,
    );
  }
  if (taskDefinition.findContainer(AuthorizerGate.CONTAINER_NAME)) {
    throw new Error('AuthorizerGate: the task definition already has a container "gate"; one gate a task is enough');
  }
}

/** Whether a stack is known to be in a region that the public gallery does not serve. */
function isChina({ region }: Stack): boolean {
  return !Token.isUnresolved(region) && region.startsWith('cn-');
}
