import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Processes, other than this one, that have to do with a folder: in their arguments, environment, working directory or
 * open files. Linux only.
 */
export function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const line = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      const traces = [line, read(`/proc/${pid}/environ`), link(`/proc/${pid}/cwd`), ...openFiles(pid)];
      return traces.some((trace) => trace.includes(folder)) ? [`${pid} ${line}`] : [];
    });
}

/** Waits until no process has to do with the folder; returns those that still do. */
export async function gone(folder: string): Promise<readonly string[]> {
  const deadline = Date.now() + 15_000;
  while (processesOf(folder).length > 0 && Date.now() < deadline) await sleep(50);
  return processesOf(folder);
}

/** Files below a folder whose bytes hold the text. */
export function filesHolding(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}

function openFiles(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => link(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
