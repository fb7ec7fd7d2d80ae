import { App, Fn, Stack } from 'aws-cdk-lib';
import { NO_TRACES } from '../../../local/deploy/no-traces.js';

export const ENV = { account: '111122223333', region: 'eu-west-1' };

export const CERTIFICATE_ARN = 'arn:aws:acm:eu-west-1:111122223333:certificate/11111111-2222-3333-4444-555555555555';

/** A stack in a known region whose synthesis looks nothing up. */
export class TestStack extends Stack {
  constructor(env: { account?: string; region?: string } = ENV, scope: App = quietApp(), id = 'Test') {
    super(scope, id, { env });
  }

  public override get availabilityZones(): string[] {
    return [0, 1].map((index) => Fn.select(index, Fn.getAzs()));
  }
}

/** Switches off what a synthesis does besides templates, and no test reads: half of its time. */
export const TEMPLATES_ALONE = {
  'aws:cdk:version-reporting': false,
  ...NO_TRACES,
  // Assets are known by their hashes, and copied nowhere.
  'aws:cdk:disable-asset-staging': true,
} as const;

/** An app without the toolkit's own validation, which the tests of the whole app run. */
export function quietApp(outdir?: string): App {
  const context = { ...TEMPLATES_ALONE, '@aws-cdk/core:validateAgainstDefaultRules': false };
  return new App({ outdir, context, treeMetadata: false });
}
