import { describe, expect, it } from 'vitest';
import { runCommand } from '../../local/launch/command.mjs';
import { createProgress } from '../../local/launch/progress.mjs';

describe('a command', () => {
  it('gives its output and its standard output alone, by lines', async () => {
    const lines: string[] = [];
    const result = await runCommand('sh', ['-c', 'echo one; echo two >&2; echo three; exit 3'], {
      onLine: (line) => lines.push(line),
    });
    expect(result.status).toBe(3);
    expect(result.stdout).toBe('one\nthree\n');
    expect(lines.sort()).toEqual(['one', 'three', 'two']);
  });

  it('is ended by its time limit and by the signal, also when it ignores being asked', async () => {
    const stubborn = ['-e', "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)"];
    const stop = new AbortController();
    const stopped = await runCommand(process.execPath, stubborn, { signal: stop.signal, onLine: () => stop.abort() });
    expect(stopped.status).toBeNull();
    const late = await runCommand(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 200 });
    expect(late.output).toContain('took longer than 0.2 s');
  });

  it('that does not exist says so', async () => {
    expect(await runCommand('/nothing/of/this/name', [])).toMatchObject({
      status: null,
      errorCode: 'ENOENT',
      output: expect.stringContaining('/nothing/of/this/name'),
    });
  });
});

describe('the progress', () => {
  const screen = (isTTY: boolean) => {
    const written: string[] = [];
    return { isTTY, columns: 60, write: (text: string) => written.push(text) > 0, text: () => written.join('') };
  };

  it('rewrites one line on a terminal, and leaves how long the step took', async () => {
    const stream = screen(true);
    const progress = createProgress({ stream: stream as never, env: {}, now: steps(0, 0, 4000) });
    await progress.step('cdk deploy', async (update) => {
      update('resource 3 of 9');
      await new Promise((resolve) => setTimeout(resolve, 250));
      progress.log('a line');
    });
    expect(stream.text()).toContain('\r\u001b[2K');
    expect(stream.text()).toContain('cdk deploy 4.0 s: resource 3 of 9');
    expect(stream.text()).toMatch(/✓.* cdk deploy .*4\.0 s/);
    expect(stream.text()).toContain('a line\n');
  });

  it('writes whole lines without any escape elsewhere, and no colour when NO_COLOR is set', async () => {
    const file = screen(false);
    const plain = createProgress({ stream: file as never, env: {}, now: steps(0, 0, 61_000) });
    await plain.step('pip install', () => new Promise((resolve) => setTimeout(resolve, 600)));
    expect(file.text()).not.toContain('\u001b');
    expect(
      file
        .text()
        .split('\n')
        .filter((line) => line === '  pip install 61 s'),
    ).toHaveLength(1);
    const terminal = createProgress({ stream: screen(true) as never, env: { NO_COLOR: '1' } });
    expect(terminal.paint('31', 'x')).toBe('x');
  });

  /** A clock that gives each time once, and the last for ever. */
  function steps(...times: readonly number[]): () => number {
    let index = 0;
    return () => times[Math.min(index++, times.length - 1)] ?? 0;
  }
});
