/** One directive of an nginx configuration; blocks have their own directives inside. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly block?: readonly Directive[];
}

/** Reads a configuration, quotes and comments included. @throws Error when braces or quotes do not close. */
export function parseNginxConf(text: string): readonly Directive[] {
  const tokens = text.match(/#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|[^\s{};"']+/g) ?? [];
  let position = 0;
  const readBlock = (inside: boolean): readonly Directive[] => {
    const directives: Directive[] = [];
    let words: string[] = [];
    for (;;) {
      const token = tokens[position++];
      if (token === undefined || token === '}') {
        if (inside !== (token === '}') || words.length > 0) throw new Error(`the configuration ends amid: ${words}`);
        return directives;
      }
      if (token.startsWith('#')) continue;
      if (token === ';' || token === '{') {
        const [name = '', ...args] = words;
        words = [];
        directives.push(token === ';' ? { name, args } : { name, args, block: readBlock(true) });
      } else {
        words.push(token);
      }
    }
  };
  return readBlock(false);
}

/** Every directive with the blocks around it, outermost first. */
export function* walk(
  directives: readonly Directive[],
  around: readonly Directive[] = [],
): Generator<{ readonly directive: Directive; readonly around: readonly Directive[] }> {
  for (const directive of directives) {
    yield { directive, around };
    if (directive.block !== undefined) yield* walk(directive.block, [...around, directive]);
  }
}
