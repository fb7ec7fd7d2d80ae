import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Files below a folder that hold the text. */
export async function filesWith(needle: string, folder: string): Promise<readonly string[]> {
  const { stdout, stderr, status, error } = spawnSync('grep', ['-rlaF', needle, folder], {
    encoding: 'utf8',
    maxBuffer: 100e6,
  });
  // 1: nothing was found; 2: grep itself failed. A task's folder may go while it is read.
  const failures = stderr.split('\n').filter((line) => line !== '' && !line.endsWith('No such file or directory'));
  if (error || status === null || failures.length > 0) throw error ?? new Error(`grep: ${stderr}`);
  return stdout.split('\n').filter(Boolean);
}

/** Command lines of running processes that hold the text. */
export async function processesWith(needle: string): Promise<readonly string[]> {
  const lines = process.platform === 'linux' ? fromProc() : (await run('ps', ['-eo', 'args'])).stdout.split('\n');
  return lines.filter((line) => line.includes(needle));
}

function fromProc(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        // It has just ended.
        return '';
      }
    });
}
