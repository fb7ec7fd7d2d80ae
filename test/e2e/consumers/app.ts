import { join } from 'node:path';
import { App, Aspects } from 'aws-cdk-lib';
import { CfnService, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { consumersIn } from '../../consumers/apps';
import { SERVED } from './served';

// The shapes of other people's apps, all in one: each with an app that runs here, and as few tasks as there can be.
const app = new App();
const { CDK_DEFAULT_ACCOUNT: account = '', CDK_DEFAULT_REGION: region = '' } = process.env;
const consumers = consumersIn({
  env: { account, region },
  certificateArn: app.node.getContext('certificateArn'),
  image: () => ContainerImage.fromAsset(join(__dirname, '../echo-image')),
});
for (const [shape, { stacks }] of SERVED) {
  const made = consumers[shape]?.(app) ?? [];
  const names = made.map(({ stackName }) => stackName).join();
  if (names !== stacks.join()) throw new Error(`${shape} makes ${names}, but served.ts says ${stacks.join()}`);
  for (const stack of made) {
    Aspects.of(stack).add({
      visit(node) {
        if (node instanceof CfnService) node.desiredCount = 1;
      },
    });
  }
}
app.synth();
