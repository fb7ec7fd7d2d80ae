import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../lib/shared/package-root';

export const root = packageRoot(__dirname);

/** A fenced block of a page. */
export interface CodeBlock {
  /** Page and line, as an editor takes it. */
  readonly where: string;
  /** What stands behind the opening fence. */
  readonly language: string;
  readonly text: string;
}

/** Every code block of the README, CONTRIBUTING.md, the docs and the examples' README. */
export function codeBlocks(): readonly CodeBlock[] {
  const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', 'CONTRIBUTING.md', ...docs.map((name) => `docs/${name}`), 'examples/README.md'].flatMap(
    blocksOf,
  );
}

function blocksOf(page: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { language: string; line: number; text: string[] } | undefined;
  for (const [index, line] of readFileSync(join(root, page), 'utf8').split('\n').entries()) {
    const language = /^```(\w*)/.exec(line)?.[1];
    if (language === undefined) open?.text.push(line);
    else if (open === undefined) open = { language, line: index + 2, text: [] };
    else {
      blocks.push({ where: `${page}:${open.line}`, language: open.language, text: open.text.join('\n') });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: the code block does not end`);
  return blocks;
}
