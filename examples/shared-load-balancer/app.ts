import { App, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { ListenerCondition } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { ApiKeyAuthorizer, AppImage, EdgeCertificate, Firewall, HttpsLoadBalancer, SecureTtsService } from 'voicegate';

const app = new App();
const stack = new Stack(app, 'Shared', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});

const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 1 });
const loadBalancer = new HttpsLoadBalancer(stack, 'Edge', {
  vpc,
  certificate: EdgeCertificate.selfSigned(),
  domainNames: ['tts.example.com', 'tts-beta.example.com'],
});
new Firewall(stack, 'Firewall').protect(loadBalancer.loadBalancer);

// One set of keys for both.
const authorizer = new ApiKeyAuthorizer(stack, 'Authorizer');
const services = { Stable: 'tts.example.com', Beta: 'tts-beta.example.com' };
for (const [name, host] of Object.entries(services)) {
  new SecureTtsService(stack, name, {
    vpc,
    loadBalancer,
    routing: [ListenerCondition.hostHeaders([host])],
    authorizer,
    image: AppImage.bundled(),
    desiredCount: 1,
    environment: { GREETING: app.node.tryGetContext('greeting') ?? 'hello' },
  });
}

app.synth();
