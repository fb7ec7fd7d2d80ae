import { App } from 'aws-cdk-lib';
import { ArtifactMetadataEntryType } from 'aws-cdk-lib/cloud-assembly-schema';
import { type Config, readConfig } from './config';
import { VoicegateStack } from './voicegate-stack';

const app = new App();
const config = configuration();
new VoicegateStack(app, config.stackName, {
  config,
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
app.synth();
tellInfos();

/** Whoever mistyped a key wants the sentence, not where in this program it was noticed. */
function configuration(): Config {
  try {
    return readConfig(app.node.getAllContext());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

/** The CDK's report has warnings and errors: that no path is public, or the price, it leaves out. */
function tellInfos(): void {
  for (const { node } of app.node.findAll()) {
    for (const { type, data } of node.metadata) {
      if (type === ArtifactMetadataEntryType.INFO) console.error(`${node.path}: ${data}`);
    }
  }
}
