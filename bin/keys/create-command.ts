import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { formatApiKey, generateApiKey } from '../../contract/api-key';
import { SYNTHESIS_SCOPE } from '../../contract/names';
import { type CommonOptions, type KeysContext, readPrefix, withTarget } from './context';
import { createRecord, type KeyTerms } from './life-cycle';
import { readTerms, type TermOptions, withTerms } from './term-options';

interface CreateOptions extends CommonOptions, TermOptions {
  readonly prefix?: string;
}

const NO_PLAN =
  "Without a plan the service's own limits hold: 10 requests for speech a minute unless it was set otherwise. More: --rate 60 --burst 10.\n";

export function addCreateCommand(keys: Command, context: KeysContext): void {
  const create = keys.command('create').description('make a key; it is shown once and kept nowhere');
  withTerms(withTarget(create).requiredOption('--owner <text>', 'who holds it; sent to the app as the principal'))
    .option('--prefix <text>', "beginning of the key (default: the stack's)")
    .action(async (options: CreateOptions) => {
      const now = context.now();
      const given = { label: '', scope: [SYNTHESIS_SCOPE], ...options };
      const terms = Object.fromEntries(Object.entries(readTerms(given, now)).filter(([, value]) => value !== null));
      const target = await context.open(options);
      const key = generateApiKey(randomBytes, readPrefix(options.prefix, target));
      // The required option and the two defaults make these terms complete.
      const record = createRecord(key, terms as unknown as KeyTerms, now);
      await target.table.create(record);
      context.printNewKey(options, formatApiKey(key), record);
      if (record.plan === undefined && !options.json) context.terminal.tell(NO_PLAN);
    });
}
