import { App, Fn, Stack } from 'aws-cdk-lib';

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

/** What an app writes besides its templates, and no test reads: a third of a synthesis. */
export const TEMPLATES_ALONE = { treeMetadata: false, stackTraces: false } as const;

/** An app without the toolkit's own validation, which the tests of the whole app run. */
export function quietApp(): App {
  return new App({ context: { '@aws-cdk/core:validateAgainstDefaultRules': false }, ...TEMPLATES_ALONE });
}
