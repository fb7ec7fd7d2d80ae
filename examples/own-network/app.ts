import { App, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { AppImage, EdgeCertificate, SecureTtsService } from 'voicegate';

const app = new App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };

// What a company usually has already: in another stack, or looked up by Vpc.fromLookup.
const platform = new Stack(app, 'Platform', { env });
const vpc = new Vpc(platform, 'Vpc', { maxAzs: 2, natGateways: 1 });
const cluster = new Cluster(platform, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });

new SecureTtsService(new Stack(app, 'Speech', { env }), 'Tts', {
  vpc,
  cluster,
  image: AppImage.bundled(),
  certificate: EdgeCertificate.selfSigned(),
  environment: { GREETING: app.node.tryGetContext('greeting') ?? 'hello' },
});

app.synth();
