import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../launch/prepare.mjs';

/**
 * How what a container binds as its own comes to its task's address: the kernel asks (`notification.py`), for every
 * program; or Python's start-up hook (`hook/sitecustomize.py`), for what Python itself binds.
 */
export type LoopbackWay = 'notification' | 'python-hook';

export interface OwnLoopback {
  readonly way: LoopbackWay;
  /** The task's. */
  readonly address: string;
  /** Folder in which the containers of the task note the ports on which they listen. */
  readonly notes: string;
}

export interface FoundWay {
  readonly way: LoopbackWay;
  /** For the person who watches, where not every program can be reached. */
  readonly warning?: string;
}

const HOOK = join(root, 'local/tasks/loopback/hook');
const SHIM = join(root, 'local/tasks/shim.py');
const PROBE_MILLISECONDS = 20_000;

/** Tries it: what kernel, container and machine allow cannot be told from their versions. */
export async function findLoopbackWay(python: string): Promise<FoundWay> {
  const answer = await promisify(execFile)(python, ['-I', '-S', SHIM, '--probe'], { timeout: PROBE_MILLISECONDS }).then(
    ({ stdout }) => stdout.trim(),
    (error: unknown) => (error as Error).message,
  );
  if (answer === 'yes') return { way: 'notification' };
  return {
    way: 'python-hook',
    warning:
      `an app that listens on 127.0.0.1 or 0.0.0.0 is reached here only if Python itself binds its sockets, as Flask, gunicorn, ` +
      `waitress and uvicorn do: the kernel offers no seccomp user notification (${answer}); other servers must listen on $HOST`,
  };
}

/** Prepares the folder of notes, with the ports that the task definition names. */
export async function prepareNotes(notes: string, address: string, ports: readonly number[]): Promise<void> {
  await mkdir(notes, { recursive: true });
  const packed = Buffer.from(address.split('.').map(Number)).toString('hex');
  for (const port of ports) await writeFile(join(notes, `4-${port}`), `${packed} ${port}`);
}

/** What starts the shim for it, and the environment that the container sees. */
export function withOwnLoopback(
  own: OwnLoopback | undefined,
  env: Readonly<Record<string, string>>,
): { readonly flags: readonly string[]; readonly env: Readonly<Record<string, string>> } {
  if (own === undefined) return { flags: [], env };
  if (own.way === 'notification') return { flags: ['--own-loopback', own.address, own.notes], env };
  return {
    flags: [],
    env: {
      ...env,
      PYTHONPATH: [HOOK, env.PYTHONPATH].filter(Boolean).join(delimiter),
      VOICEGATE_TASK_ADDRESS: own.address,
      VOICEGATE_TASK_PORTS: own.notes,
    },
  };
}
