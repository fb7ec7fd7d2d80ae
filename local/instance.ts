import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, startTime } from './launch/install-lock.mjs';
import { Problem } from './launch/problem.mjs';
import { removeRunning } from './running.js';

/** What `--fresh` forgets. The local CA stays: people may have told their browser to trust it. */
const STATE = ['emulator', 'cdk.out', 'cdk-home', 'tasks', 'deployed.json'];
const LEFTOVER_SECONDS = 12;

export interface Instance {
  /** Notes a process group to be ended by the next start if this one is killed. */
  remember(pid: number): void;
  release(): void;
}

/**
 * Makes this process the only one that uses the state folder, and ends what an earlier one, killed, may have left.
 * Each line of the pid file is `<pid> <start time>`: this process first, then the leaders of the groups that it started.
 */
export async function claimInstance(stateDirectory: string, options: { readonly fresh: boolean }): Promise<Instance> {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const file = join(stateDirectory, 'start.pid');
  const mine = identify(process.pid);
  for (;;) {
    try {
      writeFileSync(file, `${mine}\n`, { flag: 'wx', mode: 0o600 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const [owner, ...groups] = lines(file);
    if (owner !== undefined && isAlive(owner)) {
      throw new Problem(
        `A local cloud is already running with ${stateDirectory} (process ${Number.parseInt(owner, 10)}): stop it, or give another folder with --state-dir.`,
      );
    }
    await endLeftovers(groups);
    rmSync(file, { force: true });
  }
  removeRunning(stateDirectory);
  if (options.fresh) for (const name of STATE) rmSync(join(stateDirectory, name), { recursive: true, force: true });
  return {
    remember: (pid) => writeFileSync(file, `${identify(pid)}\n`, { flag: 'a' }),
    release: () => {
      removeRunning(stateDirectory);
      if (lines(file)[0] === mine) rmSync(file, { force: true });
    },
  };
}

/** They end by themselves when their parent is gone, and first save what they hold: that gets its time. */
async function endLeftovers(groups: readonly string[]): Promise<void> {
  const deadline = Date.now() + LEFTOVER_SECONDS * 1000;
  while (groups.some(isAlive) && Date.now() < deadline) await sleep(100);
  for (const group of groups.filter(isAlive)) {
    try {
      process.kill(-Number.parseInt(group, 10), 'SIGKILL');
    } catch {
      // It ended just now.
    }
  }
}

function identify(pid: number): string {
  return `${pid} ${startTime(pid)}`;
}

function lines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
