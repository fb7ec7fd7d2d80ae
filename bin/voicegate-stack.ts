import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { Annotations, CfnOutput, Duration, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { CpuArchitecture, Secret as EcsSecret } from 'aws-cdk-lib/aws-ecs';
import { HostedZone, type IHostedZone } from 'aws-cdk-lib/aws-route53';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { OUTPUTS } from '../contract/names';
import {
  ApiKeyAuthorizer,
  AppImage,
  EdgeCertificate,
  Firewall,
  FirewallLogging,
  HttpsLoadBalancer,
  SecureTtsService,
  type SecureTtsServiceProps,
  TaskCapacity,
  type TokenIssuer,
} from '../lib';
import { acknowledgeStandards } from './acknowledgements';
import { bundledEnvironment, sized } from './bundled-engine';
import { type Config, serviceProps } from './config';
import { describePrice, idlePrice } from './idle-price';
import { nameKeysInWarnings } from './warnings';

export interface VoicegateStackProps extends StackProps {
  readonly config: Config;
}

/** The whole service, as configured. */
export class VoicegateStack extends Stack {
  private readonly zones?: readonly string[];

  constructor(scope: Construct, id: string, props: VoicegateStackProps) {
    super(scope, id, { description: 'Text to speech over HTTPS, for holders of API keys', ...props });
    const config = sized(props.config);
    this.zones = config.availabilityZones;
    const service = new SecureTtsService(this, 'Service', {
      image: image(config),
      environment: { ...bundledEnvironment(config), ...config.environment },
      certificate: this.certificate(config),
      hostedZone: this.zone(config),
      capacity: capacity(config),
      ...tasks(config),
      authorizer: this.authorizer(config),
      firewall: config.firewall === false ? undefined : this.firewall(config),
      secrets: this.secrets(config),
      // The image of this package writes nothing; somebody else's may.
      readonlyRootFilesystem: config.image === undefined,
      webSession: true,
      alarmTopic: this.alarmTopic(config),
      ...serviceProps(config),
    });
    const outputs: Readonly<Record<string, string>> = {
      [OUTPUTS.serviceUrl]: service.url,
      [OUTPUTS.loadBalancerDnsName]: service.edge.loadBalancer.loadBalancerDnsName,
      [OUTPUTS.certificateArn]: ownEdge(service).certificateArn,
      ...(config.letsEncryptEmail !== undefined && {
        [OUTPUTS.certificateOrderFunctionName]: orderFunctionName(service),
      }),
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
    nameKeysInWarnings(service);
    acknowledgeStandards(this);
    Annotations.of(this).addInfo(describePrice(idlePrice(this)));
  }

  /** Without a look-up in the account: synthesis needs no credentials, and its result depends on nothing outside. */
  public override get availabilityZones(): string[] {
    // Asked for while the base class is made, too.
    return (
      this.zones?.map((zone) => (zone.length === 1 ? this.region + zone : zone)) ??
      [0, 1].map((index) => Fn.select(index, Fn.getAzs()))
    );
  }

  private certificate(config: Config): EdgeCertificate {
    if (config.certificateArn !== undefined) return EdgeCertificate.fromArn(config.certificateArn);
    if (config.letsEncryptEmail !== undefined) {
      return EdgeCertificate.letsEncrypt({
        email: config.letsEncryptEmail,
        directoryUrl: config.letsEncryptStaging ? EdgeCertificate.LETS_ENCRYPT_STAGING : undefined,
      });
    }
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
      logRetention: config.logRetention,
    });
  }

  private firewall(config: Config): Firewall {
    const { synthesisPaths, limits, cors } = serviceProps(config);
    return new Firewall(this, 'Firewall', {
      cors,
      freeTextPaths: synthesisPaths,
      maxTextCharacters: config.maxTextCharacters,
      logging:
        config.logRetention === undefined ? undefined : FirewallLogging.cloudWatch({ retention: config.logRetention }),
      rateLimits: Firewall.outerNet({
        limits,
        synthesisPaths,
        window: seconds(config.firewallWindow),
        requests: config.firewallRequests,
        synthesisRequests: config.firewallSynthesis,
      }),
    });
  }

  private secrets({ secretArns }: Config): { [name: string]: EcsSecret } | undefined {
    if (secretArns === undefined) return undefined;
    const scope = new Construct(this, 'Secrets');
    return Object.fromEntries(Object.entries(secretArns).map(([name, arn]) => [name, secret(scope, name, arn)]));
  }
}

/** A secret by its ARN, with the six characters that Secrets Manager puts behind its name or without them. */
function secret(scope: Construct, name: string, arn: string): EcsSecret {
  if (arn.includes(':ssm:')) {
    const parameterName = arn.slice(arn.indexOf(':parameter/') + ':parameter'.length);
    return EcsSecret.fromSsmParameter(
      StringParameter.fromSecureStringParameterAttributes(scope, name, { parameterName }),
    );
  }
  const whole = /-[A-Za-z0-9]{6}$/.test(arn) ? { secretCompleteArn: arn } : { secretPartialArn: arn };
  return EcsSecret.fromSecretsManager(Secret.fromSecretAttributes(scope, name, whole));
}

function capacity(config: Config): TaskCapacity {
  const {
    capacity: kind,
    cpu,
    memory: memoryLimitMiB,
    architecture,
    desiredCount = 1,
    maxTasks = desiredCount,
  } = config;
  const cpuArchitecture = architecture === 'arm64' ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64;
  const size = { cpu, memoryLimitMiB, cpuArchitecture };
  // Who runs a single task on spare capacity does it for the price.
  if (kind === 'spot') return TaskCapacity.fargateSpot({ ...size, onDemandBase: maxTasks > 1 ? 1 : 0 });
  return TaskCapacity.fargate(size);
}

/** One task, so that the limits hold exactly as they are stated: each gate counts alone. */
function tasks({ desiredCount = 1, maxTasks }: Config): Pick<SecureTtsServiceProps, 'desiredCount' | 'scaling'> {
  return maxTasks === undefined ? { desiredCount } : { scaling: { minCapacity: desiredCount, maxCapacity: maxTasks } };
}

function tokenIssuer(config: Config, issuer: string): TokenIssuer {
  return { issuer, audiences: config.tokenAudiences ?? [], audienceClaim: config.tokenAudienceClaim };
}

function image(config: Config): AppImage {
  if (config.image === undefined) return AppImage.bundled();
  const folder = isAbsolute(config.image) ? config.image : resolve(config.image);
  return existsSync(join(folder, 'Dockerfile')) ? AppImage.fromFolder(folder) : AppImage.fromUri(config.image);
}

function seconds(value: number | undefined): Duration | undefined {
  return value === undefined ? undefined : Duration.seconds(value);
}

function ownEdge({ edge }: SecureTtsService): HttpsLoadBalancer {
  if (!(edge instanceof HttpsLoadBalancer)) throw new Error('the app makes a load balancer of its own');
  return edge;
}

/** Of those that look after the certificate the first one orders. */
function orderFunctionName(service: SecureTtsService): string {
  return ownEdge(service).certificate.functions?.[0]?.functionName ?? '';
}
