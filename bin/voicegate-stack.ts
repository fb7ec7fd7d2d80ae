import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { Annotations, CfnOutput, Duration, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import { HostedZone, type IHostedZone } from 'aws-cdk-lib/aws-route53';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { OUTPUTS, SYNTHESIS_PATHS } from '../contract/names';
import {
  ApiKeyAuthorizer,
  AppImage,
  type CorsOptions,
  EdgeCertificate,
  Firewall,
  type GateLimits,
  HttpsLoadBalancer,
  SecureTtsService,
  ServiceNetwork,
  TaskCapacity,
  type TokenIssuer,
} from '../lib';
import { outerNet } from '../lib/firewall/outer-net';
import { resolveGateLimits } from '../lib/gate/gate-limits';
import { acknowledgeStandards } from './acknowledgements';
import { bundledEnvironment } from './bundled-engine';
import type { Config } from './config';
import { describePrice, idlePrice } from './idle-price';

export interface VoicegateStackProps extends StackProps {
  readonly config: Config;
}

/** The whole service, as configured. */
export class VoicegateStack extends Stack {
  constructor(scope: Construct, id: string, props: VoicegateStackProps) {
    super(scope, id, { description: 'Text to speech over HTTPS, for holders of API keys', ...props });
    const { config } = props;
    const service = new SecureTtsService(this, 'Service', {
      image: image(config),
      environment: bundledEnvironment(config),
      certificate: this.certificate(config),
      domainNames: config.domainNames,
      hostedZone: this.zone(config),
      network: config.network === 'public' ? ServiceNetwork.publicSubnets() : ServiceNetwork.privateSubnets(),
      capacity: TaskCapacity.fargate({
        cpu: config.cpu,
        memoryLimitMiB: config.memory,
        cpuArchitecture: config.architecture === 'arm64' ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64,
      }),
      // One task, so that the limits hold exactly as they are stated: each gate counts alone.
      desiredCount: config.desiredCount ?? 1,
      authorizer: this.authorizer(config),
      firewallEnabled: config.firewall,
      firewall: config.firewall === false ? undefined : this.firewall(config),
      loadBalancerOptions: { accessLogs: config.accessLogs, deletionProtection: config.deletionProtection },
      // The image of this package writes nothing; somebody else's may.
      readonlyRootFilesystem: config.image === undefined,
      upstreamPort: config.appPort,
      publicPaths: config.publicPaths,
      synthesisPaths: config.synthesisPaths,
      maxTextCharacters: config.maxTextCharacters,
      maxSpeechCharacters: config.maxSpeechCharacters,
      limits: gateLimits(config),
      webSession: config.webSession ?? true,
      cors: cors(config),
      staleGrace: seconds(config.staleGrace),
      longestRequest: seconds(config.longestRequest),
      startupTime: seconds(config.startupTime),
      readinessPath: config.readinessPath,
      alarmTopic: this.alarmTopic(config),
    });
    const outputs: Readonly<Record<string, string>> = {
      [OUTPUTS.serviceUrl]: service.url,
      [OUTPUTS.loadBalancerDnsName]: service.edge.loadBalancer.loadBalancerDnsName,
      [OUTPUTS.certificateArn]: certificateArn(service),
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
    acknowledgeStandards(this);
    Annotations.of(this).addInfo(describePrice(idlePrice(this)));
  }

  /** Without a look-up in the account: synthesis needs no credentials, and its result depends on nothing outside. */
  public override get availabilityZones(): string[] {
    return [0, 1].map((index) => Fn.select(index, Fn.getAzs()));
  }

  private certificate(config: Config): EdgeCertificate {
    if (config.certificateArn !== undefined) return EdgeCertificate.fromArn(config.certificateArn);
    const zone = this.zone(config);
    if (zone) return EdgeCertificate.dnsValidated(zone);
    return EdgeCertificate.selfSigned();
  }

  private alarmTopic({ alarmEmail, alarmTopicArn }: Config): ITopic | undefined {
    if (alarmTopicArn !== undefined) return Topic.fromTopicArn(this, 'AlarmTopic', alarmTopicArn);
    if (alarmEmail === undefined) return undefined;
    const topic = new Topic(this, 'Alarms', { displayName: 'Voicegate alarms', enforceSSL: true });
    topic.addSubscription(new EmailSubscription(alarmEmail));
    return topic;
  }

  private zone({ hostedZoneId, hostedZoneName: zoneName }: Config): IHostedZone | undefined {
    if (hostedZoneId === undefined || zoneName === undefined) return undefined;
    const existing = this.node.tryFindChild('Zone') as IHostedZone | undefined;
    return existing ?? HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName });
  }

  private authorizer(config: Config): ApiKeyAuthorizer {
    return new ApiKeyAuthorizer(this, 'Authorizer', {
      keyTable:
        config.keyTableName === undefined ? undefined : TableV2.fromTableName(this, 'KeyTable', config.keyTableName),
      keyPrefix: config.keyPrefix,
      tokenIssuers: config.tokenIssuer === undefined ? undefined : [tokenIssuer(config, config.tokenIssuer)],
      positiveTtl: seconds(config.positiveTtl),
      negativeTtl: seconds(config.negativeTtl),
      deletionProtection: config.deletionProtection,
    });
  }

  private firewall(config: Config): Firewall {
    const paths = config.synthesisPaths ?? [...SYNTHESIS_PATHS];
    const limits = resolveGateLimits('limits', gateLimits(config));
    return new Firewall(this, 'Firewall', {
      cors: cors(config),
      freeTextPaths: paths,
      maxTextCharacters: config.maxTextCharacters,
      rateLimits: outerNet(limits, paths, {
        window: seconds(config.firewallWindow),
        requests: config.firewallRequests,
        synthesis: config.firewallSynthesis,
      }),
    });
  }
}

function tokenIssuer(config: Config, issuer: string): TokenIssuer {
  return { issuer, audiences: config.tokenAudiences ?? [], audienceClaim: config.tokenAudienceClaim };
}

function cors({ corsAllowOrigins }: Config): CorsOptions | undefined {
  return corsAllowOrigins?.length ? { allowOrigins: corsAllowOrigins } : undefined;
}

function image(config: Config): AppImage {
  if (config.image === undefined) return AppImage.bundled();
  const folder = isAbsolute(config.image) ? config.image : resolve(config.image);
  return existsSync(join(folder, 'Dockerfile')) ? AppImage.fromFolder(folder) : AppImage.fromUri(config.image);
}

function seconds(value: number | undefined): Duration | undefined {
  return value === undefined ? undefined : Duration.seconds(value);
}

function certificateArn({ edge }: SecureTtsService): string {
  if (!(edge instanceof HttpsLoadBalancer)) throw new Error('the app makes a load balancer of its own');
  return edge.certificateArn;
}

function gateLimits(config: Config): GateLimits {
  return {
    requestsPerMinute: config.requestsPerMinute,
    synthesisPerMinute: config.synthesisPerMinute,
    inFlight: config.inFlight,
    queue: config.queue,
  };
}
