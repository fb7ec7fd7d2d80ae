import { Annotations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { acknowledge } from '../shared/acknowledge';
import { checkInteger } from '../shared/checks';

/** Options of private subnets. */
export interface PrivateNetworkProps {
  /**
   * NAT gateways of a new network. One serves every availability zone and is the cheapest; one a zone survives the loss
   * of a zone. An existing network keeps what it has.
   * @default 1
   */
  readonly natGateways?: number;
}

/** @internal */
export interface ServiceNetworkConfig {
  readonly vpc: ec2.IVpc;
  readonly subnets: ec2.SubnetSelection;
  readonly assignPublicIp: boolean;
  /** Whether tasks reach the internet. */
  readonly internet: boolean;
}

/** Where the tasks live. The load balancer is always in public subnets. */
export abstract class ServiceNetwork {
  /** Private subnets, which reach the internet through NAT gateways. */
  public static privateSubnets(props: PrivateNetworkProps = {}): ServiceNetwork {
    return new PrivateNetwork(props.natGateways ?? 1);
  }

  /**
   * Public subnets: tasks have public addresses and need no NAT gateway, which costs more than a small task. Their
   * security group admits the load balancer only.
   */
  public static publicSubnets(): ServiceNetwork {
    return new PublicNetwork();
  }

  /**
   * Subnets without any way to the internet. A new network gets the VPC endpoints that the service needs (ECR, S3, logs,
   * Lambda, and Secrets Manager where the app has secrets); an existing one must have them. The images must come from ECR
   * in this region: give `gateImage: GateImage.fromEcr(…)`.
   */
  public static isolatedSubnets(): ServiceNetwork {
    return new IsolatedNetwork();
  }

  /** @internal */
  public abstract _bind(scope: Construct, vpc?: ec2.IVpc, secrets?: boolean): ServiceNetworkConfig;
}

class PrivateNetwork extends ServiceNetwork {
  constructor(private readonly natGateways: number) {
    super();
    checkInteger('ServiceNetwork.privateSubnets: natGateways', natGateways, 1, 6);
  }

  public _bind(scope: Construct, vpc?: ec2.IVpc): ServiceNetworkConfig {
    return {
      vpc: vpc ?? createVpc(scope, this.natGateways),
      subnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      assignPublicIp: false,
      internet: true,
    };
  }
}

class PublicNetwork extends ServiceNetwork {
  public _bind(scope: Construct, vpc?: ec2.IVpc): ServiceNetworkConfig {
    Annotations.of(scope).addInfo('Tasks have public addresses; their security group admits the load balancer only.');
    return {
      vpc: vpc ?? createVpc(scope, 0),
      subnets: { subnetType: ec2.SubnetType.PUBLIC },
      assignPublicIp: true,
      internet: true,
    };
  }
}

class IsolatedNetwork extends ServiceNetwork {
  public _bind(scope: Construct, vpc?: ec2.IVpc, secrets = false): ServiceNetworkConfig {
    return {
      vpc: vpc ?? createIsolatedVpc(scope, secrets),
      subnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      assignPublicIp: false,
      internet: false,
    };
  }
}

function createIsolatedVpc(scope: Construct, secrets: boolean): ec2.Vpc {
  const vpc = createVpc(scope, 0, { name: 'Isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED });
  const services: Readonly<Record<string, ec2.InterfaceVpcEndpointAwsService>> = {
    EcrApi: ec2.InterfaceVpcEndpointAwsService.ECR,
    EcrDocker: ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    Logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    Lambda: ec2.InterfaceVpcEndpointAwsService.LAMBDA,
    ...(secrets ? { SecretsManager: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER } : {}),
  };
  for (const [id, service] of Object.entries(services)) vpc.addInterfaceEndpoint(id, { service });
  // Layers of images in ECR lie in S3.
  vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
  return vpc;
}

function createVpc(scope: Construct, natGateways: number, more?: ec2.SubnetConfiguration): ec2.Vpc {
  const subnets: ec2.SubnetConfiguration[] = [
    { name: 'Public', subnetType: ec2.SubnetType.PUBLIC, mapPublicIpOnLaunch: false },
  ];
  if (more) subnets.push(more);
  if (natGateways > 0) subnets.push({ name: 'Private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS });
  const vpc = new ec2.Vpc(scope, 'Vpc', { maxAzs: 2, natGateways, subnetConfiguration: subnets });
  acknowledge(vpc, {
    'AwsSolutions-VPC7':
      'Only the load balancer is reachable, and its access logs and the firewall log record every request; flow logs can be added to the vpc property.',
  });
  return vpc;
}
