import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocksOf, pages, root } from './code-blocks';

/** Pages in Chinese, and the English ones that they follow. */
const TRANSLATED = pages()
  .filter((page) => page === 'README.zh-CN.md' || page.startsWith('docs/zh-CN/'))
  .map((chinese) => ({ chinese, english: chinese.replace('.zh-CN', '').replace('/zh-CN', '') }));

const linesOf = (page: string): readonly string[] => {
  const text = readFileSync(join(root, page), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  return text.split('\n');
};

/** The levels of the headings, in order. */
const headings = (page: string) => linesOf(page).flatMap((line) => /^#+(?= )/.exec(line)?.[0] ?? []);

/** Language and text of the code blocks, without comments and without what only explains. */
const code = (page: string) =>
  blocksOf(page).map(({ language, text }) => `${language}\n${text.replace(/ *(#|\/\/) .*$/gm, '').trimEnd()}`);

/** For each row of each table how many cells it has, and what of it is the same in every language: code and numbers. */
const tables = (page: string) =>
  linesOf(page)
    .filter((line) => line.startsWith('|'))
    .map((line) => {
      const cells = line.split(/(?<!\\)\|/).slice(1, -1);
      return [cells.length, ...(line.match(/`[^`]+`/g) ?? []), ...(/^\|\s*(\d{3})\s*\|/.exec(line)?.slice(1) ?? [])];
    });

/** Where its links lead: a link to a page that exists in Chinese leads to that one. */
const links = (page: string, from: string) =>
  [
    ...linesOf(page)
      .join('\n')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ]
    // A link to a section of the same page stays on the page.
    .map(([, target = '']) =>
      /^([a-z]+:|#)/.test(target) ? target.replace(/^#.*/, '#') : join(from, target).replace(/#.*/, ''),
    )
    .map((target) => TRANSLATED.find(({ chinese }) => chinese === target)?.english ?? target)
    .filter((target) => !/^README(\.zh-CN)?\.md$/.test(target))
    .sort();

describe.each(TRANSLATED)('$chinese', ({ chinese, english }) => {
  it('has the headings of the English page', () => {
    expect(headings(chinese)).toEqual(headings(english));
  });

  it('shows the same commands and code', () => {
    expect(code(chinese)).toEqual(code(english));
  });

  it('has the same tables, row by row', () => {
    expect(tables(chinese)).toEqual(tables(english));
  });

  it('leads to the same pages', () => {
    expect(links(chinese, join(chinese, '..'))).toEqual(links(english, join(english, '..')));
  });
});
