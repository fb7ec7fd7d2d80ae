import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Files below a folder that hold the text. */
export async function filesWith(needle: string, folder: string): Promise<readonly string[]> {
  try {
    const { stdout } = await run('grep', ['-rlaF', needle, folder]);
    return stdout.trim().split('\n');
  } catch (error) {
    // 1: nothing was found; 2: grep itself failed.
    if ((error as { code?: unknown }).code === 1) return [];
    throw error;
  }
}

/** Command lines of running processes that hold the text. */
export async function processesWith(needle: string): Promise<readonly string[]> {
  const { stdout } = await run('ps', ['-eo', 'args'], { maxBuffer: 100e6 });
  return stdout.split('\n').filter((line) => line.includes(needle));
}
