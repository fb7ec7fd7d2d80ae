import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { IContextStore } from '@aws-cdk/toolkit-lib';
import type { LocalAws } from '../contracts.js';
import { useLocalAws } from '../emulator/aws.js';
import { root } from '../launch/prepare.mjs';
import { Problem } from '../launch/problem.mjs';
import { describeStacks } from './stacks.js';
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
  // The toolkit's account and asset caches: what it knows of the emulated account must not mix with real ones.
  process.env.CDK_HOME = join(dirname(assemblyDirectory), 'cdk-home');
  mkdirSync(process.env.CDK_HOME, { recursive: true });

  update('loading the CDK toolkit');
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
    synthOptions: { versionReporting: false },
  });
  const assembly = await toolkit.synth(source).catch((error: unknown) => {
    throw new Problem(`The CDK app could not be synthesized:\n${host.output() || String(error)}`);
  });
  try {
    signal?.throwIfAborted();
    const artifacts = assembly.cloudAssembly.stacksRecursively;
    const stacks = artifacts.map((stack) => ({
      name: stack.stackName,
      fingerprint: createHash('sha256').update(JSON.stringify(stack.template)).digest('hex'),
      resources: Object.entries((stack.template.Resources ?? {}) as Record<string, { Type: string }>).map(
        ([logicalId, { Type }]) => ({
          logicalId,
          type: Type,
        }),
      ),
    }));
    const record = join(dirname(assemblyDirectory), 'deployed.json');
    const before = await describeStacks(aws);
    const changed = !stacks.every(({ name, fingerprint }) => {
      const stack = before.get(name);
      return stack?.complete && readRecord(record)[name] === `${stack.id} ${fingerprint}`;
    });
    if (changed) {
      if (!before.get(TOOLKIT_STACK)?.complete) {
        update('cdk bootstrap');
        await run('bootstrapped', host, () =>
          toolkit.bootstrap(BootstrapEnvironments.fromList([`aws://${aws.accountId}/${aws.region}`])),
        );
        signal?.throwIfAborted();
      }
      update('cdk deploy');
      await run('deployed', host, () =>
        toolkit.deploy(assembly, {
          stacks: { strategy: StackSelectionStrategy.ALL_STACKS },
          // The emulator is quick; the default of 5 s would be most of the time.
          stackEventPollingInterval: 200,
        }),
      );
    }
    const after = await describeStacks(aws);
    writeFileSync(
      record,
      `${JSON.stringify(Object.fromEntries(stacks.map(({ name, fingerprint }) => [name, `${after.get(name)?.id} ${fingerprint}`])), undefined, 2)}\n`,
    );
    return {
      changed,
      stacks: stacks.map(({ name, resources }) => ({ name, resources, outputs: after.get(name)?.outputs ?? {} })),
    };
  } finally {
    await assembly.dispose();
  }
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
    ...(await project.read()),
  };
  return {
    read: async () => context,
    update: async (updates) => {
      context = { ...context, ...updates };
    },
  };
}

/** `app` of cdk.json; `npx` is left out, since the packages of this project are on its PATH anyway. */
function appOfProject(): string {
  const { app } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as { readonly app: string };
  return app.replace(/^npx (?:--no-install )?/, `${join(root, 'node_modules/.bin')}/`);
}

function readRecord(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch {
    return {};
  }
}
