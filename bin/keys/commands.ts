/** `voicegate keys …`. Each action: read the options → call the table → print. */

import type { Command } from 'commander';
import type { Terminal } from '../terminal';
import { addBulkCommands } from './bulk-commands';
import { addChangeCommands } from './change-commands';
import { KeysContext } from './context';
import { addCreateCommand } from './create-command';
import { addLookCommands } from './look-commands';

export function addKeysCommands(program: Command, terminal: Terminal): void {
  const keys = program.command('keys').description('the API keys of a deployed stack, or of the running local cloud');
  const context = new KeysContext(terminal);
  addCreateCommand(keys, context);
  addLookCommands(keys, context);
  addChangeCommands(keys, context);
  addBulkCommands(keys, context);
}
