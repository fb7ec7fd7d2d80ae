import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while holding a lock file, so that two starts at once do not install into the same folder.
 * The lock of a process that is gone is taken over.
 */
export async function withLock(file, work, options = {}) {
  const { onWait = () => {}, signal, timeoutMs = 15 * 60_000 } = options;
  mkdirSync(dirname(file), { recursive: true });
  const me = `${process.pid} ${startTime(process.pid)}\n`;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      writeFileSync(file, me, { flag: 'wx', mode: 0o600 });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = read(file);
    if (holder !== undefined && !isAlive(holder)) {
      // Renaming is atomic: of several that wait, one takes the dead lock away.
      const grave = `${file}.${process.pid}`;
      try {
        renameSync(file, grave);
        rmSync(grave, { force: true });
      } catch {}
      continue;
    }
    signal?.throwIfAborted();
    if (Date.now() > deadline)
      throw new Error(
        `${file} has been held for ${timeoutMs / 60_000} minutes; remove it if nothing is being installed`,
      );
    onWait(Number.parseInt(holder ?? '0', 10));
    await sleep(200, undefined, { signal });
  }
  try {
    return await work();
  } finally {
    if (read(file) === me) rmSync(file, { force: true });
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether the process is there and, where the system tells, is the one that wrote this and not a later one of the same number. */
export function isAlive(written) {
  const [pid, started] = written.trim().split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  return started === undefined || started === '0' || started === startTime(Number(pid));
}

/** When a process began, in the kernel's ticks; `0` where there is no /proc. */
export function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
  } catch {
    return '0';
  }
}
