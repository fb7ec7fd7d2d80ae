import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { IContextStore } from '@aws-cdk/toolkit-lib';
import type { LocalAws } from '../contracts.js';
import { useLocalAws } from '../emulator/aws.js';
import { root } from '../launch/prepare.mjs';
import { Problem } from '../launch/problem.mjs';
import { NO_TRACES } from './no-traces.js';
import { fingerprintInputs, type RecordedStack, readRecord, stands, writeRecord } from './record.js';
import { describeStacks, type StackState } from './stacks.js';
import { createToolkitHost } from './toolkit-host.js';

const TOOLKIT_STACK = 'CDKToolkit';

export interface DeployOptions {
  readonly aws: LocalAws;
  /** The CDK app's command. @default the one of cdk.json */
  readonly app?: string;
  /** Where the cloud assembly is written, and the toolkit keeps its files beside it. */
  readonly assemblyDirectory: string;
  /** CDK context, as `cdk deploy -c` takes it. */
  readonly context?: Readonly<Record<string, string>>;
  /** What is being done, in a few words. */
  readonly update?: (detail: string) => void;
  /** A warning of the app or the toolkit. */
  readonly onWarning?: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface DeployedStack {
  readonly name: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly { readonly logicalId: string; readonly type: string }[];
}

export interface Deployment {
  readonly stacks: readonly DeployedStack[];
  /** False: what is deployed was already that. */
  readonly changed: boolean;
}

/**
 * Synthesizes the CDK app and deploys all its stacks into the emulated AWS, by the toolkit that `cdk deploy` is made
 * of: bootstrap, assets, change sets, custom resources. The template is the one that the app makes for any account.
 */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { aws, assemblyDirectory, context = {}, update = () => {}, onWarning = () => {}, signal } = options;
  useLocalAws(aws);
  const file = join(dirname(assemblyDirectory), 'deployed.json');
  const last = readRecord(file);
  const before = await describeStacks(aws);
  // Synthesis is most of a second start: what is made of the same files and context needs none.
  const inputs = options.app === undefined ? fingerprintInputs(context) : undefined;
  if (
    inputs &&
    last.inputs === inputs &&
    existsSync(join(assemblyDirectory, 'manifest.json')) &&
    stands(last.stacks, before)
  ) {
    return result(false, last.stacks, before);
  }

  update('loading the CDK toolkit');
  // The toolkit's account and asset caches: what it knows of the emulated account must not mix with real ones.
  const home = join(dirname(assemblyDirectory), 'cdk-home');
  process.env.CDK_HOME = home;
  mkdirSync(home, { recursive: true });
  const { BootstrapEnvironments, CdkAppMultiContext, StackSelectionStrategy, Toolkit } = await import(
    '@aws-cdk/toolkit-lib'
  );
  const host = createToolkitHost({ update, onWarning });
  const toolkit = new Toolkit({ ioHost: host, color: false, emojis: false });

  update('synthesizing the app');
  const source = await toolkit.fromCdkApp(options.app ?? appOfProject(), {
    workingDirectory: root,
    outdir: assemblyDirectory,
    contextStore: await contextFor(aws, new CdkAppMultiContext(root, { ...context })),
    // The CDK's check of templates against CloudFormation's specification is four fifths of a synthesis, and is about an
    // account: `cdk synth` and `cdk deploy` make it. The app's own errors and warnings are told all the same.
    synthOptions: { versionReporting: false, validation: false },
  });
  const assembly = await toolkit.synth(source).catch((error: unknown) => {
    throw new Problem(`The CDK app could not be synthesized:\n${host.output() || String(error)}`);
  });
  try {
    signal?.throwIfAborted();
    const artifacts = assembly.cloudAssembly.stacksRecursively;
    // The toolkit reads the file of metadata twice at each event of a deployment.
    for (const stack of artifacts) Object.defineProperty(stack, 'metadata', { value: stack.metadata });
    const stacks = artifacts.map(({ stackName: name, template }) => ({
      name,
      id: before.get(name)?.id ?? '',
      fingerprint: createHash('sha256').update(JSON.stringify(template)).digest('hex'),
      resources: Object.entries((template.Resources ?? {}) as Record<string, { readonly Type: string }>).map(
        ([logicalId, { Type: type }]) => ({ logicalId, type }),
      ),
    }));
    const same = stacks.every(
      ({ name, fingerprint }) => last.stacks.find((stack) => stack.name === name)?.fingerprint === fingerprint,
    );
    const changed = !same || !stands(last.stacks, before);
    if (changed) {
      if (!before.get(TOOLKIT_STACK)?.complete) {
        update('cdk bootstrap');
        const environment = `aws://${aws.accountId}/${aws.region}`;
        await run('bootstrapped', host, () => toolkit.bootstrap(BootstrapEnvironments.fromList([environment])));
        signal?.throwIfAborted();
      }
      update('cdk deploy');
      await run('deployed', host, () =>
        toolkit.deploy(assembly, {
          stacks: { strategy: StackSelectionStrategy.ALL_STACKS },
          // Those that need each other wait; most of a deployment is waiting for the answer about one stack.
          concurrency: 4,
          // The emulator is quick; the default of 5 s would be most of the time.
          stackEventPollingInterval: 200,
        }),
      );
    }
    const after = await describeStacks(aws);
    const recorded = stacks.map((stack) => ({ ...stack, id: after.get(stack.name)?.id ?? '' }));
    writeRecord(file, { inputs, stacks: recorded });
    return result(changed, recorded, after);
  } finally {
    await assembly.dispose();
    // The toolkit notes accounts by access key; ours is as good as a password, and stands in running.json alone.
    rmSync(join(home, 'cache/accounts_partitions.json'), { force: true });
  }
}

function result(
  changed: boolean,
  stacks: readonly RecordedStack[],
  states: ReadonlyMap<string, StackState>,
): Deployment {
  return {
    changed,
    stacks: stacks.map(({ name, resources }) => ({ name, resources, outputs: states.get(name)?.outputs ?? {} })),
  };
}

async function run(
  what: string,
  host: ReturnType<typeof createToolkitHost>,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Problem(
      `The stack could not be ${what}: ${message}${host
        .failures()
        .map((line) => `\n  ${line}`)
        .join('')}`,
    );
  }
}

/**
 * The project's context and the given one, as `cdk deploy` would see them. What is looked up stays in memory: an answer
 * of the emulated account in cdk.context.json would go into a deployment to a real one.
 */
async function contextFor(aws: LocalAws, project: IContextStore): Promise<IContextStore> {
  // Known beforehand, or each start would synthesize twice.
  const zones = ['a', 'b', 'c'].map((letter) => aws.region + letter);
  let context: Record<string, unknown> = {
    [`availability-zones:account=${aws.accountId}:region=${aws.region}`]: zones,
    ...NO_TRACES,
    ...(await project.read()),
  };
  return {
    read: async () => context,
    update: async (updates) => {
      context = { ...context, ...updates };
    },
  };
}

function appOfProject(): string {
  const { app } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as { readonly app: string };
  return app;
}
