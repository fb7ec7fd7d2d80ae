import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONFIG_KEYS } from '../../bin/config-keys';
import { withConfigTable } from '../../bin/config-table';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

describe('docs/configuration.md', () => {
  it('has the table that `npm run docs` makes, with one row for every key', () => {
    expect(withConfigTable(page)).toBe(page);
    for (const name of Object.keys(CONFIG_KEYS)) expect(page).toContain(`| \`${name}\` | `);
  });
});
