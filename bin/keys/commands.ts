/** `voicegate keys …`. Each action: read the options → call the table → print. */

import type { Command } from 'commander';
import type { Terminal } from '../terminal';
import { addBulkCommands } from './bulk-commands';
import { addChangeCommands } from './change-commands';
import { KeysContext } from './context';
import { addCreateCommand } from './create-command';
import { addLookCommands } from './look-commands';

/** Of those commands that have none of their own. */
const EXAMPLES: Readonly<Record<string, string>> = {
  create: 'voicegate keys create --stack Voicegate --owner acme --label website --scope tts:synthesize --expires 90d',
  show: 'voicegate keys show AbCdEfGhIjKl --stack Voicegate',
  update: 'voicegate keys update AbCdEfGhIjKl --stack Voicegate --rate 60',
  rotate: 'voicegate keys rotate AbCdEfGhIjKl --stack Voicegate --grace 24h',
  enable: 'voicegate keys enable AbCdEfGhIjKl --stack Voicegate',
  disable: 'voicegate keys disable AbCdEfGhIjKl --stack Voicegate',
  revoke: 'voicegate keys revoke AbCdEfGhIjKl --stack Voicegate',
  delete: 'voicegate keys delete AbCdEfGhIjKl --stack Voicegate',
  export: 'voicegate keys export --stack Voicegate --output keys.csv',
  import: 'voicegate keys import keys.csv --stack Voicegate',
};

export function addKeysCommands(program: Command, terminal: Terminal): void {
  const keys = program.command('keys').description('the API keys of a deployed stack, or of the running local cloud');
  const context = new KeysContext(terminal);
  addCreateCommand(keys, context);
  addLookCommands(keys, context);
  addChangeCommands(keys, context);
  addBulkCommands(keys, context);
  for (const command of keys.commands) {
    const example = EXAMPLES[command.name()];
    if (example !== undefined) command.addHelpText('after', `\nExample:\n  ${example}`);
  }
}
