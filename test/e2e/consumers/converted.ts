import { join } from 'node:path';
import { type App, type Environment, Stack } from 'aws-cdk-lib';
import { InstanceType, MachineImage, Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  Cluster,
  ContainerImage,
  Ec2Service,
  Ec2TaskDefinition,
  FargateService,
  FargateTaskDefinition,
  NetworkMode,
  type TaskDefinition,
} from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancedFargateService } from 'aws-cdk-lib/aws-ecs-patterns';
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  type IListenerCertificate,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { ApiKeyAuthorizer, AuthorizerGate, EdgeCertificate } from '../../../lib';

/** Stacks of {@link convertedServices}. */
export const CONVERTED = ['Pattern', 'Fargate', 'Ec2'];

function surroundings(app: App, env: Environment, name: string) {
  const stack = new Stack(app, name, { env });
  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
  const loadBalancer = new ApplicationLoadBalancer(stack, 'LoadBalancer', { vpc, internetFacing: true });
  const { certificate } = EdgeCertificate.selfSigned().bind(stack, {
    loadBalancerDnsName: loadBalancer.loadBalancerDnsName,
    domainNames: [],
  });
  return { stack, vpc, loadBalancer, certificate };
}

function authorized(stack: Stack, taskDefinition: TaskDefinition): AuthorizerGate {
  taskDefinition.addContainer('App', {
    image: ContainerImage.fromAsset(join(__dirname, '../echo-image')),
    memoryReservationMiB: 256,
    portMappings: [{ containerPort: 5000 }],
    environment: { PORT: '5000' },
  });
  return AuthorizerGate.addTo(taskDefinition, { authorizer: new ApiKeyAuthorizer(stack, 'Authorizer') });
}

function publish(
  gate: AuthorizerGate,
  service: FargateService | Ec2Service,
  loadBalancer: ApplicationLoadBalancer,
  certificate: IListenerCertificate,
): void {
  const listener = loadBalancer.addListener('Https', { port: 443, certificates: [certificate] });
  const protocol = ApplicationProtocol.HTTP;
  gate.configureTargetGroup(listener.addTargets('App', { port: 8080, protocol, targets: [service] }), service);
}

/** Somebody's services of three kinds, as they stood, each made an authorized one by the gate. */
export function convertedServices(app: App, env: Environment): void {
  {
    const { stack, vpc, loadBalancer, certificate } = surroundings(app, env, 'Pattern');
    const taskDefinition = new FargateTaskDefinition(stack, 'Task');
    const gate = authorized(stack, taskDefinition);
    const pattern = new ApplicationLoadBalancedFargateService(stack, 'Service', {
      vpc,
      loadBalancer,
      certificate,
      taskDefinition,
      desiredCount: 1,
      minHealthyPercent: 100,
    });
    gate.configureTargetGroup(pattern.targetGroup, pattern.service);
  }
  {
    const { stack, vpc, loadBalancer, certificate } = surroundings(app, env, 'Fargate');
    const taskDefinition = new FargateTaskDefinition(stack, 'Task');
    const gate = authorized(stack, taskDefinition);
    const service = new FargateService(stack, 'Service', {
      cluster: new Cluster(stack, 'Cluster', { vpc }),
      taskDefinition,
      desiredCount: 1,
      minHealthyPercent: 100,
    });
    publish(gate, service, loadBalancer, certificate);
  }
  {
    const { stack, vpc, loadBalancer, certificate } = surroundings(app, env, 'Ec2');
    const taskDefinition = new Ec2TaskDefinition(stack, 'Task', { networkMode: NetworkMode.AWS_VPC });
    const gate = authorized(stack, taskDefinition);
    const cluster = new Cluster(stack, 'Cluster', { vpc });
    cluster.addCapacity('Capacity', {
      instanceType: new InstanceType('t3.medium'),
      // The emulator has none of AWS's public parameters, by which the default image would be found.
      machineImage: MachineImage.genericLinux({ 'us-east-1': 'ami-00000000000000000' }),
    });
    const service = new Ec2Service(stack, 'Service', {
      cluster,
      taskDefinition,
      desiredCount: 1,
      minHealthyPercent: 100,
    });
    publish(gate, service, loadBalancer, certificate);
  }
}
