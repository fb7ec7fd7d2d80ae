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

/** Every page that users read, as a path from the project's folder, in both languages. */
export function pages(): readonly string[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  return ['README.md', 'README.zh-CN.md', 'CONTRIBUTING.md', ...docs.sort(), 'examples/README.md'];
}

/** Every code block of the pages. */
export function codeBlocks(): readonly CodeBlock[] {
  return pages().flatMap(blocksOf);
}

/** Every code block of one page. */
export function blocksOf(page: string): readonly CodeBlock[] {
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
