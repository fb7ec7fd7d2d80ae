import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startTasks } from '../../../local/tasks/index.js';
import { describeWhere, NO_TOOLS } from '../../support/where.js';
import type { HostArguments } from './host.js';
import {
  type Cloud,
  eventually,
  isAlive,
  type Observed,
  runTasks,
  startCloud,
  toolsOrSkip,
  writeAssembly,
} from './support.js';
import { serviceTemplate } from './template.js';

const tools = await toolsOrSkip();

describeWhere(tools === undefined ? NO_TOOLS : undefined, 'when something goes wrong', () => {
  let cloud: Cloud;
  let observed: Observed | undefined;
  const given = () => {
    if (tools === undefined) throw new Error('skipped without tools');
    return tools;
  };
  const saw = (pattern: RegExp) =>
    eventually(() => observed?.events.some((event) => pattern.test(event)) ?? false, `${pattern}`);

  beforeAll(async () => {
    if (tools !== undefined) cloud = await startCloud(tools);
  });
  afterEach(async () => {
    await observed?.tasks.stop();
    observed = undefined;
  });
  afterAll(() => cloud?.stop());

  it('a failing init container fails the task with its last words, and the next tries wait longer', async () => {
    await cloud.deploy('Init', serviceTemplate({ init: 'echo "no bundle"; echo "found 0.9, need 1.0" >&2; exit 7' }));
    observed = await runTasks(cloud, given(), 'Init', () => 'initial');
    await saw(
      /task \w{8} \(\S+\) stopped: container init, for whose SUCCESS gate waits, exited with 7: .*found 0\.9, need 1\.0/,
    );
    await saw(/the next task starts in 1 s/);
    await saw(/the next task starts in 2 s/);
    expect(observed.lines.some(({ text }) => text === 'gate starts')).toBe(false);
    expect(observed.tasks.services()).toMatchObject([{ desired: 1, running: 0 }]);
  });

  it('an image that cannot be run here is said so, with what can', async () => {
    await cloud.deploy('Foreign', serviceTemplate({ appImage: 'ghcr.io/someone/speech:1' }));
    observed = await runTasks(cloud, given(), 'Foreign', () => 'initial');
    await saw(/container app: the image ghcr\.io\/someone\/speech:1 cannot be run locally.*-c image=<folder>/);
  });

  it('a Dockerfile that asks for more is said so, with its line', async () => {
    const assembly = join(cloud.directory, 'system-packages');
    writeAssembly(
      assembly,
      'FROM python:3.12\nRUN apt-get install -y no-such-codec\nCOPY . .\nRUN make voices\nCMD ["python", "app.py"]\n',
    );
    await cloud.deploy('Packages', serviceTemplate());
    observed = await runTasks(cloud, given(), 'Packages', () => 'initial', assembly);
    await saw(/Dockerfile, line 4: "RUN make voices" cannot be done without Docker: .* COPY it, or let the app do it/);
    expect(observed.tasks.cannotRun).toMatch(/^Dockerfile, line 4: /);
  });

  it('an app that listens elsewhere than it is asked is told so, with its port, within 20 s of its start', async () => {
    await cloud.deploy('Elsewhere', serviceTemplate({ appEnvironment: { PORT: '8880' } }));
    observed = await runTasks(cloud, given(), 'Elsewhere', () => 'initial');
    await saw(/ app started$/);
    const started = Date.now();
    await saw(/nothing answers on 127\.0\.0\.1:5000; app listens on 8880: say so with -c appPort=8880/);
    expect(Date.now() - started).toBeLessThan(20_000);
  });

  it('a package of the system that this machine lacks is told once, and the task runs', async () => {
    const assembly = join(cloud.directory, 'lacking');
    writeAssembly(
      assembly,
      'FROM python:3.12\nENV PYTHONUNBUFFERED=1\nRUN apt-get install -y no-such-codec\nWORKDIR /app\nCOPY . .\nCMD python /app/app.py\n',
    );
    await cloud.deploy('Lacking', serviceTemplate({ desiredCount: 2 }));
    observed = await runTasks(cloud, given(), 'Lacking', () => 'initial', assembly);
    await eventually(() => observed?.lines.filter(({ text }) => text.startsWith('app listens on 127.')).length === 2);
    expect(observed.events.filter((event) => event.includes('sudo apt-get install no-such-codec'))).toHaveLength(1);
    expect(observed.tasks.cannotRun).toBeUndefined();
  });

  it('a secret that does not exist is named', async () => {
    const secretArn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:gone-abc123';
    await cloud.deploy('Secret', serviceTemplate({ secretArn }));
    observed = await runTasks(cloud, given(), 'Secret', () => 'initial');
    await saw(/container app: secret PASSWORD \(arn:\S+gone-abc123\) could not be read/);
  });

  it('a stack that is not deployed is said so at the start', async () => {
    await expect(runTasks(cloud, given(), 'Nowhere', () => 'initial')).rejects.toThrow(
      /services of Nowhere could not be read .*is the stack deployed/s,
    );
  });

  it('a work directory that was hardly meant to be emptied is refused', async () => {
    const start = startTasks({
      aws: cloud.aws,
      stackNames: [],
      assemblyDirectory: cloud.assembly,
      workDirectory: process.cwd(),
      tools: given(),
      onLog: () => undefined,
      onWarning: () => undefined,
      onEvent: () => undefined,
      healthOf: () => 'unused',
    });
    await expect(start).rejects.toThrow('would be emptied');
  });

  it('a deleted service loses its tasks', async () => {
    await cloud.deploy('Deleted', serviceTemplate());
    observed = await runTasks(cloud, given(), 'Deleted', () => 'healthy');
    await saw(/running on 127\./);
    await cloud.destroy('Deleted');
    await saw(/stopped: the service was deleted/);
    await eventually(() => observed?.tasks.services().length === 0);
    expect(observed.tasks.pids()).toEqual([]);
  });

  it('nothing is left of the tasks when the process that runs them is killed', async () => {
    await cloud.deploy('Killed', serviceTemplate());
    const input: HostArguments = {
      aws: cloud.aws,
      tools: given(),
      stack: 'Killed',
      assembly: cloud.assembly,
      work: join(cloud.directory, 'work', 'Killed'),
    };
    const host = spawn(
      process.execPath,
      ['--import', 'tsx', join(import.meta.dirname, 'host.ts'), JSON.stringify(input)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    try {
      let pids: number[] = [];
      for await (const line of createInterface({ input: host.stdout })) {
        const now = JSON.parse(line) as { running: number; pids: number[] };
        pids = now.pids;
        // The shims of gate and app, nginx's two, Python and its child.
        if (now.running === 1 && pids.length >= 6) break;
      }
      expect(pids.every(isAlive)).toBe(true);
      host.kill('SIGKILL');
      await eventually(() => !pids.some(isAlive), 'every process gone');
    } finally {
      host.kill('SIGKILL');
    }
  });

  it('tasks keep running without the emulated AWS, and still stop at once', async () => {
    await cloud.deploy('Lost', serviceTemplate());
    observed = await runTasks(cloud, given(), 'Lost', () => 'healthy');
    await saw(/running on 127\./);
    await cloud.stopEmulator();
    await saw(/the emulated AWS does not answer; tasks keep running/);
    const [task] = observed.tasks.tasks();
    await eventually(async () => (await fetch(`http://${task?.address}:8080/`)).ok, 'an answer through nginx');
    const pids = observed.tasks.pids();
    await observed.tasks.stop();
    expect(pids.filter(isAlive)).toEqual([]);
  });
});
