import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalAws, Running } from '../contracts.js';
import { lastLines } from '../launch/node-modules.mjs';
import { root } from '../launch/prepare.mjs';
import { Problem } from '../launch/problem.mjs';
import { reservePort } from '../reserved-port.js';
import { localAws, namingKey } from './aws.js';

const READY_WITHIN = 60_000;
const STOP_WITHIN = 10_000;

export interface Emulator extends Running {
  readonly aws: LocalAws;
  readonly pid: number;
  /** Folder with the private key of each imported certificate, readable by the user only: the edge shows them. */
  readonly certificateKeys: string;
  /** Resolves when the emulator ended without being asked to; its log tells why. */
  readonly died: Promise<void>;
}

export interface EmulatorOptions {
  /** Python of the toolchain. */
  readonly python: string;
  /** Keeps the state between starts: resources, items, objects, code. Readable by the user only. */
  readonly directory: string;
  readonly signal?: AbortSignal;
}

/** Starts the emulated AWS on a free loopback port, with the state that `directory` holds. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { python, directory, signal } = options;
  const temporary = join(directory, 'tmp');
  rmSync(temporary, { recursive: true, force: true });
  for (const folder of [directory, temporary]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Lambda's Node runtimes bring the AWS SDK; functions unpacked below this folder find it here.
  symlinkSync(join(root, 'node_modules'), join(temporary, 'node_modules'));

  const certificateKeys = join(directory, 'certificate-keys');
  const { port, release } = await reservePort();
  const aws = localAws(port);
  const logFile = join(directory, 'emulator.log');
  const log = openSync(logFile, 'w', 0o600);
  // Bytecode beside the environment, not in the source tree.
  const bytecode = ['-X', `pycache_prefix=${join(python, '../../../pycache')}`];
  const child = spawn(python, [...bytecode, '-s', join(root, 'local/emulator/emulator.py')], {
    cwd: directory,
    env: { ...environment(aws, port, directory, temporary), VOICEGATE_CERTIFICATE_KEYS: certificateKeys },
    // The pipe tells the emulator when this process is gone. A group of its own: Ctrl-C is for this process alone.
    stdio: ['pipe', log, log],
    detached: true,
  });
  closeSync(log);
  child.stdin?.on('error', () => {});
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const killGroup = (): void => kill(child, 'SIGKILL');
  process.once('exit', killGroup);

  let stopping = false;
  const stop = async (): Promise<void> => {
    stopping = true;
    child.stdin?.end();
    await Promise.race([exited, sleep(STOP_WITHIN, undefined, { ref: false })]);
    killGroup();
    await exited;
    process.removeListener('exit', killGroup);
    rmSync(temporary, { recursive: true, force: true });
  };
  try {
    await ready(aws, exited, logFile, signal);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    release();
  }
  const died = new Promise<void>((resolve) => {
    void exited.then(() => {
      if (!stopping) resolve();
    });
  });
  return { aws, pid: child.pid ?? 0, certificateKeys, died, stop };
}

function environment(aws: LocalAws, port: number, directory: string, temporary: string): NodeJS.ProcessEnv {
  return {
    ...aws.env,
    // The functions run by the Node that runs this.
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    LANG: 'C.UTF-8',
    HOME: directory,
    TMPDIR: temporary,
    NODE_PATH: join(root, 'node_modules'),
    GATEWAY_PORT: String(port),
    BIND_HOST: '127.0.0.1',
    MINISTACK_HOST: '127.0.0.1',
    MINISTACK_ACCOUNT_ID: aws.accountId,
    MINISTACK_REGION: aws.region,
    PERSIST_STATE: '1',
    STATE_DIR: join(directory, 'state'),
    S3_PERSIST: '1',
    S3_DATA_DIR: join(directory, 's3'),
    // Below warnings it writes what functions print.
    LOG_LEVEL: 'WARNING',
    LAMBDA_EXECUTOR: 'local',
    // Containers are run by local/tasks; a Docker that happens to be here is not touched.
    DOCKER_HOST: `unix://${join(directory, 'no-docker')}`,
    SFTP_ENABLED: '0',
    IOT_MTLS_ENABLED: '0',
  };
}

async function ready(aws: LocalAws, exited: Promise<void>, logFile: string, signal?: AbortSignal): Promise<void> {
  let gone = false;
  void exited.then(() => {
    gone = true;
  });
  const deadline = Date.now() + READY_WITHIN;
  while (Date.now() < deadline) {
    signal?.throwIfAborted();
    if (gone)
      throw new Problem(
        `The emulated AWS ended while it started; ${logFile} says${lastLines(readFileSync(logFile, 'utf8'))}`,
      );
    try {
      const response = await fetch(`${aws.endpoint}/_ministack/ready`, {
        headers: namingKey(aws, 'ministack'),
        signal: AbortSignal.timeout(2000),
      });
      await response.arrayBuffer();
      if (response.ok) return;
    } catch {
      // It does not listen yet.
    }
    await sleep(50);
  }
  throw new Problem(`The emulated AWS was not ready after ${READY_WITHIN / 1000} s: see ${logFile}.`);
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}
