import { App, Stack } from 'aws-cdk-lib';
import { AppImage, EdgeCertificate, SecureTtsService } from 'voicegate';

const app = new App();
const stack = new Stack(app, 'Speech', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});

new SecureTtsService(stack, 'Tts', {
  image: AppImage.bundled(),
  certificate: EdgeCertificate.selfSigned(),
  environment: { GREETING: app.node.tryGetContext('greeting') ?? 'hello' },
});

app.synth();
