/** One instruction of a Dockerfile. */
export interface Instruction {
  /** The line it begins on, from 1. */
  readonly line: number;
  /** Upper case. */
  readonly name: string;
  readonly rest: string;
}

/** The instructions of a Dockerfile: comments and empty lines dropped, continued lines joined. */
export function readInstructions(text: string): Instruction[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const escapeCharacter = /^#\s*escape\s*=\s*`/im.test(lines[0] ?? '') ? '`' : '\\';
  const instructions: Instruction[] = [];
  let pending = '';
  let start = 0;
  lines.forEach((raw, index) => {
    const trimmed = raw.trim();
    if (trimmed.startsWith('#') || trimmed === '') return;
    if (pending === '') start = index + 1;
    if (trimmed.endsWith(escapeCharacter)) {
      pending += `${trimmed.slice(0, -1)} `;
      return;
    }
    const whole = (pending + trimmed).trim();
    const [name = ''] = /^\S+/.exec(whole) ?? [];
    instructions.push({ line: start, name: name.toUpperCase(), rest: whole.slice(name.length).trim() });
    pending = '';
  });
  return instructions;
}

/** `$NAME`, `${NAME}` and `${NAME:-default}` by the Dockerfile's own variables; `\$` stays a dollar. */
export function expandVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(
    /\\\$|\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})/g,
    (all, plain?: string, braced?: string, fallback?: string) => {
      if (all === '\\$') return '$';
      return variables[plain ?? braced ?? ''] || (fallback ?? '');
    },
  );
}

/** Words of an instruction, with quotes as a shell reads them: `A=b "C=d e"`. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < text.length; i += 1) {
    const character = text.charAt(i);
    if (quote !== '') {
      if (character === quote) quote = '';
      else if (character === '\\' && quote === '"' && /["\\]/.test(text.charAt(i + 1))) word += text.charAt(++i);
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === '\\' && i + 1 < text.length) {
      word = (word ?? '') + (text.charAt(i + 1) === '$' ? '\\$' : text.charAt(i + 1));
      i += 1;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
