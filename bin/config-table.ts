/** `npm run docs` writes the table of settings in docs/configuration.md from the settings themselves. */

import { readFileSync, writeFileSync } from 'node:fs';
import { CONFIG_KEYS } from './config-keys';

const HEAD = '| key | meaning | allowed | default |\n|---|---|---|---|\n';

/** The page with the rows of today. @throws Error where the page has no such table. */
export function withConfigTable(page: string): string {
  const start = page.indexOf(HEAD);
  if (start < 0) throw new Error('docs/configuration.md has no table that begins with "| key | meaning |"');
  const body = start + HEAD.length;
  const end = page.indexOf('\n\n', body) + 1;
  return page.slice(0, body) + rows() + page.slice(end);
}

function rows(): string {
  return Object.entries(CONFIG_KEYS)
    .map(
      ([name, { meaning, allowed, default: fallback }]) => `| \`${name}\` | ${meaning} | ${allowed} | ${fallback} |\n`,
    )
    .join('');
}

if (process.argv[1] === __filename) {
  const file = new URL('../docs/configuration.md', `file://${__filename}`);
  writeFileSync(file, withConfigTable(readFileSync(file, 'utf8')));
}
