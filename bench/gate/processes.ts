/** Processes of a benchmark: started in groups of their own, ended by their ids, their CPU time read from /proc. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { freePort } from '../../test/support/free-port';

/** A stack that cannot run here; the message is a whole sentence. */
export class Missing extends Error {}

export interface Started {
  /** Id of the process group, which is that of its first process. */
  readonly group: number;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();

// However the benchmark ends, what it started ends too.
process.on('exit', () => {
  for (const child of running) killGroup(child, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Ports of the loopback interface that are open once it is ready. */
  readonly ports: readonly number[];
}

/** Starts a server and waits, at most 20 s, until it listens. @throws Error with the end of what it said. */
export async function startServer({ command, args, env, cwd, ports }: Program): Promise<Started> {
  const child = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  let said = '';
  child.stderr?.on('data', (data) => {
    said = (said + data).slice(-2000);
  });
  let ended: string | undefined;
  const exit = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      ended = error.message;
      resolve();
    });
    child.once('exit', (code, signal) => {
      ended = `ended with ${code ?? signal}`;
      resolve();
    });
  });
  const stop = async () => {
    killGroup(child, 'SIGTERM');
    const timer = setTimeout(() => killGroup(child, 'SIGKILL'), 2000);
    await exit;
    clearTimeout(timer);
    killGroup(child, 'SIGKILL');
    running.delete(child);
  };
  const deadline = Date.now() + 20_000;
  for (const port of ports) {
    while (!(await accepts(port))) {
      if (ended !== undefined || Date.now() > deadline) {
        await stop();
        throw new Error(`${command} ${ended ?? `does not listen on port ${port}`}: ${said.trim()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
  return { group: child.pid ?? 0, stop };
}

/** Runs a program to its end. @throws Error when it fails or takes longer than `timeout` milliseconds. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string; readonly timeout: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const { timeout, ...rest } = options;
    const child = spawn(command, args, { ...rest, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    let errors = '';
    const timer = setTimeout(() => killGroup(child, 'SIGKILL'), timeout);
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.stderr.on('data', (data) => {
      errors = (errors + data).slice(-2000);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ended with ${code ?? signal}: ${errors.trim() || output.slice(-500)}`));
    });
  });
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nothing of it is left.
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(1000, () => socket.destroy());
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/** So many ports of 127.0.0.1, all different. */
export function freePorts(count: number): Promise<readonly number[]> {
  return Promise.all(Array.from({ length: count }, freePort));
}

/** Seconds of CPU that the processes of a group have used; those that have ended are counted in their parents. */
export function cpuSeconds(group: number): number {
  let ticks = 0;
  for (const { fields } of processesOf(group)) for (const index of [11, 12, 13, 14]) ticks += Number(fields[index]);
  return ticks / 100;
}

/** Resident memory of a group in bytes; what its processes share is counted once. */
export function residentBytes(group: number): number {
  let kilobytes = 0;
  for (const { id } of processesOf(group)) {
    try {
      kilobytes += Number(/^Pss: *(\d+) kB$/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It has ended.
    }
  }
  if (kilobytes === 0) throw new Error(`no process of group ${group} tells how much memory it uses`);
  return kilobytes * 1024;
}

interface Process {
  readonly id: number;
  /** Those of /proc/PID/stat from its state on: the name before may hold anything. */
  readonly fields: readonly string[];
}

function processesOf(group: number): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return [{ id: Number(pid), fields: text.slice(text.lastIndexOf(')') + 2).split(' ') }];
      } catch {
        // It has ended.
        return [];
      }
    })
    .filter(({ fields }) => fields[2] === String(group));
}
