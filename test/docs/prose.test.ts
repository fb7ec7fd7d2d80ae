import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages, root } from './code-blocks';

const LONGEST_LINE = 120;
const PAGES = [...pages(), 'SECURITY.md', 'CHANGELOG.md'];
/** Pages of a subject, which begin with whom they are for. */
const SUBJECTS = PAGES.filter((page) => page.startsWith('docs/'));

/** Lines outside of code, numbered from 1. */
function proseOf(page: string): readonly { readonly number: number; readonly line: string }[] {
  let isCode = false;
  return readFileSync(join(root, page), 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      const isFence = line.trimStart().startsWith('```');
      if (isFence) isCode = !isCode;
      return isCode || isFence ? [] : [{ number: index + 1, line }];
    });
}

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');

const anchors = (page: string) =>
  proseOf(page).flatMap(({ line }) => (/^#+ /.test(line) ? [anchorOf(line.replace(/^#+ /, ''))] : []));

/** Links of a page that lead to a file or a section that is not there. */
function brokenLinks(page: string): readonly string[] {
  const text = proseOf(page)
    .map(({ line }) => line)
    .join('\n');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(page, '..', path);
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && !anchors(file).includes(anchor);
    });
}

/** Rows of tables, links and pictures may be longer: they cannot be broken. */
const mayBeLonger = (line: string) => line.startsWith('|') || /\]\([^)\s]{40,}\)/.test(line) || line.startsWith('![');

describe.each(PAGES)('%s', (page) => {
  it(`has no line of more than ${LONGEST_LINE} characters`, () => {
    const long = proseOf(page).filter(({ line }) => Array.from(line).length > LONGEST_LINE && !mayBeLonger(line));
    expect(long.map(({ number, line }) => `${page}:${number} ${line.slice(0, 40)}…`)).toEqual([]);
  });

  it('leads only to files and sections that exist', () => {
    expect(brokenLinks(page)).toEqual([]);
  });
});

describe.each(SUBJECTS)('%s', (page) => {
  it('begins with who it is for, and what they can do after it', () => {
    const opening = proseOf(page)
      .map(({ line }) => line)
      .join('\n')
      .split(/\n{2,}/)
      .map((paragraph) => paragraph.replaceAll('\n', ' ').trim())[1];
    expect(opening).toMatch(
      page.includes('zh-CN') ? /^本页写给.+。读完之后，?你.+。/ : /^This page is for .+\. After it you (can|know) .+\./,
    );
  });
});

describe('the translations', () => {
  it.each(['quick-start', 'your-image', 'certificates', 'keys', 'runbook'])('have a page %s', (subject) => {
    expect(existsSync(join(root, `docs/zh-CN/${subject}.md`))).toBe(true);
  });
});
