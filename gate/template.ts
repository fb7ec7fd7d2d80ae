/** Files of `container/`, filled in. A placeholder is `@NAME@`; as a comment of its own it stands for whole lines. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Filled in by the init container, from its environment. */
const LEFT: readonly string[] = [
  ...['MODULES', 'LISTEN', 'HEALTH_LISTEN', 'UPSTREAM', 'RESOLVER', 'FETCH_TRUST', 'PROXY_TRUST'],
];

export type Values = Readonly<Record<string, string | number | readonly string[]>>;

/** @throws Error when the file has a placeholder that nobody fills in. */
export function filled(file: string, values: Values = {}): string {
  const text = readFileSync(join(__dirname, 'container', file), 'utf8');
  const block = (_: string, indent: string, name: string) => {
    const lines = values[name];
    if (lines === undefined && LEFT.includes(name)) return `${indent}# @${name}@\n`;
    return [known(file, name, lines)]
      .flat()
      .map((line) => (line === '' ? '\n' : `${indent}${line}\n`))
      .join('');
  };
  return text
    .replace(/^( *)# @([A-Z0-9_]+)@\n/gm, block)
    .replace(/@([A-Z0-9_]+)@/g, (placeholder, name: string) =>
      LEFT.includes(name) ? placeholder : String(known(file, name, values[name])),
    );
}

/** The same as lines, to stand in another file. */
export function linesOf(file: string, values: Values = {}): readonly string[] {
  return withoutComments(filled(file, values)).trimEnd().split('\n');
}

/** Why something is as it is can be read in the files: a task definition has no room for it. */
export function withoutComments(text: string): string {
  return text.replace(/^ *#(?! @).*\n/gm, '');
}

function known(file: string, name: string, value: Values[string] | undefined): Exclude<Values[string], undefined> {
  if (value === undefined) throw new Error(`gate/container/${file}: nothing is known for @${name}@`);
  return value;
}
