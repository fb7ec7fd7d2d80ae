import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { root } from '../launch/prepare.mjs';
import { splitLines } from './line-splitter.js';
import { type OwnLoopback, withOwnLoopback } from './loopback/index.js';

const SHIM = join(root, 'local/tasks/shim.py');

/** What runs as a container's main process. */
export interface ProcessSpec {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Absent: what the container binds stays where it says. */
  readonly loopback?: OwnLoopback;
}

export interface ProcessOptions {
  /** Python ≥ 3.10 for the shim. */
  readonly python: string;
  readonly onLine: (text: string) => void;
}

/**
 * A main process and everything that it starts. Each has a shim of its own (see `shim.py`) which holds the other end of
 * a pipe: if this process disappears in whatever way, the pipe closes and the shim ends the whole tree. A parent-death
 * signal alone would reach the main process but not nginx's workers or a shell's children, and exists on Linux only.
 */
export class ContainerProcess {
  /** Of the shim: the root of the container's process tree. */
  readonly pid: number | undefined;
  /** The exit code, or 128 + the signal's number; settles when every process is gone and all output was read. */
  readonly exited: Promise<number>;
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;

  constructor(spec: ProcessSpec, options: ProcessOptions) {
    const { flags, env } = withOwnLoopback(spec.loopback, spec.env);
    this.child = spawn(options.python, ['-I', '-S', SHIM, ...flags, '--', ...spec.command], {
      cwd: spec.cwd,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      // Out of the terminal's process group: Ctrl-C is for us, the containers are stopped in order.
      detached: true,
    });
    this.pid = this.child.pid;
    this.child.stdin.on('error', () => {
      // The shim is gone: `exited` tells.
    });
    for (const stream of [this.child.stdout, this.child.stderr]) splitLines(stream, options.onLine);
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => {
        options.onLine(`cannot start ${spec.command[0] ?? ''}: ${error.message}`);
        resolve(127);
      });
      this.child.once('close', (code) => resolve(code ?? 137));
    });
  }

  /** Sends a signal to the main process; SIGKILL ends every process of the container. */
  signal(name: NodeJS.Signals): void {
    if (this.child.stdin.writable) this.child.stdin.write(`${name}\n`);
  }

  /** Asks with `stopSignal`, and ends everything after `seconds`. */
  async stop(stopSignal: NodeJS.Signals, seconds: number): Promise<number> {
    this.signal(stopSignal);
    const timer = setTimeout(() => this.signal('SIGKILL'), seconds * 1000);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }
}
