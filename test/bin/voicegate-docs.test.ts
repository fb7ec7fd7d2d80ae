import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONFIG_KEYS } from '../../bin/config-keys';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const [settings = ''] = page.split('## Outputs');

describe('docs/configuration.md', () => {
  it('has one row for every key, with what the app itself says about it', () => {
    const rows = Object.entries(CONFIG_KEYS).map(
      ([name, { meaning, allowed, default: fallback }]) => `| \`${name}\` | ${meaning} | ${allowed} | ${fallback} |`,
    );
    expect(settings.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
  });
});
