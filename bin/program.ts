import addCompletion from '@bomb.sh/tab/commander';
import { Command, CommanderError } from 'commander';
import { maskWholeKeys } from '../contract/mask';
import { version } from '../package.json';
import { explainAwsError } from './aws-target';
import { addCertificateCommands } from './certificate/commands';
import { CommandError, EXIT } from './command-error';
import { addDoctorCommand } from './doctor/command';
import { addKeysCommands } from './keys/commands';
import { addWhoamiCommand } from './keys/whoami-command';
import { addLogsCommand } from './logs/command';
import type { Terminal } from './terminal';
import { addUsageCommand } from './usage/command';

/** Runs one command line (without `node` and the program's name) and returns its exit code. */
export async function run(args: readonly string[], given: Terminal): Promise<number> {
  // Whoever mistypes a command may have given the key itself.
  const terminal = { ...given, tell: (text: string) => given.tell(maskWholeKeys(text)) };
  const program = new Command('voicegate')
    .description('API keys of Voicegate, what was done with them, and its certificate')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(add --help for what is allowed)')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 no such key, table, stack, certificate or local cloud.',
    )
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.tell });
  addKeysCommands(program, terminal);
  addUsageCommand(program, terminal);
  addCertificateCommands(program, terminal);
  addDoctorCommand(program, terminal);
  addWhoamiCommand(program, terminal);
  addLogsCommand(program, terminal);
  addCompletion(program, { completionCommandName: 'completion' });
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Commander has printed its own message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    // A reader that has seen enough, such as `head`, is no error.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return EXIT.ok;
    const explained = explainAwsError(error);
    terminal.tell(`voicegate: ${explained instanceof Error ? explained.message : String(explained)}\n`);
    return explained instanceof CommandError ? explained.exitCode : EXIT.failure;
  }
}
