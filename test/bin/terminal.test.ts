import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { CommandError, UsageError } from '../../bin/command-error';
import { confirm, type Terminal } from '../../bin/terminal';
import { commandLine } from './cli';

function terminalThatAnswers(answer: string | undefined): { readonly terminal: Terminal; readonly asked: string[] } {
  const asked: string[] = [];
  const terminal: Terminal = {
    out: () => undefined,
    tell: () => undefined,
    stream: () => process.stdout,
    interactive: answer !== undefined,
    ask: async (question) => {
      asked.push(question);
      return answer ?? '';
    },
    env: {},
    clock: () => 0,
  };
  return { terminal, asked };
}

describe('a confirmation', () => {
  it.each(['y', 'Y', 'yes', ' yes '])('is given by %j', async (answer) => {
    const { terminal, asked } = terminalThatAnswers(answer);
    await confirm(terminal, undefined, 'Really?');
    expect(asked).toEqual(['Really? [y/N] ']);
  });

  it.each(['', 'n', 'no', 'yep', 'j'])('is not given by %j', async (answer) => {
    const { terminal } = terminalThatAnswers(answer);
    await expect(confirm(terminal, undefined, 'Really?')).rejects.toThrow(new CommandError('nothing was done'));
  });

  it('is not asked for with --yes, and refused where nobody can be asked', async () => {
    const { terminal, asked } = terminalThatAnswers(undefined);
    await confirm(terminal, true, 'Really?');
    await expect(confirm(terminal, undefined, 'Really?')).rejects.toThrow(UsageError);
    expect(asked).toEqual([]);
  });
});

describe('shell completion', () => {
  const cli = commandLine();

  it('offers commands and options', async () => {
    const commands = await cli.spawn(['complete', '--', 'keys', 'r']);
    expect(commands.stdout).toMatch(/^revoke\t/m);
    expect(commands.stdout).toMatch(/^rotate\t/m);
    expect(commands.stdout).not.toMatch(/^list\t/m);
    expect((await cli.spawn(['complete', '--', 'keys', 'rotate', '--gr'])).stdout).toMatch(/^--grace\t/m);
  });

  it('has a script for bash, zsh, fish and PowerShell, and names them when another is asked for', async () => {
    for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
      expect((await cli.spawn(['completion', shell])).stdout).toContain('voicegate');
    }
    const { stdout } = await cli.spawn(['completion', 'bash']);
    expect(spawnSync('bash', ['-n'], { input: stdout, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    const other = await cli.spawn(['completion', 'tcsh']);
    expect(other.exitCode).toBe(2);
    expect(other.stderr).toContain('zsh, bash, fish, powershell');
  });
});
