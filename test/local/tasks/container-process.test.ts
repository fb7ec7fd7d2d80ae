import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ContainerProcess } from '../../../local/tasks/container-process.js';
import { processTree, readParents } from '../../../local/tasks/process-tree.js';
import { eventually, isAlive } from './support.js';

function run(script: string) {
  const lines: string[] = [];
  const process = new ContainerProcess(
    { command: ['/bin/sh', '-c', script], env: { PATH: '/usr/bin:/bin' }, cwd: tmpdir() },
    { python: 'python3', onLine: (text) => lines.push(text) },
  );
  const said = (text: string) => eventually(() => lines.includes(text), `the line ${text}`);
  return { process, lines, said, tree: () => processTree([process.pid ?? 0], readParents()) };
}

describe('the process of a container', () => {
  it('tells its output line by line, also the last one without an end, and its exit code', async () => {
    const { process, lines } = run('echo one; echo two >&2; printf "drei 你好"; exit 4');
    expect(await process.exited).toBe(4);
    expect([...lines].sort()).toEqual(['drei 你好', 'one', 'two']);
  });

  it('gets the stop signal, and only the main process does', async () => {
    const { process, said, lines } = run(
      'trap "echo asked; exit 0" QUIT; (trap "echo child asked" QUIT; sleep 60) & echo ready; wait',
    );
    await said('ready');
    expect(await process.stop('SIGQUIT', 20)).toBe(0);
    expect(lines).toEqual(['ready', 'asked']);
  });

  it('is killed with all that it started when it does not stop in time', async () => {
    const { process, said, tree } = run(
      'trap "" TERM; setsid sleep 600 & sleep 601 & echo ready; sleep 602; sleep 603',
    );
    await said('ready');
    await eventually(() => tree().length >= 5);
    const pids = tree();
    expect(await process.stop('SIGTERM', 0.2)).toBe(137);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('takes daemons with it when it exits by itself', async () => {
    const { process, said, tree } = run(
      'setsid sh -c "sleep 600 & exit" & sleep 0.1; echo ready; read line; sleep 0.4',
    );
    await said('ready');
    const pids = tree();
    expect(pids.length).toBeGreaterThanOrEqual(3);
    expect(await process.exited).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('says what could not be started', async () => {
    const lines: string[] = [];
    const process = new ContainerProcess(
      { command: ['no-such-program'], env: { PATH: '/usr/bin' }, cwd: tmpdir() },
      { python: 'python3', onLine: (text) => lines.push(text) },
    );
    expect(await process.exited).toBe(127);
    expect(lines).toEqual(['cannot start no-such-program: No such file or directory']);
  });
});
