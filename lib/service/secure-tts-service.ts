import { Annotations, Duration, Token } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { SYNTHESIS_PATHS } from '../../contract/names';
import { ApiKeyAuthorizer } from '../authorizer/api-key-authorizer';
import type { IRequestAuthorizer } from '../authorizer/request-authorizer';
import { HttpsLoadBalancer } from '../edge/https-load-balancer';
import type { IHttpsLoadBalancer } from '../edge/listener-rules';
import { Firewall } from '../firewall/firewall';
import { FirewallLogging } from '../firewall/firewall-logging';
import { associate } from '../firewall/web-acl-association';
import { AuthorizerGate } from '../gate/authorizer-gate';
import { addCorsHeaders } from '../gate/cors';
import { idleTimeoutSeconds, longestRequestSeconds } from '../gate/gate-bundle';
import { GateImage } from '../gate/gate-image';
import { GATE_KINDS } from '../gate/gate-kinds';
import { resolveGateLimits } from '../gate/gate-limits';
import { createGateLog } from '../gate/gate-log';
import { acknowledge } from '../shared/acknowledge';
import { checkExclusive, checkInteger } from '../shared/checks';
import { checkKinds, type Kinds } from '../shared/kinds';
import { addAppContainer, DEFAULT_APP_PORT } from './app-container';
import type { SecureTtsServiceProps } from './secure-tts-service-props';
import { createService } from './service';
import { ServiceMonitoring } from './service-monitoring';
import { givenVpc, ServiceNetwork } from './service-network';
import { listenerRules, publicPathsOf } from './service-rules';
import { checkScaling, scaleService } from './service-scaling';
import { type SpeechLimits, speechLimits } from './speech-limits';
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
  /** Alarms and dashboard, unless they are switched off. */
  public readonly monitoring?: ServiceMonitoring;
  /** Where clients find the service. */
  public readonly url: string;
  /** Network access of the tasks. */
  public readonly connections: ec2.Connections;

  constructor(scope: Construct, id: string, props: SecureTtsServiceProps) {
    super(scope, id);
    checkKinds('SecureTtsService', props, SERVICE_KINDS, ['image']);
    checkProps(props);
    const longestRequest = longestRequestSeconds(props);
    const network = (props.network ?? ServiceNetwork.privateSubnets())._bind(
      this,
      givenVpc({ vpc: props.vpc, cluster: props.cluster?.vpc, loadBalancer: props.loadBalancer?.loadBalancer.vpc }),
      props.secrets !== undefined || props.webSession === true,
    );
    if (!network.internet) (props.gateImage ?? GateImage.publicEcr())._checkReach('an isolated network');
    this.vpc = network.vpc;
    this.cluster = props.cluster ?? this.createCluster();

    this.edge = this.createEdge(props, longestRequest);
    this.url = this.edge.url;
    this.warnOfLoggedText(props);
    if (props.cors && this.edge instanceof HttpsLoadBalancer) addCorsHeaders(this.edge.httpsListener, props.cors);
    const speech = speechLimits(this, props);
    this.firewall = this.createFirewall(props, speech);

    this.authorizer =
      props.authorizer ?? new ApiKeyAuthorizer(this, 'Authorizer', { logRetention: props.logRetention });
    if (this.authorizer instanceof ApiKeyAuthorizer) this.apiKeys = this.authorizer;

    const gateLog = createGateLog(this, {
      description: 'Log group of the tasks, with the access log of the gate',
      streamPrefix: 'task',
      retention: props.logRetention,
    });
    const { logging } = gateLog;
    const capacity = props.capacity ?? TaskCapacity.fargate();
    const taskDefinition = capacity._createTaskDefinition(this, 'Task');
    this.container = addAppContainer(this, taskDefinition, props, logging, speech, capacity._gpuCount);
    this.gate = new AuthorizerGate(this, 'Gate', {
      ...props,
      authorizer: this.authorizer,
      publicPaths: publicPathsOf(props),
      maxBodySize: speech.maxBodySize,
      upstreamContainer: this.container,
      upstreamPort: props.upstreamPort ?? DEFAULT_APP_PORT,
      loadBalancerIdleTimeout: this.edge.idleTimeout,
      image: props.gateImage,
      logging,
      drainDelay: capacity._interruptible ? SPOT_DRAIN_DELAY : undefined,
      taskDefinition,
    });
    const { service, targetGroup } = createService(this, {
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
      startupTime: props.startupTime ?? Duration.minutes(5),
      deregistrationDelay: Duration.seconds(
        capacity._interruptible ? Math.min(longestRequest, SPOT_DEREGISTRATION_SECONDS) : longestRequest,
      ),
      enableExecuteCommand: props.enableExecuteCommand ?? false,
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
    if (props.monitoringEnabled !== false) {
      this.monitoring = new ServiceMonitoring(this, 'Monitoring', {
        loadBalancer: this.edge.loadBalancer,
        targetGroup,
        service,
        gate: this.gate,
        apiKeys: this.apiKeys,
        firewall: this.firewall,
        certificate: this.edge instanceof HttpsLoadBalancer ? this.edge.certificate : undefined,
        gateLog: gateLog.logGroup,
        alarmTopic: props.alarmTopic,
      });
    }
  }

  private createEdge(props: SecureTtsServiceProps, longestRequest: number): IHttpsLoadBalancer {
    if (props.loadBalancer) {
      if (props.certificate) {
        throw new Error(
          'SecureTtsService: give only one of loadBalancer, certificate; got both. The certificate of an existing listener belongs to who made it: ' +
            'add yours there. EdgeCertificate.letsEncrypt needs a load balancer that HttpsLoadBalancer makes; for an existing one request a ' +
            'certificate that is validated by DNS ("voicegate certificate request")',
        );
      }
      // They would be lost without a word: the load balancer has its own.
      for (const name of ['hostedZone', 'domainNames', 'loadBalancerOptions'] as const) {
        checkExclusive('SecureTtsService', { loadBalancer: props.loadBalancer, [name]: props[name] });
      }
      this.checkIdleTimeout(props.loadBalancer, longestRequest);
      return props.loadBalancer;
    }
    if (!props.certificate) {
      throw new Error(
        'SecureTtsService: give certificate (EdgeCertificate.letsEncrypt, .dnsValidated, .fromArn or .selfSigned) or loadBalancer, got neither',
      );
    }
    return new HttpsLoadBalancer(this, 'Edge', {
      vpc: this.vpc,
      certificate: props.certificate,
      domainNames: props.domainNames,
      hostedZone: props.hostedZone,
      idleTimeout: Duration.seconds(idleTimeoutSeconds(longestRequest)),
      ...props.loadBalancerOptions,
    });
  }

  /** What is in this app is compared at the end of synthesis; of another one only what is said is known. */
  private checkIdleTimeout({ idleTimeout }: IHttpsLoadBalancer, longestRequest: number): void {
    if (idleTimeout !== undefined) return;
    Annotations.of(this).addWarningV2(
      'voicegate:unknownIdleTimeout',
      `The load balancer was made outside this app, so its idle timeout is unknown. It must exceed longestRequest (${longestRequest} s), or longer ` +
        'requests end in 504; by default it is 60 s. Say what it is: HttpsLoadBalancer.fromListener({ …, idleTimeout })',
    );
  }

  private createFirewall(props: SecureTtsServiceProps, speech: SpeechLimits): Firewall | undefined {
    if (props.webAclArn !== undefined) {
      associate(this, 'WebAclAssociation', this.edge.loadBalancer.loadBalancerArn, props.webAclArn);
      return undefined;
    }
    if (props.firewallEnabled === false || (props.loadBalancer && !props.firewall)) return undefined;
    const paths = props.synthesisPaths ?? [...SYNTHESIS_PATHS];
    const limits = resolveGateLimits('SecureTtsService', props.limits);
    const firewall =
      props.firewall ??
      new Firewall(this, 'Firewall', {
        freeTextPaths: paths,
        rateLimits: Firewall.outerNet({ limits: props.limits, synthesisPaths: paths }),
        cors: props.cors,
        maxTextCharacters: speech.maxTextCharacters,
        logging: props.logRetention && FirewallLogging.cloudWatch({ retention: props.logRetention }),
      });
    if (firewall._maxTextCharacters > 0 && firewall._maxTextCharacters < speech.maxTextCharacters) {
      throw new Error(
        `SecureTtsService: maxTextCharacters is ${speech.maxTextCharacters}, but firewall refuses texts of more than ${firewall._maxTextCharacters}; give it maxTextCharacters: ${speech.maxTextCharacters} too`,
      );
    }
    if (firewall._perMinute !== undefined && firewall._perMinute < limits.requestsPerMinute) {
      Annotations.of(this).addWarningV2(
        'voicegate:outerNet',
        `The firewall lets ${firewall._perMinute} requests a minute and address through, fewer than the gate's ${limits.requestsPerMinute}: clients meet the coarser limit first. Raise the firewall's RateLimit.perIp.`,
      );
    }
    firewall.protect(this.edge.loadBalancer);
    return firewall;
  }

  /** A load balancer cannot leave the query out of its access log. */
  private warnOfLoggedText(props: SecureTtsServiceProps): void {
    const paths = props.synthesisPaths ?? SYNTHESIS_PATHS;
    if (!(this.edge instanceof HttpsLoadBalancer && this.edge.logsAccess) || paths.length === 0) return;
    Annotations.of(this).addWarningV2(
      'voicegate:textInAccessLogs',
      `Access logs hold whole URLs, for 14 days: of GET requests to ${paths.join(', ')} also the text. Clients that send it by POST leave none; loadBalancerOptions: { accessLogs: false } switches the log off.`,
    );
  }

  private createCluster(): ecs.Cluster {
    return new ecs.Cluster(this, 'Cluster', { vpc: this.vpc, containerInsightsV2: ecs.ContainerInsights.ENABLED });
  }
}

const SERVICE_KINDS: Kinds = {
  ...GATE_KINDS,
  image: 'image',
  certificate: 'certificate',
  loadBalancer: 'edge',
  routing: 'list',
  domainNames: 'texts',
  hostedZone: 'object',
  securityGroups: 'list',
  vpc: 'vpc',
  network: 'network',
  vpcSubnets: 'object',
  cluster: 'object',
  capacity: 'capacity',
  desiredCount: 'number',
  scaling: 'object',
  authorizer: 'authorizer',
  firewall: 'firewall',
  webAclArn: 'text',
  firewallEnabled: 'boolean',
  loadBalancerOptions: 'object',
  environment: 'textMap',
  environmentFiles: 'list',
  secrets: 'object',
  readonlyRootFilesystem: 'boolean',
  dropCapabilities: 'boolean',
  startupTime: 'duration',
  pageLoginPaths: 'texts',
  tokenValidation: 'object',
  tokenValidationPaths: 'texts',
  gateImage: 'object',
  enableExecuteCommand: 'boolean',
  monitoringEnabled: 'boolean',
  alarmTopic: 'object',
};

const WEB_ACL_ARN = /^arn:[a-z-]+:wafv2:[a-z0-9-]+:\d{12}:regional\/webacl\/[\w-]+\/[\w-]+$/;

function checkProps(props: SecureTtsServiceProps): void {
  checkExclusive('SecureTtsService', { firewall: props.firewall, webAclArn: props.webAclArn });
  for (const name of ['firewall', 'webAclArn'] as const) {
    if (props.firewallEnabled !== false || props[name] === undefined) continue;
    throw new Error(`SecureTtsService: ${name} is given, but firewallEnabled is false; give only one of them`);
  }
  if (props.webAclArn !== undefined && !Token.isUnresolved(props.webAclArn) && !WEB_ACL_ARN.test(props.webAclArn)) {
    throw new Error(
      `SecureTtsService: webAclArn must be that of a regional web ACL, arn:PARTITION:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID, got "${props.webAclArn}"`,
    );
  }
  if (props.enableExecuteCommand && props.readonlyRootFilesystem) {
    throw new Error(
      'SecureTtsService: enableExecuteCommand needs a root file system that the agent of AWS Systems Manager can write to, but readonlyRootFilesystem is true; switch one of them off',
    );
  }
  checkInteger('SecureTtsService: desiredCount', props.desiredCount, 0, 1000);
  checkExclusive('SecureTtsService', { desiredCount: props.desiredCount, scaling: props.scaling });
  if (props.scaling) checkScaling(props.scaling);
}
