import { App } from 'aws-cdk-lib';
import { readConfig } from './config';
import { VoicegateStack } from './voicegate-stack';

const app = new App();
const config = readConfig(app.node.getAllContext());
new VoicegateStack(app, config.stackName, {
  config,
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
app.synth();
