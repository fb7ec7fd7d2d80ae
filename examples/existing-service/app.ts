import { App, Duration, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancedFargateService } from 'aws-cdk-lib/aws-ecs-patterns';
import { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { ApiKeyAuthorizer, AppImage, AuthorizerGate, EdgeCertificate, Firewall } from 'voicegate';

const app = new App();
const stack = new Stack(app, 'Existing', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});

const taskDefinition = new FargateTaskDefinition(stack, 'Task', { cpu: 1024, memoryLimitMiB: 4096 });
taskDefinition.addContainer('App', {
  image: AppImage.bundled(),
  environment: { PORT: '5000', GREETING: app.node.tryGetContext('greeting') ?? 'hello' },
});

// The gate becomes the container to which the pattern sends requests.
const gate = AuthorizerGate.addTo(taskDefinition, {
  authorizer: new ApiKeyAuthorizer(stack, 'Authorizer'),
  upstreamPort: 5000,
});

const loadBalancer = new ApplicationLoadBalancer(stack, 'LoadBalancer', {
  vpc: new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 }),
  internetFacing: true,
  // Longer than the longest request, which is two minutes.
  idleTimeout: Duration.seconds(125),
});
const { certificate } = EdgeCertificate.selfSigned().bind(stack, {
  loadBalancerDnsName: loadBalancer.loadBalancerDnsName,
  domainNames: [],
});
const pattern = new ApplicationLoadBalancedFargateService(stack, 'Service', {
  vpc: loadBalancer.vpc,
  loadBalancer,
  certificate,
  taskDefinition,
  minHealthyPercent: 100,
  circuitBreaker: { rollback: true },
});
gate.configureTargetGroup(pattern.targetGroup, pattern.service);
new Firewall(stack, 'Firewall').protect(loadBalancer);

app.synth();
