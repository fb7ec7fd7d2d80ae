import { Annotations, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct, IDependable } from 'constructs';
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
  /** What must be there before a task can pull its images and log: endpoints of a network without internet. */
  readonly ready: readonly IDependable[];
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
      ready: [],
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
      ready: [],
    };
  }
}

class IsolatedNetwork extends ServiceNetwork {
  public _bind(scope: Construct, vpc?: ec2.IVpc, secrets = false): ServiceNetworkConfig {
    const { vpc: network, endpoints } = vpc ? { vpc, endpoints: [] } : createIsolatedVpc(scope, secrets);
    return {
      vpc: network,
      ready: endpoints,
      subnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      assignPublicIp: false,
      internet: false,
    };
  }
}

function createIsolatedVpc(scope: Construct, secrets: boolean): { vpc: ec2.Vpc; endpoints: IDependable[] } {
  const vpc = createVpc(scope, 0, { name: 'Isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED });
  const services: Readonly<Record<string, ec2.InterfaceVpcEndpointAwsService>> = {
    EcrApi: ec2.InterfaceVpcEndpointAwsService.ECR,
    EcrDocker: ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    Logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
    Lambda: ec2.InterfaceVpcEndpointAwsService.LAMBDA,
    ...(secrets ? { SecretsManager: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER } : {}),
  };
  const endpoints = Object.entries(services).map(([id, service]) => vpc.addInterfaceEndpoint(id, { service }));
  // Layers of images in ECR lie in S3.
  const layers = vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
  return { vpc, endpoints: [...endpoints, layers] };
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

/**
 * The network of what is given, which all must be in the same one; undefined: nothing that is given has one.
 * @throws Error naming two that differ.
 */
export function givenVpc(given: { readonly [prop: string]: ec2.IVpc | undefined }): ec2.IVpc | undefined {
  const [first, ...others] = Object.entries(given).flatMap(([prop, vpc]) => (vpc ? [{ prop, vpc }] : []));
  for (const { prop, vpc } of others) {
    if (first && differ(first.vpc, vpc)) {
      throw new Error(
        `SecureTtsService: ${first.prop} is in network ${first.vpc.node.path}, but ${prop} in ${vpc.node.path}; both must be in the same one`,
      );
    }
  }
  return first?.vpc;
}

/** Whether two networks are surely not the same: ids that only the deployment knows may be equal. */
function differ(a: ec2.IVpc, b: ec2.IVpc): boolean {
  if (a === b) return false;
  if (a instanceof ec2.Vpc && b instanceof ec2.Vpc) return true;
  return !Token.isUnresolved(a.vpcId) && !Token.isUnresolved(b.vpcId) && a.vpcId !== b.vpcId;
}
