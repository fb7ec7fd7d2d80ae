import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diskFull } from '../../local/launch/problem.mjs';
import { commandLine } from './cli';

/** Linux's device on which there is never any space. */
const FULL = '/dev/full';

describe('a full disk', () => {
  const cli = commandLine();

  it('is told as that by the command line, without a stack', async () => {
    const command = `exec "${process.execPath}" "${cli.file}" keys --help > ${FULL}`;
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile('sh', ['-c', command], (error, _, told) => resolve({ code: error?.code, stderr: told }));
    });
    expect(stderr).toBe(
      'voicegate: the disk is full: what was to be printed is not whole; free some space and run it again\n',
    );
    expect(code).toBe(1);
  });

  it('is told as that by the local cloud, also where another program said it', () => {
    let thrown: unknown;
    try {
      writeFileSync(FULL, 'x');
    } catch (error) {
      thrown = error;
    }
    expect(diskFull(new Error('deploying', { cause: thrown }))).toMatch(/^The disk is full: .*--state-dir/);
    expect(diskFull(new Error('pip: OSError: [Errno 28] No space left on device'))).toContain('The disk is full');
    expect(diskFull(new Error('no such file'))).toBeUndefined();
  });
});
