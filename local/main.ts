import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { maskKeys } from '../contract/mask.js';
import type { Edge, RunningState, TargetHealth, Tasks, Tools } from './contracts.js';
import { makeDemoKey } from './demo-key.js';
import { type Deployment, deploy } from './deploy/index.js';
import { servedReport } from './deploy/served.js';
import { startEdge } from './edge/index.js';
import { startEmulator } from './emulator/index.js';
import { claimInstance } from './instance.js';
import type { StartOptions } from './launch/options.mjs';
import { Problem } from './launch/problem.mjs';
import { type Progress, seconds } from './launch/progress.mjs';
import { together } from './launch/together.mjs';
import { writeRunning } from './running.js';
import { startTasks } from './tasks/index.js';
import { readyText } from './ui/ready-text.js';
import { RequestLog } from './ui/request-log.js';

const HEALTHY_WITHIN = 180_000;

export interface MainOptions {
  readonly options: StartOptions;
  readonly tools: Tools;
  readonly progress: Progress;
  /** Aborted when the person wants it to end. */
  readonly stop: AbortSignal;
  /** When the command began, in milliseconds. */
  readonly began: number;
}

/** The local cloud from its first process to its last: starts it, tells when it is ready, and runs until it is stopped. */
export async function main({ options, tools, progress, stop, began }: MainOptions): Promise<void> {
  const { stateDirectory } = options;
  const instance = await claimInstance(stateDirectory, options);
  const stops: (() => Promise<void> | void)[] = [() => instance.release()];
  try {
    const emulator = await progress.step('emulated AWS', () =>
      startEmulator({ python: tools.python, directory: join(stateDirectory, 'emulator'), signal: stop }),
    );
    stops.push(() => emulator.stop());
    instance.remember(emulator.pid);

    const assemblyDirectory = join(stateDirectory, 'cdk.out');
    const deployment = await progress.step('cdk deploy', (update) =>
      until(
        stop,
        deploy({
          aws: emulator.aws,
          assemblyDirectory,
          context: options.context,
          update,
          onWarning: (text) => progress.log(progress.paint('33', text)),
          signal: stop,
        }),
      ),
    );
    const stackNames = deployment.stacks.map(({ name }) => name);

    const requests = new RequestLog(progress);
    let edge: Edge | undefined;
    let ready = false;
    let lastEvent = '';
    const tasks = await startTasks({
      aws: emulator.aws,
      stackNames,
      assemblyDirectory,
      workDirectory: join(stateDirectory, 'tasks'),
      tools,
      onLog: ({ task, container, text }) => {
        requests.containerLine(text);
        if (options.logs) progress.log(progress.paint('2', `${task} ${container} | ${maskKeys(text)}`));
      },
      onWarning: (text) => progress.log(progress.paint('33', text)),
      onEvent: (text) => {
        lastEvent = text;
        if (ready) progress.log(text);
      },
      onTargets: () => edge?.refresh(),
      healthOf: (target) =>
        edge
          ?.targetHealth()
          .find(
            ({ targetGroupArn, id, port }) =>
              targetGroupArn === target.targetGroupArn && id === target.id && port === target.port,
          )?.state ?? 'initial',
    });
    edge = await startEdge({
      aws: emulator.aws,
      stackNames,
      httpPort: options.httpPort,
      httpsPort: options.httpsPort,
      caDirectory: join(stateDirectory, 'ca'),
      certificateKeys: emulator.certificateKeys,
      wafDelay: options.wafDelay,
      onRequest: (line) => requests.request(line),
    }).catch(async (error: unknown) => {
      await tasks.stop();
      throw error;
    });
    const opened = edge;
    // In reverse: the edge ends first, while the tasks still answer what is in flight.
    stops.push(
      () => tasks.stop(),
      () => opened.stop(),
    );

    const stack = stackOf(deployment);
    const state: RunningState = {
      pid: process.pid,
      endpoint: emulator.aws.endpoint,
      region: emulator.aws.region,
      accountId: emulator.aws.accountId,
      accessKeyId: emulator.aws.env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: emulator.aws.env.AWS_SECRET_ACCESS_KEY ?? '',
      stack,
      http: opened.http,
      https: opened.https,
      ca: opened.ca,
    };
    writeRunning(stateDirectory, state);
    const [, { key }] = await together(
      stop,
      (signal) =>
        progress.step('healthy targets', (update) =>
          healthy(tasks, opened, (detail) => update(detail || lastEvent), signal),
        ),
      (signal) => progress.step('demo key', () => makeDemoKey(stateDirectory, signal)),
    );
    stop.throwIfAborted();

    ready = true;
    progress.log(
      readyText({
        http: state.http,
        https: state.https,
        ca: state.ca,
        // In JSON mode the key goes to standard output alone, where the caller expects a secret.
        key: options.json ? 'in the line of JSON' : key,
        stateDirectory,
        served: servedReport(deployment.stacks),
        notEmulated: opened.notEmulated,
        paint: progress.paint,
      }).concat(`\n${progress.paint('2', `(ready after ${seconds(Date.now() - began)})`)}`),
    );
    if (options.json) {
      const { http, https, ca, pid } = state;
      process.stdout.write(`${JSON.stringify({ http, https, ca, key, stack, awsEndpoint: state.endpoint, pid })}\n`);
    }
    await Promise.race([
      until(stop, new Promise<never>(() => {})),
      emulator.died.then(() => {
        throw new Problem(`The emulated AWS ended unexpectedly: see ${join(stateDirectory, 'emulator/emulator.log')}.`);
      }),
    ]);
  } finally {
    await progress.step('stopping', async () => {
      for (const end of stops.reverse()) {
        await Promise.resolve(end()).catch((error: unknown) =>
          progress.log(`While stopping: ${error instanceof Error ? error.message : error}`),
        );
      }
    });
    progress.close();
  }
}

/** `work`, or the reason to stop as soon as there is one. */
function until<T>(stop: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(stop.reason);
    if (stop.aborted) onAbort();
    stop.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => stop.removeEventListener('abort', onAbort));
  });
}

/** Waits until every service runs as many tasks as it should, and every target passes its health check. */
async function healthy(tasks: Tasks, edge: Edge, update: (detail: string) => void, stop: AbortSignal): Promise<void> {
  const deadline = Date.now() + HEALTHY_WITHIN;
  let targets: readonly TargetHealth[] = [];
  while (Date.now() < deadline) {
    if (tasks.cannotRun !== undefined) throw new Problem(tasks.cannotRun);
    const services = tasks.services();
    targets = edge.targetHealth();
    const sick = targets.filter(({ state }) => state !== 'healthy' && state !== 'unused');
    if (
      services.length > 0 &&
      services.every(({ running, desired }) => running >= desired) &&
      targets.length > 0 &&
      sick.length === 0
    )
      return;
    update(sick[0] ? `${targets.length - sick.length} of ${targets.length}; ${sick[0].description}` : '');
    await sleep(100, undefined, { signal: stop });
  }
  const reasons = targets
    .map(({ id, port, state, description }) => `\n  ${id}:${port} is ${state}: ${description}`)
    .join('');
  throw new Problem(
    `The service was not healthy after ${HEALTHY_WITHIN / 1000} s; run again with --logs to see its containers.${reasons || ' No task was registered.'}`,
  );
}

/** The stack that the command line works on: the one with a key table, or the first. */
function stackOf({ stacks }: Deployment): string {
  const found =
    stacks.find(({ outputs }) => Object.keys(outputs).some((name) => name.startsWith('KeyTableName'))) ?? stacks[0];
  if (!found) throw new Problem('The CDK app has no stack.');
  return found.name;
}
