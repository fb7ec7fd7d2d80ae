import { App } from 'aws-cdk-lib';
import { type Config, readConfig } from './config';
import { VoicegateStack } from './voicegate-stack';

const app = new App();
const config = configuration();
new VoicegateStack(app, config.stackName, {
  config,
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
app.synth();

/** Whoever mistyped a key wants the sentence, not where in this program it was noticed. */
function configuration(): Config {
  try {
    return readConfig(app.node.getAllContext());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
