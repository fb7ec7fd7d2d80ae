import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The given processes and all below them, of those that exist. */
export function processTree(roots: readonly number[], parents: ReadonlyMap<number, number>): number[] {
  const found = roots.filter((pid) => parents.has(pid));
  for (let i = 0; i < found.length; i += 1) {
    for (const [pid, parent] of parents) if (parent === found[i]) found.push(pid);
  }
  return found;
}

/** The parent of every process of this machine. Zombies, which only wait for their exit code to be read, do not count. */
export function readParents(): ReadonlyMap<number, number> {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

function fromProc(): ReadonlyMap<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // After the name in brackets, which may hold anything: state, parent.
      const [state, parent] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
      if (state !== 'Z') parents.set(Number(name), Number(parent));
    } catch {
      // It has just ended.
    }
  }
  return parents;
}

function fromPs(): ReadonlyMap<number, number> {
  const rows = execFileSync('ps', ['-axo', 'pid=,ppid=,stat='], { encoding: 'utf8', timeout: 5000 }).trim().split('\n');
  return new Map(
    rows
      .map((row) => row.trim().split(/\s+/))
      .filter(([, , state]) => !state?.startsWith('Z'))
      .map(([pid, parent]) => [Number(pid), Number(parent)]),
  );
}
