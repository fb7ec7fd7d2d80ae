import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CONFIG_KEYS } from '../../bin/config-keys';
import { run } from '../../bin/program';
import type { Terminal } from '../../bin/terminal';
import { parseOptions } from '../../local/launch/options.mjs';
import { codeBlocks, root } from './code-blocks';

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
/** Programs of others, which a reader has or installs. */
const OTHERS = new Set(['curl', 'docker', 'aws', 'pip', 'python3', 'cd', 'export', 'echo', 'buildah', 'vitest', 'git']);

/** Command lines of the pages: of `console` blocks only what stands behind the prompt, or all if none has one. */
const lines = codeBlocks().flatMap(({ where, language, text }) => {
  if (language !== 'sh' && language !== 'console') return [];
  const all = text.replaceAll('\\\n', ' ').split('\n');
  const prompted = all.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2));
  return (prompted.length > 0 ? prompted : all)
    .map((line) => line.replace(/\s+# .*$|^#.*$/, '').trim())
    .filter((line) => line !== '')
    .flatMap((line) => line.split(/ && | \| /))
    .map((line) => ({ where, line }));
});

/** Words of a command line without its environment; quotes hold words together. */
function words(line: string): readonly string[] {
  const all = [...line.matchAll(/(?:"[^"]*"|'[^']*'|\S)+/g)].map(([word]) => word.replace(/^(["'])(.*)\1$/, '$2'));
  return all.slice(all.findIndex((word) => !/^[A-Z_]+=/.test(word)));
}

/** What is wrong with a command line, if something is. */
async function complaint(all: readonly string[]): Promise<string | undefined> {
  const [program = '', ...args] = all;
  if (program === 'npx') return args[0] === 'cdk' ? cdk(args.slice(2)) : complaint(args);
  if (program === 'cdk') return cdk(args.slice(1));
  if (program === 'voicegate') return voicegate(args);
  if (program === 'npm') return npm(args);
  if (program === 'node' || program === 'tsx') {
    const [file = ''] = args;
    return existsSync(join(root, file)) ? undefined : `there is no ${file}`;
  }
  return OTHERS.has(program) ? undefined : `"${program}" is no program that this project names`;
}

function npm([verb = '', ...args]: readonly string[]): string | undefined {
  if (['ci', 'install', 'pack'].includes(verb)) return undefined;
  const script = verb === 'run' ? (args[0] ?? '') : verb;
  if (scripts[script] === undefined) return `package.json has no script "${script}"`;
  if (script !== 'start') return undefined;
  try {
    parseOptions(args.slice(1), {});
    return undefined;
  } catch (error) {
    return String(error);
  }
}

function cdk(args: readonly string[]): string | undefined {
  const keys = args.flatMap((word, index) => (word === '-c' ? [String(args[index + 1]).split('=')[0] ?? ''] : []));
  const unknown = keys.filter((key) => !(key in CONFIG_KEYS));
  return unknown.length > 0 ? `the app has no setting ${unknown.join(', ')}` : undefined;
}

/** Every command and flag stands in the command's own help; values are the reader's. */
async function voicegate(args: readonly string[]): Promise<string | undefined> {
  const first = args.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
  const command = args.slice(0, first < 0 ? undefined : first);
  let help = '';
  const terminal = { out: (text: string) => (help += text), tell: () => {} } as unknown as Terminal;
  await run([...command, '--help'], terminal);
  if (
    !help.startsWith(`Usage: voicegate ${command.join(' ')} [options]`) ||
    /\[command\]/.test(help.split('\n')[0] ?? '')
  ) {
    return `"${command.join(' ')}" is no command`;
  }
  const wrong = args
    .filter((word) => /^--?[a-z]/.test(word))
    .map((word) => word.split('=')[0] ?? '')
    .filter((flag) => !new RegExp(`(^|[ ,])${flag}(?![\\w-])`, 'm').test(help));
  return wrong.length > 0 ? `${command.join(' ')} has no ${wrong.join(', ')}` : undefined;
}

describe('the commands of README and docs', () => {
  it('are there', () => expect(lines.length).toBeGreaterThan(5));

  it.each(lines)('name what exists: $where $line', async ({ line }) => {
    expect(await complaint(words(line))).toBeUndefined();
  });

  it('are refused when they name what does not exist', async () => {
    for (const line of [
      'npm run nothing',
      'npm start -- --nothing',
      'npx cdk deploy -c nothing=1',
      'voicegate keys nothing',
      'voicegate keys create --nothing',
      'node nothing.mjs',
      'nothing',
    ])
      expect(await complaint(words(line)), line).toBeDefined();
  });
});
