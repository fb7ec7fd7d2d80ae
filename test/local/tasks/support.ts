import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { LocalAws, Target, TargetState, Tools } from '../../../local/contracts.js';
import { startEmulator } from '../../../local/emulator/index.js';
import { taskClients } from '../../../local/tasks/clients.js';
import { type LocalTasks, startTasks } from '../../../local/tasks/index.js';
import { ensureTools } from '../../../local/toolchain/index.mjs';

export const ASSET_TAG = 'a55e7';
export const APP_IMAGE = `000000000000.dkr.ecr.us-east-1.amazonaws.com/assets:${ASSET_TAG}`;
export const NGINX_IMAGE = 'public.ecr.aws/nginx/nginx:1.30';

/** The tools, or undefined where they cannot be had; with CI=true that is an error. */
export async function toolsOrSkip(): Promise<Tools | undefined> {
  try {
    return await ensureTools();
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    return undefined;
  }
}

/** A cloud assembly with one image asset: a copy of the folder `app` beside this file. */
export function writeAssembly(directory: string, dockerfile?: string): void {
  const context = join(directory, `asset.${ASSET_TAG}`);
  mkdirSync(context, { recursive: true });
  cpSync(join(import.meta.dirname, 'app'), context, { recursive: true });
  if (dockerfile !== undefined) writeFileSync(join(context, 'Dockerfile'), dockerfile);
  const manifest = {
    version: '48.0.0',
    dockerImages: {
      [ASSET_TAG]: {
        source: { directory: `asset.${ASSET_TAG}` },
        destinations: { here: { repositoryName: 'assets', imageTag: ASSET_TAG } },
      },
    },
  };
  writeFileSync(join(directory, 'Test.assets.json'), JSON.stringify(manifest));
}

export async function startCloud(tools: Tools) {
  const directory = mkdtempSync(join(tmpdir(), 'voicegate-tasks-'));
  const emulator = await startEmulator({ python: tools.python, directory: join(directory, 'emulator') });
  const { aws } = emulator;
  const clients = taskClients(aws);
  const assembly = join(directory, 'cdk.out');
  mkdirSync(assembly);
  writeAssembly(assembly);
  return {
    aws,
    clients,
    directory,
    assembly,
    /** Leaves the stack as described; returns its outputs. */
    async deploy(stack: string, template: object): Promise<Record<string, string>> {
      const input = {
        StackName: stack,
        TemplateBody: JSON.stringify(template),
        Capabilities: ['CAPABILITY_IAM' as const],
      };
      const exists = await clients.cloudFormation.send(new DescribeStacksCommand({ StackName: stack })).then(
        () => true,
        () => false,
      );
      await clients.cloudFormation.send(exists ? new UpdateStackCommand(input) : new CreateStackCommand(input));
      let outputs: Record<string, string> = {};
      await eventually(async () => {
        const { Stacks = [] } = await clients.cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
        const { StackStatus = '', StackStatusReason, Outputs = [] } = Stacks[0] ?? {};
        if (/FAILED|ROLLBACK/.test(StackStatus)) throw new Error(`${StackStatus}: ${StackStatusReason}`);
        outputs = Object.fromEntries(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
        return /^(?:CREATE|UPDATE)_COMPLETE$/.test(StackStatus);
      });
      return outputs;
    },
    async destroy(stack: string): Promise<void> {
      await clients.cloudFormation.send(new DeleteStackCommand({ StackName: stack }));
    },
    stopEmulator: () => emulator.stop(),
    async stop(): Promise<void> {
      clients.destroy();
      await emulator.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export type Cloud = Awaited<ReturnType<typeof startCloud>>;

/** A small data plane: asks each registered target over HTTP, as the load balancer does. */
export function watchTargets(elb: ElasticLoadBalancingV2Client, targetGroupArn: string, port: number) {
  const states = new Map<string, TargetState>();
  const forced = new Map<string, TargetState>();
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      const { TargetHealthDescriptions = [] } = await elb
        .send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }))
        .catch(() => ({ TargetHealthDescriptions: [] }));
      const ids = TargetHealthDescriptions.map(({ Target: target }) => target?.Id ?? '');
      for (const id of states.keys()) if (!ids.includes(id)) states.delete(id);
      for (const id of ids) {
        const answered = await fetch(`http://${id}:${port}/`, { signal: AbortSignal.timeout(1000) }).then(
          (response) => response.ok,
          () => false,
        );
        states.set(id, answered ? 'healthy' : 'initial');
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    healthOf: ({ id }: Target): TargetState => forced.get(id) ?? states.get(id) ?? 'unused',
    registered: (): string[] => [...states.keys()],
    force: (id: string, state: TargetState) => forced.set(id, state),
    async stop(): Promise<void> {
      stopped = true;
      await loop;
    },
  };
}

export type Watch = ReturnType<typeof watchTargets>;

export interface Observed {
  readonly tasks: LocalTasks;
  readonly events: string[];
  readonly lines: { readonly task: string; readonly container: string; readonly text: string }[];
}

export async function runTasks(
  cloud: Pick<Cloud, 'directory' | 'assembly'> & { readonly aws: LocalAws },
  tools: Tools,
  stack: string,
  healthOf: (target: Target) => TargetState,
  assembly = cloud.assembly,
): Promise<Observed> {
  const events: string[] = [];
  const lines: Observed['lines'] = [];
  const tasks = await startTasks({
    aws: cloud.aws,
    stackNames: [stack],
    assemblyDirectory: assembly,
    workDirectory: join(cloud.directory, 'work', stack),
    tools,
    onEvent: (text) => events.push(text),
    onWarning: (text) => events.push(text),
    onLog: (line) => lines.push(line),
    healthOf,
  });
  return { tasks, events, lines };
}

/** Waits until something is so; asks again every 50 ms, and fails with the last error or `what` after 30 s. */
export async function eventually(check: () => boolean | Promise<boolean>, what = check.toString()): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`did not happen within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whether a process exists and is not merely waiting for its exit code to be read. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
