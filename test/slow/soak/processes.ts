import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

function master(directory: string): number {
  return Number(readFileSync(join(directory, 'nginx.pid'), 'utf8'));
}

export function signalMaster(directory: string, signal: NodeJS.Signals): void {
  process.kill(master(directory), signal);
}

/** nginx's workers together: how many, the memory that is theirs alone, and their open files. */
export function processes(directory: string): { workers: number; megabytes: number; files: number } {
  const parent = master(directory);
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ').filter(Boolean);
  let kilobytes = 0;
  let files = 0;
  for (const child of children) {
    try {
      const status = readFileSync(`/proc/${child}/status`, 'utf8');
      // Shared memory is counted by none: it is as large as it was told to be.
      kilobytes += Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0);
      for (const file of readdirSync(`/proc/${child}/fd`)) {
        if (readlinkSync(`/proc/${child}/fd/${file}`).startsWith('socket:')) files++;
      }
    } catch {
      // It has just ended.
    }
  }
  return { workers: children.length, megabytes: kilobytes / 1024, files };
}
