/** How the command line finds the local cloud that runs with a state folder. */

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningState } from './contracts.js';

/** In the state folder while the local cloud runs: a {@link RunningState}. */
export const RUNNING_FILE = 'running.json';

/** Appears whole or not at all: a reader never sees half a file. */
export function writeRunning(stateDirectory: string, state: RunningState): void {
  const file = join(stateDirectory, RUNNING_FILE);
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeRunning(stateDirectory: string): void {
  rmSync(join(stateDirectory, RUNNING_FILE), { force: true });
}

/** Undefined when nothing runs there, or when what ran there has died without removing its file. */
export function readRunningState(stateDirectory: string): RunningState | undefined {
  let text: string;
  try {
    text = readFileSync(join(stateDirectory, RUNNING_FILE), 'utf8');
  } catch {
    return undefined;
  }
  const state: unknown = parse(text);
  if (!isRunningState(state)) {
    throw new Error(`${join(stateDirectory, RUNNING_FILE)} is not what this version writes: restart the local cloud`);
  }
  return isAlive(state.pid) ? state : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRunningState(value: unknown): value is RunningState {
  if (typeof value !== 'object' || value === null) return false;
  const state = value as Readonly<Record<string, unknown>>;
  return (
    Number.isSafeInteger(state.pid) &&
    ['endpoint', 'region', 'accountId', 'accessKeyId', 'secretAccessKey', 'stack'].every(
      (name) => typeof state[name] === 'string',
    )
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
