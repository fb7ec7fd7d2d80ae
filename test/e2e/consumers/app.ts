import { join } from 'node:path';
import { App, Aspects } from 'aws-cdk-lib';
import { CfnService, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { consumersIn } from '../../consumers/apps';
import { convertedServices } from './converted';
import { SERVED } from './served';

/** The shapes of other people's apps, all in one: each with an app that runs here, and as few tasks as there can be. */
export function synthesizeConsumers(outdir: string, env: { readonly account: string; readonly region: string }): void {
  const app = new App({ outdir, context: { '@aws-cdk/core:validateAgainstDefaultRules': false } });
  const consumers = consumersIn({
    env,
    certificateArn: `arn:aws:acm:${env.region}:${env.account}:certificate/11111111-2222-3333-4444-555555555555`,
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
  convertedServices(app, env);
  app.synth();
}
