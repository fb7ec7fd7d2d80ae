import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { readConfig } from '../../../bin/config';
import { VoicegateStack } from '../../../bin/voicegate-stack';
import { ENV } from './stack';
import { TEMPLATES_ALONE } from './test-stack';

/** The feature flags that the app's own cdk.json sets. */
export const FLAGS = (
  JSON.parse(readFileSync(new URL('../../../cdk.json', import.meta.url), 'utf8')) as {
    context: Record<string, unknown>;
  }
).context;

/** The app that `cdk deploy` makes, with the same flags and, if given, the same `-c key=value`. */
export function defaultApp(
  context: Readonly<Record<string, string | boolean>> = {},
  beforeSynthesis: (app: App, stack: VoicegateStack) => void = () => {},
) {
  const outdir = mkdtempSync(join(tmpdir(), 'voicegate-app-'));
  const app = new App({ outdir, context: { ...FLAGS, ...TEMPLATES_ALONE, ...context }, treeMetadata: false });
  const config = readConfig(app.node.getAllContext());
  const stack = new VoicegateStack(app, config.stackName, { config, env: ENV });
  beforeSynthesis(app, stack);
  return { outdir, app, stack, templateFile: join(outdir, `${config.stackName}.template.json`) };
}

export interface CloudFormation {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
}

export function readTemplate(file: string): CloudFormation {
  return JSON.parse(readFileSync(file, 'utf8')) as CloudFormation;
}
