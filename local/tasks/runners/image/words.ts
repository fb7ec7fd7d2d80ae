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

/** One command of a shell script. */
export interface Command {
  readonly words: readonly string[];
  /** Whether it is nothing but words: no pipe, redirection, substitution or background. */
  readonly plain: boolean;
}

/** The commands of a script that follow one another by `&&`, `;` or a line of their own, as far as words go. */
export function splitCommands(script: string): Command[] {
  const commands: Command[] = [];
  let text = '';
  let plain = true;
  let quote = '';
  const end = (): void => {
    const words = splitWords(text);
    if (words.length > 0 || !plain) commands.push({ words, plain });
    text = '';
    plain = true;
  };
  for (let i = 0; i < script.length; i += 1) {
    const character = script.charAt(i);
    const next = script.charAt(i + 1);
    if (quote !== "'" && (character === '`' || (character === '$' && next === '('))) plain = false;
    if (character === '\\' && quote !== "'") {
      text += character + next;
      i += 1;
    } else if (quote !== '') {
      if (character === quote) quote = '';
      text += character;
    } else if (character === ';' || character === '\n') {
      end();
    } else if (character === '&' && next === '&') {
      end();
      i += 1;
    } else {
      if (character === '"' || character === "'") quote = character;
      if ('|<>&'.includes(character)) plain = false;
      text += character;
    }
  }
  end();
  return commands;
}
